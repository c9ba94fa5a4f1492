"""
Compares orders with what inventory, payments and shipping say of them: an auditor, who knows nothing of sagas' steps.

It reads this app's rows and asks the others by contract; it imports neither the engine nor its tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from monolith.inventory.contract import Reservation, ReservationStatus, inventory
from monolith.orders.contract import OrderStatus as Status
from monolith.orders.contract import PaymentStatus as Paid
from monolith.orders.contract import SagaState
from monolith.orders.models import Order, OrderLine, Saga
from monolith.payments.contract import Payment, PaymentStatus, payments
from monolith.shipping.contract import Shipment, ShipmentStatus, shipping

GRACE = timedelta(minutes=2)
"""How long after its deadline a saga may still be met: until somebody has looked at it."""
_BATCH = 100
_LOOKS = 3
_ACTIVE = (SagaState.RUNNING, SagaState.COMPENSATING)
_GIVEN_UP = (Status.REJECTED, Status.CANCELLED)
_FINAL = (*_GIVEN_UP, Status.COMPLETED, Status.RETURNED)
_PROMISED = (
    Status.CONFIRMED,
    Status.PARTIALLY_SHIPPED,
    Status.SHIPPED,
    Status.DELIVERED,
    Status.RETURN_REQUESTED,
    Status.COMPLETED,
    Status.RETURNED,
)
_LEFT = _PROMISED[2:]
_HOLDS = (PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION, PaymentStatus.REQUIRES_CAPTURE)


class Inconsistency(NamedTuple):
    """A place where an order and the others disagree; *rule* names the invariant."""

    order_id: str
    number: str
    status: str
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.number} ({self.status}) {self.rule}: {self.what}"


@dataclass(frozen=True, slots=True)
class _Case:
    """An order, and everything that is known of it."""

    order: Order
    lines: Mapping[str, int]
    lines_minor: int
    saga: Saga | None
    reservations: Sequence[Reservation]
    payments: Sequence[Payment]
    shipments: Sequence[Shipment]

    @property
    def moves(self) -> bool:
        """Whether a saga works on it: what others say may be ahead of it."""
        return self.saga is not None and self.saga.state in _ACTIVE

    @property
    def stuck(self) -> bool:
        """Whether a person is asked already."""
        return self.saga is not None and self.saga.state == SagaState.FAILED_NEEDS_OPERATOR


def reconcile(order_ids: Sequence[UUID] | None = None) -> list[Inconsistency]:
    """
    Return every inconsistency of some orders, or of all.

    An order that changes while it is looked at is looked at again.

    Raises:
        RemoteCallError: one of the others does not answer.
    """
    rows = Order.objects.order_by("placed_at", "id").values_list("id", flat=True)
    wanted = list(rows if order_ids is None else order_ids)
    found: list[Inconsistency] = []
    for start in range(0, len(wanted), _BATCH):
        found += _of(wanted[start : start + _BATCH])
    return found


def _of(ids: Sequence[UUID]) -> list[Inconsistency]:
    found: list[Inconsistency] = []
    for look in range(_LOOKS):
        cases = _cases(ids)
        now = _marks(ids)
        moved = [case.order.id for case in cases if _mark(case) != now[case.order.id]] if look < _LOOKS - 1 else []
        for case in cases:
            if case.order.id not in moved:
                found += [_inconsistency(case.order, rule, what) for rule, what in _faults(case)]
        if not moved:
            break
        ids = moved
    return found


def _faults(case: _Case) -> Iterator[tuple[str, str]]:
    """What is wrong, by the invariants of docs/orders.md."""
    yield from _amounts(case)
    yield from _progress(case)
    yield from _money(case)
    if case.moves or case.stuck:
        return
    if case.order.status in _GIVEN_UP:
        yield from _nothing_left(case)
    elif case.order.status in _PROMISED:
        yield from _kept(case)


def _amounts(case: _Case) -> Iterator[tuple[str, str]]:
    row = case.order
    if case.lines_minor != row.subtotal_minor:
        yield "O1", f"its lines cost {case.lines_minor}, and its subtotal is {row.subtotal_minor}"
    if row.total_minor != row.subtotal_minor + row.shipping_minor + row.tax_minor - row.discount_minor:
        yield "O1", "its total is not the sum"


def _progress(case: _Case) -> Iterator[tuple[str, str]]:
    saga, row = case.saga, case.order
    if saga is None:
        yield "O5", "it has no saga: nobody works on it"
        return
    if case.moves and saga.deadline_at + GRACE < timezone.now():
        yield "O5", f"its saga is {saga.state} at {saga.step} since more than its deadline, {saga.deadline_at:%H:%M:%S}"
    settled = row.status in _FINAL or row.status in _LEFT
    if saga.state == SagaState.COMPENSATED and row.status not in _GIVEN_UP:
        yield "O5", "everything was undone, and it is neither rejected nor cancelled"
    if saga.state == SagaState.COMPLETED and not settled:
        yield "O5", "its saga is completed, and it has not left"
    if case.moves and row.status in _GIVEN_UP:
        yield "O2", f"it is {row.status}, and its saga is {saga.state}"
    if not case.moves and not case.stuck and saga.payment_method:
        yield "token", "the token to pay with is still kept"


def _money(case: _Case) -> Iterator[tuple[str, str]]:
    total = case.order.total
    taken = sum(one.captured.amount for one in case.payments)
    back = sum(one.refunded.amount + one.refund_pending.amount for one in case.payments)
    live = [one for one in case.payments if one.status in (*_HOLDS, PaymentStatus.SUCCEEDED)]
    if back > taken:
        yield "O7", f"{back} was given back, and {taken} was taken"
    if len(live) > 1 or taken > total.amount:
        yield "O3", f"{len(live)} payments live, {taken} was taken, and it costs {total.amount}"
    if case.order.refunded_minor > back:
        yield "O7", f"it says that {case.order.refunded_minor} was given back, and payments say {back}"
    if any(one.amount.currency != total.currency for one in live):
        yield "O3", "it is paid in another currency"


def _nothing_left(case: _Case) -> Iterator[tuple[str, str]]:
    """O4: neither stock nor money of an order that was given up is kept, and nothing is under way."""
    for held in case.reservations:
        if held.status in (ReservationStatus.ACTIVE, ReservationStatus.COMMITTED):
            yield "O4", f"its reservation is {held.status}"
    for paid in case.payments:
        if paid.status in _HOLDS or paid.captured.amount > paid.refunded.amount:
            yield "O4", f"payment {paid.attempt} is {paid.status}, and {paid.captured} was taken"
    for sent in case.shipments:
        if sent.status is not ShipmentStatus.CANCELLED:
            yield "O4", f"its shipment is {sent.status}"
    if case.order.payment_status in (Paid.AUTHORIZED, Paid.PAID):
        yield "O4", f"it says that it is {case.order.payment_status}"


def _kept(case: _Case) -> Iterator[tuple[str, str]]:
    """What was promised is set aside and paid for; what has left is taken and gone."""
    row = case.order
    left = row.status in _LEFT
    taken = sum(one.captured.amount for one in case.payments)
    covered = taken + sum(one.capturable.amount for one in case.payments)
    if covered < row.total_minor:
        yield "O3", f"{covered} is authorised or taken, and it costs {row.total_minor}"
    if left and taken != row.total_minor:
        yield "O3", f"it has left, and {taken} of {row.total_minor} was taken"
    wanted = ReservationStatus.COMMITTED if left else ReservationStatus.ACTIVE
    states = [held.status for held in case.reservations]
    if states != [wanted]:
        yield "stock", f"its reservations are {[str(state) for state in states]}, and one is to be {wanted}"
    for held in case.reservations:
        if _summed((one.sku, one.qty) for one in held.held) != case.lines:
            yield "stock", "its reservation is of other lines"
    sent = [one for one in case.shipments if one.status is not ShipmentStatus.CANCELLED]
    if _summed((line.sku, line.qty) for one in sent for line in one.lines) != case.lines:
        yield "shipping", f"{len(sent)} shipments send something else than was ordered"


def _cases(ids: Sequence[UUID]) -> list[_Case]:
    """Read orders first, then ask the others: whatever happened to an order before, they know."""
    rows = list(Order.objects.filter(id__in=ids).order_by("placed_at", "id"))
    sagas = {saga.order_id: saga for saga in Saga.objects.filter(order_id__in=ids)}
    sums = dict(OrderLine.objects.filter(order__in=ids).values_list("order").annotate(Sum("total_minor")))
    lines: dict[UUID, dict[str, int]] = defaultdict(dict)
    for order_id, sku, qty in OrderLine.objects.filter(order__in=ids).values_list("order_id", "sku", "qty"):
        lines[order_id][sku] = qty
    if not rows:
        return []
    wanted = tuple(row.id for row in rows)
    held, paid = defaultdict(list), defaultdict(list)
    for reservation in inventory().reservations(order_ids=wanted):
        held[reservation.order_id].append(reservation)
    for payment in payments().payments(order_ids=wanted):
        paid[payment.order_id].append(payment)
    return [
        _Case(
            order=row,
            lines=lines[row.id],
            lines_minor=sums.get(row.id, 0),
            saga=sagas.get(row.id),
            reservations=held[row.id],
            payments=paid[row.id],
            shipments=shipping().shipments(order_id=row.id),
        )
        for row in rows
    ]


def _marks(ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    versions = dict(Saga.objects.filter(order_id__in=ids).values_list("order_id", "version"))
    rows = Order.objects.filter(id__in=ids).values_list("id", "version")
    return {order_id: (version, versions.get(order_id, 0)) for order_id, version in rows}


def _mark(case: _Case) -> tuple[int, int]:
    return case.order.version, case.saga.version if case.saga else 0


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for sku, qty in pairs:
        found[sku] += qty
    return dict(found)


def _inconsistency(row: Order, rule: str, what: str) -> Inconsistency:
    return Inconsistency(str(row.id), row.number, row.status, rule, what)
