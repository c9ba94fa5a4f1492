"""What the inventory counts beside requests."""

from __future__ import annotations

from prometheus_client import Counter

oversell_prevented = Counter(
    "oversell_prevented_total", "Reservations that were refused because there was not enough in stock"
)
