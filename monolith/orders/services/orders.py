"""Writes of orders: placed, cancelled, sent back, completed. What others are asked for, the saga asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from monolith.kernel.money import Money
from monolith.orders import lifecycle
from monolith.orders.contract import (
    Address,
    FulfilmentStatus,
    Line,
    OrderDiffers,
    OrderNotCancellable,
    OutOfBounds,
    SagaState,
    WantedLine,
)
from monolith.orders.contract import OrderStatus as Status
from monolith.orders.domain import (
    CANCELLABLE,
    OPTION_MAX,
    RETURN_WINDOW,
    TRANSITIONS,
    check_text,
    check_token,
    number_of,
    refusal,
    returnable,
    subtotal_of,
    total_of,
)
from monolith.orders.models import Order, OrderLine, OrderStatusHistory, Saga
from monolith.orders.saga import engine
from monolith.orders.saga.checkout import carrying
from monolith.orders.services.sagas import turn_back
from monolith.shipping.contract import Promise

_ADDRESS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """
    An order as the customer has seen it.

    Attributes:
        promise: what shipping has said of the option, if that is known; it counts while shipping does not answer.
    """

    order_id: UUID
    customer_id: UUID
    lines: Sequence[WantedLine]
    shipping: Money
    shipping_option_id: str
    address: Address
    payment_method: str
    billing: Address | None = None
    cart_id: UUID | None = None
    promise: Promise | None = None


class Placed(NamedTuple):
    """An order, and whether this call made it."""

    order: Order
    made: bool


@transaction.atomic
def order_place(*, new: NewOrder, actor: str) -> Placed:
    """
    Take an order and begin its checkout; a repeat of the id with the same particulars returns it as it is now.

    Raises:
        CartEmpty, CurrencyMismatch, OutOfBounds, InvalidPaymentMethod, OrderDiffers: nothing was made.
    """
    check_token(new.payment_method)
    subtotal = subtotal_of(new.lines)
    nothing = Money(0, subtotal.currency)
    total = total_of(subtotal=subtotal, shipping=new.shipping, tax=nothing, discount=nothing)
    _check_texts(new)
    row = Order(
        id=new.order_id,
        number=number_of(new.order_id),
        customer_id=new.customer_id,
        cart_id=new.cart_id,
        currency=subtotal.currency,
        subtotal_minor=subtotal.amount,
        shipping_minor=new.shipping.amount,
        total_minor=total.amount,
        shipping_address=asdict(new.address),
        billing_address=asdict(new.billing or new.address),
        shipping_option_id=new.shipping_option_id,
    )
    # Of two at once for one id, the second waits here for the first, and then finds its row.
    Order.objects.bulk_create([row], ignore_conflicts=True)
    first = Order.objects.select_for_update().filter(id=new.order_id).first()
    if first is None:
        raise OrderDiffers("Another order has this number: choose another id.")
    if OrderStatusHistory.objects.filter(order=first).exists():
        return Placed(_same(first, row, new.lines), made=False)
    OrderLine.objects.bulk_create(
        OrderLine(
            order=first,
            sku=line.sku,
            name=line.name,
            qty=line.qty,
            unit_price_minor=line.unit_price.amount,
            total_minor=line.unit_price.amount * line.qty,
        )
        for line in new.lines
    )
    lifecycle.step(first, Status.PENDING, actor=actor)
    begins = engine.TABLES["checkout"][0]
    Saga.objects.create(
        order=first,
        step=begins.name,
        payment_method=new.payment_method,
        context={} if new.promise is None else {"promised": carrying(new.promise)},
        deadline_at=timezone.now() + begins.deadline,
    )
    return Placed(first, made=True)


@transaction.atomic
def order_cancel(*, order_id: UUID, actor: str, reason: str = "") -> Order:
    """
    Give an order up that has not left; the saga undoes what was done. A repeat changes nothing.

    Raises:
        UnknownOrder, OrderNotCancellable, OutOfBounds: nothing was changed.
    """
    check_text(reason)
    saga = Saga.objects.select_for_update().filter(order_id=order_id).first()
    order = lifecycle.locked(order_id)
    if order.status in (Status.CANCELLING, Status.CANCELLED):
        return order
    undoing = saga is not None and saga.state == SagaState.COMPENSATING
    if order.status not in CANCELLABLE or undoing:
        raise OrderNotCancellable(f"The order is {order.status}: it cannot be cancelled.", status=order.status)
    lifecycle.step(order, Status.CANCELLING, actor=actor, reason=reason, cancel_reason=reason)
    if saga is not None and saga.state == SagaState.FAILED_NEEDS_OPERATOR:
        turn_back(saga)
    engine.wake(order_id)
    return order


@transaction.atomic
def return_request(*, order_id: UUID, wanted: Mapping[str, int] | None, actor: str, reason: str = "") -> Order:
    """
    Note that units of a delivered order will come back, all of them unless said otherwise.

    Raises:
        UnknownOrder, InvalidTransition, ReturnExceedsOrdered, OutOfBounds: nothing was changed.
    """
    check_text(reason)
    order = lifecycle.locked(order_id)
    if order.status != Status.DELIVERED:
        raise refusal(Status(order.status), Status.RETURN_REQUESTED)
    ordered = {line.sku: line.qty for line in lifecycle.lines_of(order)}
    returnable(wanted or {}, ordered)
    lines = tuple(Line(sku=sku, qty=qty) for sku, qty in sorted((wanted or ordered).items()))
    lifecycle.step(order, Status.RETURN_REQUESTED, actor=actor, reason=reason, facts={"lines": lines})
    return order


@transaction.atomic
def order_arrived(*, order_id: UUID, at: datetime, event_id: UUID) -> None:
    """Note that an order has arrived; one that does not know yet that it has left is told when it does."""
    Saga.objects.select_for_update().filter(order_id=order_id).first()
    order = Order.objects.select_for_update().filter(id=order_id).first()
    if order is None:
        return  # staff sends things that nobody has ordered here
    lifecycle.change(order, delivered_at=at)
    if order.status == Status.SHIPPED:
        lifecycle.step(order, Status.DELIVERED, actor="shipping", event_id=event_id)
    engine.wake(order_id)


@transaction.atomic
def order_returned(*, order_id: UUID, lines: Sequence[tuple[str, int]], event_id: UUID) -> None:
    """Note that units have come back, and have what was paid for them paid back."""
    saga = Saga.objects.select_for_update().filter(order_id=order_id).first()
    order = Order.objects.select_for_update().filter(id=order_id).first()
    if order is None or saga is None:
        return
    back = _take_back(order, dict(lines))
    whole = not any(line.returned_qty < line.qty for line in OrderLine.objects.filter(order=order))
    status = FulfilmentStatus.RETURNED if whole else FulfilmentStatus.PARTIAL
    lifecycle.change(order, fulfilment_status=status.value)
    if order.status in TRANSITIONS.before(Status.RETURNED):
        lifecycle.step(order, Status.RETURNED, actor="shipping", event_id=event_id)
    due = saga.context.get("refund_due_minor", 0) + back
    saga.context = {**saga.context, "refund_due_minor": due}
    if saga.state == SagaState.COMPLETED and due:
        engine.pay_back(saga, engine.TABLES["return"][0])
    saga.save()  # under its version: whoever works on it now has still something to record


@transaction.atomic
def orders_complete(*, limit: int) -> int:
    """Complete at most *limit* orders that arrived long enough ago, the first ones first; return how many."""
    late = timezone.now() - RETURN_WINDOW
    arrived = Order.objects.select_for_update(skip_locked=True).filter(status=Status.DELIVERED, delivered_at__lte=late)
    rows = list(arrived.order_by("delivered_at", "id")[:limit])
    for row in rows:
        lifecycle.step(row, Status.COMPLETED, actor="clock")
    return len(rows)


def _take_back(order: Order, lines: Mapping[str, int]) -> int:
    """Note which units are back, each once, and return what was paid for them in minor units."""
    back = 0
    for line in OrderLine.objects.filter(order=order, sku__in=list(lines)):
        qty = min(lines[line.sku], line.qty - line.returned_qty)
        OrderLine.objects.filter(id=line.id).update(returned_qty=line.returned_qty + qty)
        back += line.unit_price_minor * qty
    return back


def _same(first: Order, wanted: Order, lines: Sequence[WantedLine]) -> Order:
    names = ("customer_id", "currency", "total_minor", "shipping_minor", "shipping_address", "shipping_option_id")
    there = OrderLine.objects.filter(order=first).values_list("sku", "qty", "unit_price_minor")
    said = {(line.sku, line.qty, line.unit_price.amount) for line in lines}
    if set(there) != said or any(getattr(first, name) != getattr(wanted, name) for name in names):
        raise OrderDiffers("The id is of another order: make a new id for a new one.")
    return first


def _check_texts(new: NewOrder) -> None:
    check_text(new.shipping_option_id, OPTION_MAX)
    for address in (new.address, new.billing or new.address):
        for text in asdict(address).values():
            check_text(text, _ADDRESS_MAX)
    if not new.shipping_option_id:
        raise OutOfBounds("Choose how it is sent: give an option of a quote.")
