"""What the notifications count beside requests."""

from __future__ import annotations

from prometheus_client import Counter

deliveries = Counter("notifications_deliveries_total", "Deliveries that came to an end", ["status"])
