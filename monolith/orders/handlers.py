"""What orders do about the events of others: the saga looks again, and goods arrive or come back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from monolith.inventory.contract import ReservationLapsed
from monolith.orders.saga import engine
from monolith.orders.services import orders
from monolith.payments.contract import (
    PaymentActionRequired,
    PaymentAuthorized,
    PaymentCanceled,
    PaymentCaptured,
    PaymentFailed,
    PaymentRefunded,
    PaymentRefundFailed,
)
from monolith.shipping.contract import (
    ShipmentCancelled,
    ShipmentDelivered,
    ShipmentException,
    ShipmentInTransit,
    ShipmentLabelPurchased,
    ShipmentOutForDelivery,
    ShipmentReturned,
)
from strangler.events import Handler, Received


class News(
    Handler,
    to=(
        ReservationLapsed,
        PaymentActionRequired,
        PaymentAuthorized,
        PaymentCaptured,
        PaymentFailed,
        PaymentCanceled,
        PaymentRefunded,
        PaymentRefundFailed,
        ShipmentLabelPurchased,
        ShipmentInTransit,
        ShipmentOutForDelivery,
        ShipmentException,
        ShipmentCancelled,
    ),
):
    """Wakes the saga, which asks how things are: what an event says may be old, and may come in any order."""

    def apply(self, event: Received[Any], gathered: None) -> None:
        engine.wake(event.data.order_id)


class Arrival(Handler, to=(ShipmentDelivered,)):
    """An order has arrived."""

    def apply(self, event: Received[ShipmentDelivered], gathered: None) -> None:
        orders.order_arrived(order_id=event.data.order_id, at=event.data.at, event_id=_id(event))


class ComingBack(Handler, to=(ShipmentReturned,)):
    """Goods are back."""

    def apply(self, event: Received[ShipmentReturned], gathered: None) -> None:
        lines = [(line.sku, line.qty) for line in event.data.lines]
        orders.order_returned(order_id=event.data.order_id, lines=lines, event_id=_id(event))


def _id(event: Received[Any]) -> UUID:
    return UUID(event.id)
