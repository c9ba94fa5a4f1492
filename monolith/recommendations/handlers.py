"""What recommendations do about the events of others."""

from __future__ import annotations

from monolith.orders.contract import OrderConfirmed
from monolith.recommendations.services import order_note
from strangler.events import Handler, Received


class OrderWatch(Handler, to=(OrderConfirmed,)):
    """Keeps what was bought together; a cancelled order still says what somebody wanted."""

    def apply(self, event: Received[OrderConfirmed], gathered: None) -> None:
        skus = [line.sku for line in event.data.lines]
        order_note(order_id=event.data.order_id, skus=skus, at=event.happened_at)
