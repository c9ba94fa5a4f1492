"""Reads of orders; each returns querysets or rows and changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import QuerySet

from monolith.orders.contract import InvalidFilter, OrderStatus, OutOfBounds, SagaState, UnknownOrder, UnknownSaga
from monolith.orders.domain import ORDERS_MAX
from monolith.orders.models import Cart, Order, OrderStatusHistory, Saga


def cart(cart_id: UUID) -> Cart | None:
    """Return a cart with its lines."""
    return Cart.objects.prefetch_related("lines").filter(id=cart_id).first()


def order(order_id: UUID, *, seen_by: UUID | None = None) -> Order:
    """
    Return an order with its lines.

    Args:
        seen_by: the customer who asks; None for staff.

    Raises:
        UnknownOrder: there is none, or it is another customer's.
    """
    row = _visible(seen_by).filter(id=order_id).first()
    if row is None:
        raise UnknownOrder(f"There is no order {order_id}.")
    return row


def orders_of(ids: Collection[UUID]) -> list[Order]:
    """Return orders with their lines, by the time they were placed. Raises OutOfBounds."""
    if not 1 <= len(ids) <= ORDERS_MAX:
        raise OutOfBounds(f"Ask for 1 to {ORDERS_MAX} orders, not {len(ids)}.")
    return list(_visible(None).filter(id__in=ids).order_by("placed_at", "id"))


def orders(filters: Mapping[str, str], *, seen_by: UUID | None = None) -> QuerySet[Order]:
    """
    Return orders.

    Args:
        filters: `status`, `number`, `customer_id`.

    Raises:
        InvalidFilter: a name is unknown, or a value cannot be one.
    """
    if unknown := sorted(filters.keys() - {"status", "number", "customer_id"}):
        raise InvalidFilter(f"unknown: {', '.join(name[:40] for name in unknown)}")
    if (status := filters.get("status")) is not None and status not in list(OrderStatus):
        raise InvalidFilter(f"status: must be one of {', '.join(OrderStatus)}, not {status[:20]!r}")
    if "\x00" in filters.get("number", ""):
        raise InvalidFilter("number: contains what no number does")
    wanted: dict[str, object] = dict(filters)
    if "customer_id" in wanted:
        wanted["customer_id"] = _uuid("customer_id", filters["customer_id"])
    return _visible(seen_by).filter(**wanted)


def history(row: Order) -> QuerySet[OrderStatusHistory]:
    """Return every status that an order had, the first one first."""
    return OrderStatusHistory.objects.filter(order=row)


def saga_of(order_id: UUID) -> Saga:
    """Return the saga of an order with its log. Raises UnknownSaga."""
    row = Saga.objects.prefetch_related("log").filter(order_id=order_id).first()
    if row is None:
        raise UnknownSaga(f"Order {order_id} has no saga.")
    return row


def saga(saga_id: UUID) -> Saga:
    """Return a saga with its log. Raises UnknownSaga."""
    row = Saga.objects.prefetch_related("log").filter(id=saga_id).first()
    if row is None:
        raise UnknownSaga(f"There is no saga {saga_id}.")
    return row


def sagas(filters: Mapping[str, str]) -> QuerySet[Saga]:
    """Return sagas with their logs; *filters* may name a `state`. Raises InvalidFilter."""
    if unknown := sorted(filters.keys() - {"state"}):
        raise InvalidFilter(f"unknown: {', '.join(name[:40] for name in unknown)}")
    if (state := filters.get("state")) is not None and state not in list(SagaState):
        raise InvalidFilter(f"state: must be one of {', '.join(SagaState)}, not {state[:20]!r}")
    return Saga.objects.prefetch_related("log").filter(**filters)


def _visible(seen_by: UUID | None) -> QuerySet[Order]:
    rows = Order.objects.prefetch_related("lines")
    return rows if seen_by is None else rows.filter(customer_id=seen_by)


def _uuid(name: str, value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidFilter(f"{name}: must be a UUID") from error
