"""
The only place where an order changes: the row, its history and what is told of it, together.

Locks are taken in one order everywhere: first the saga, then its order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import F

from monolith.orders import metrics
from monolith.orders.contract import (
    Line,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
    OrderRefunded,
    OrderRejected,
    OrderReturnRequested,
    OrderShipped,
    OrderStockReserved,
    RejectReason,
    UnknownOrder,
)
from monolith.orders.contract import OrderStatus as Status
from monolith.orders.domain import TRANSITIONS, refusal
from monolith.orders.models import Order, OrderLine, OrderStatusHistory
from strangler.events import publish

Facts = Mapping[str, Any]


class ChangedMeanwhile(RuntimeError):
    """Somebody changed an order that was not locked: the transaction must not commit."""


def locked(order_id: UUID) -> Order:
    """Return an order that nobody else changes until the transaction ends. Raises UnknownOrder."""
    row = Order.objects.select_for_update().filter(id=order_id).first()
    if row is None:
        raise UnknownOrder(f"There is no order {order_id}.")
    return row


def step(
    order: Order,
    target: Status,
    *,
    actor: str,
    reason: str = "",
    event_id: UUID | None = None,
    facts: Facts | None = None,
    tells: bool = True,
    **columns: Any,
) -> None:
    """
    Let a locked order have another status, and tell of it.

    Args:
        facts: what the event says beside what every event says.
        tells: whether there is an event; not for a status that the order has had before.
        columns: that change with it.

    Raises:
        InvalidTransition: the status does not allow it.
        ChangedMeanwhile: *order* is not what its row says.
    """
    before = Status(order.status)
    if before not in TRANSITIONS.before(target):
        raise refusal(before, target)
    change(order, status=target.value, **columns)
    OrderStatusHistory.objects.create(
        order=order, actor=actor, reason=reason, from_status=before, to_status=target, event_id=event_id
    )
    metrics.orders.labels(target.value).inc()
    if tells:
        tell(order, target, facts or {})


def change(order: Order, **columns: Any) -> None:
    """
    Change a locked order, and its version with it; nothing when nothing differs. What was given back is told.

    Raises:
        ChangedMeanwhile: *order* is not what its row says.
    """
    refunded = order.refunded_minor
    news = {name: value for name, value in columns.items() if getattr(order, name) != value}
    if not news:
        return
    same = Order.objects.filter(id=order.id, version=order.version)
    if not same.update(version=F("version") + 1, **news):
        raise ChangedMeanwhile(f"order {order.id} is not as it was read")
    for name, value in news.items():
        setattr(order, name, value)
    order.version += 1
    if back := order.refunded_minor - refunded:
        given, total = order.money(back), order.money(order.refunded_minor)
        publish(OrderRefunded(**_of(order), amount=given, refunded=total))


def tell(order: Order, reached: Status, facts: Facts) -> None:
    """Publish that an order has come to a status, if that is told at all."""
    if (event := _TOLD.get(reached)) is not None:
        publish(event(**_of(order), **_more(order, reached), **facts))


def lines_of(order: Order) -> tuple[Line, ...]:
    """Return what was ordered, by SKU."""
    found = OrderLine.objects.filter(order=order).order_by("sku").values_list("sku", "qty")
    return tuple(Line(sku=sku, qty=qty) for sku, qty in found)


_TOLD: Mapping[Status, Callable[..., object]] = {
    Status.PENDING: OrderPlaced,
    Status.STOCK_RESERVED: OrderStockReserved,
    Status.CONFIRMED: OrderConfirmed,
    Status.REJECTED: OrderRejected,
    Status.CANCELLED: OrderCancelled,
    Status.SHIPPED: OrderShipped,
    Status.DELIVERED: OrderDelivered,
    Status.COMPLETED: OrderCompleted,
    Status.RETURN_REQUESTED: OrderReturnRequested,
}


def _of(order: Order) -> dict[str, Any]:
    return {"order_id": order.id, "number": order.number, "customer_id": order.customer_id}


def _more(order: Order, reached: Status) -> dict[str, Any]:
    if reached in (Status.PENDING, Status.CONFIRMED):
        return {"lines": lines_of(order), "total": order.total}
    if reached is Status.REJECTED:
        return {"reason": RejectReason(order.reject_reason)}
    return {"reason": order.cancel_reason} if reached is Status.CANCELLED else {}
