"""What has happened to orders, for whoever wants to hear of it; no event has a token or an address in it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from monolith.kernel.money import Money
from monolith.orders.contract.values import Line, RejectReason
from strangler.contract import Events, Subscriptions

events = Events("orders")
subscriptions = Subscriptions(
    "orders",
    {
        "inventory": ("shop.stock.reservation_expired.v1",),
        "payments": (
            "shop.payment.requires_action.v1",
            "shop.payment.authorized.v1",
            "shop.payment.captured.v1",
            "shop.payment.failed.v1",
            "shop.payment.canceled.v1",
            "shop.payment.refunded.v1",
            "shop.payment.refund_failed.v1",
        ),
        "shipping": (
            "shop.shipment.label_purchased.v1",
            "shop.shipment.in_transit.v1",
            "shop.shipment.out_for_delivery.v1",
            "shop.shipment.delivered.v1",
            "shop.shipment.exception.v1",
            "shop.shipment.returned.v1",
            "shop.shipment.cancelled.v1",
        ),
    },
)


@events.declare("shop.order.placed.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced:
    """Somebody wants to buy; nothing is promised yet."""

    order_id: UUID
    number: str
    customer_id: UUID
    lines: tuple[Line, ...]
    total: Money


@events.declare("shop.order.stock_reserved.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStockReserved:
    """Every unit is set aside."""

    order_id: UUID
    number: str
    customer_id: UUID


@events.declare("shop.order.confirmed.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed:
    """It is paid for, or as good as: it will be sent."""

    order_id: UUID
    number: str
    customer_id: UUID
    lines: tuple[Line, ...]
    total: Money


@events.declare("shop.order.rejected.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected:
    """Nothing came of it: nothing is set aside, and nothing was taken."""

    order_id: UUID
    number: str
    customer_id: UUID
    reason: RejectReason


@events.declare("shop.order.cancelled.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled:
    """It was given up before it left: nothing is set aside, and whatever was taken is given back."""

    order_id: UUID
    number: str
    customer_id: UUID
    reason: str


@events.declare("shop.order.shipped.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShipped:
    """A carrier has it."""

    order_id: UUID
    number: str
    customer_id: UUID
    shipment_id: UUID


@events.declare("shop.order.delivered.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDelivered:
    """It has arrived."""

    order_id: UUID
    number: str
    customer_id: UUID


@events.declare("shop.order.completed.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCompleted:
    """It has arrived, and the time to send it back is over."""

    order_id: UUID
    number: str
    customer_id: UUID


@events.declare("shop.order.return_requested.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReturnRequested:
    """The customer wants to send these back."""

    order_id: UUID
    number: str
    customer_id: UUID
    lines: tuple[Line, ...]


@events.declare("shop.order.refunded.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefunded:
    """
    Money was given back.

    Attributes:
        amount: this time.
        refunded: in all.
    """

    order_id: UUID
    number: str
    customer_id: UUID
    amount: Money
    refunded: Money
