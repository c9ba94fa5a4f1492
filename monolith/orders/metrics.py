"""What orders count beside requests."""

from __future__ import annotations

from prometheus_client import Counter

orders = Counter("orders_total", "Orders that came to a status; `pending` are those that were placed", ["status"])
saga_steps = Counter("saga_steps_total", "Steps of sagas that ended", ["step", "direction", "outcome"])
