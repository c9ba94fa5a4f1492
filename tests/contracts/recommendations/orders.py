"""Orders that were confirmed, as the app of orders tells of them: through its outbox, and none of its other rows."""

from __future__ import annotations

from tests.support.platform import Platform

_TELL = """
import uuid
from monolith.kernel.money import Money
from monolith.orders.contract import Line, OrderConfirmed
from strangler.events import publish
from strangler.fence import owning
with owning("orders"):
    for skus in {orders!r}:
        lines = tuple(Line(sku=sku, qty=1) for sku in skus)
        order, who, total = uuid.uuid4(), uuid.uuid4(), Money(1, "USD")
        publish(OrderConfirmed(order_id=order, number=str(order)[:8], customer_id=who, lines=lines, total=total))
"""


def confirm(platform: Platform, *orders: tuple[str, ...]) -> None:
    """Tell of orders with these SKUs."""
    done = platform.manage("shell", "-v", "0", "-c", _TELL.format(orders=orders))
    assert done.returncode == 0, done.stderr
