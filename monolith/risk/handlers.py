"""What risk does about the events of others."""

from __future__ import annotations

from monolith.orders.contract import OrderConfirmed
from monolith.risk.services import activity
from strangler.events import Handler, Received


class Speed(Handler, to=(OrderConfirmed,)):
    """Counts what accounts have bought for good."""

    def apply(self, event: Received[OrderConfirmed], gathered: None) -> None:
        order = event.data
        activity.order_count(
            order_id=order.order_id, account=str(order.customer_id), amount=order.total, at=event.happened_at
        )
