"""
Writes of reservations.

Each ends once: the condition of an UPDATE decides between two that want to end it. Locks are taken in one order
everywhere, first the reservation, then its stock, so that no two writers wait for each other in a circle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from monolith.inventory import ledger, metrics
from monolith.inventory.contract import (
    InsufficientStock,
    InvalidTransition,
    Line,
    OrderAlreadyReserved,
    OutOfBounds,
    ReservationCommitted,
    ReservationExpired,
    ReservationLapsed,
    ReservationRejected,
    ReservationReleased,
    Shortage,
    StockReserved,
    UnknownReservation,
)
from monolith.inventory.contract import ReservationStatus as Status
from monolith.inventory.domain import (
    TRANSITIONS,
    TTL_DEFAULT_S,
    TTL_MAX_S,
    Reason,
    Shelf,
    allocate,
    check_text,
    check_ttl,
    status_at,
    wanted_of,
)
from monolith.inventory.ledger import Cause, Change
from monolith.inventory.models import Reservation, ReservationLine, ReservationStatusHistory, StockItem
from strangler.events import publish
from strangler.fence import on_refusal, owning

_SWEEPER = "expiry"
_ENDED = {
    Status.COMMITTED: ReservationCommitted,
    Status.RELEASED: ReservationReleased,
    Status.EXPIRED: ReservationLapsed,
}


class Reserved(NamedTuple):
    """A reservation, and whether this call made it."""

    reservation: Reservation
    made: bool


@transaction.atomic
def reservation_create(
    *,
    order_id: UUID,
    lines: Sequence[tuple[str, int]],
    actor: str,
    ttl_s: int = TTL_DEFAULT_S,
    allow_split: bool = False,
) -> Reserved:
    """
    Set stock aside for an order, all lines or none.

    An order has one reservation: a repeat with the same lines returns it as it is now.

    Args:
        lines: SKU and quantity, one per SKU.

    Raises:
        InsufficientStock, UnknownSku, OutOfBounds: nothing was set aside.
        OrderAlreadyReserved: the order has a reservation of other lines.
    """
    wanted = wanted_of(lines)
    check_ttl(ttl_s)
    new = Reservation(order_id=order_id, expires_at=timezone.now() + timedelta(seconds=ttl_s))
    # Of two at once for one order, the second waits here for the first, and then finds its row.
    Reservation.objects.bulk_create([new], ignore_conflicts=True)
    first = Reservation.objects.get(order_id=order_id)
    if first.id != new.id:
        return Reserved(_same(first, wanted), made=False)
    _take(new, wanted, allow_split=allow_split, actor=actor)
    return Reserved(new, made=True)


@transaction.atomic
def reservation_commit(*, reservation_id: UUID, actor: str) -> Reservation:
    """Take the units out of stock, for they are shipped. Raises the same as `reservation_release`."""
    return _end(reservation_id, Status.COMMITTED, actor)


@transaction.atomic
def reservation_release(*, reservation_id: UUID, actor: str, reason: str = "") -> Reservation:
    """Give the units back. Raises UnknownReservation, ReservationExpired, InvalidTransition, OutOfBounds."""
    check_text(reason)
    return _end(reservation_id, Status.RELEASED, actor, reason)


@transaction.atomic
def reservation_extend(*, reservation_id: UUID, until: datetime) -> Reservation:
    """
    Let an active reservation last at least until a moment; it never becomes shorter.

    Raises:
        UnknownReservation, ReservationExpired, InvalidTransition, OutOfBounds: nothing was changed.
    """
    now = timezone.now()
    if until > now + timedelta(seconds=TTL_MAX_S):
        raise OutOfBounds(f"A reservation lasts at most {TTL_MAX_S} seconds from now.")
    row = _locked(reservation_id)
    if status_at(Status(row.status), row.expires_at, now) is not Status.ACTIVE:
        raise _refusal(row, Status.ACTIVE, now)
    if row.expires_at < until:
        Reservation.objects.filter(id=row.id).update(expires_at=until, version=F("version") + 1)
        row.refresh_from_db()
    return row


@transaction.atomic
def reservations_expire(*, limit: int) -> int:
    """
    End at most *limit* reservations whose time has come, oldest first, and return how many.

    Rows that somebody else works on are skipped where the database can (PostgreSQL): any number of sweepers may run.
    """
    due = Reservation.objects.select_for_update(skip_locked=True).filter(
        status=Status.ACTIVE, expires_at__lte=timezone.now()
    )
    rows = list(due.order_by("expires_at", "id")[:limit])
    if rows:
        _settle(rows, Status.EXPIRED, _SWEEPER, "")
    return len(rows)


def _same(first: Reservation, wanted: dict[str, int]) -> Reservation:
    held: Counter[str] = Counter()
    for line in first.lines.all():
        held[line.sku] += line.qty
    if held != wanted:
        raise OrderAlreadyReserved(
            "The order has a reservation of other lines.", reservation_id=str(first.id), reservation_status=first.status
        )
    return first


def _take(new: Reservation, wanted: dict[str, int], *, allow_split: bool, actor: str) -> None:
    items = {item.id: item for item in ledger.locked(wanted)}
    try:
        takes = allocate(wanted, _shelves(items.values()), allow_split=allow_split)
    except InsufficientStock as refusal:
        metrics.oversell_prevented.inc()
        on_refusal(partial(_tell_rejected, new.order_id, refusal.shortages))
        raise
    lines = [
        ReservationLine(
            reservation=new, sku=take.shelf.sku, warehouse_id=items[take.shelf.item_id].warehouse_id, qty=take.qty
        )
        for take in takes
    ]
    ReservationLine.objects.bulk_create(lines)
    cause = Cause("reservation", str(new.id), actor)
    asked = tuple(Line(sku=sku, qty=qty) for sku, qty in wanted.items())
    ledger.post(
        [Change(items[take.shelf.item_id], Reason.RESERVE, cause, reserved=take.qty) for take in takes],
        StockReserved(reservation_id=new.id, order_id=new.order_id, lines=asked),
    )


def _tell_rejected(order_id: UUID, lines: tuple[Shortage, ...]) -> None:
    with owning("inventory"):
        publish(ReservationRejected(order_id=order_id, lines=lines))


def _shelves(items: Iterable[StockItem]) -> list[Shelf]:
    return [Shelf(item.id, item.sku, item.warehouse.code, item.warehouse.priority, item.available) for item in items]


def _locked(reservation_id: UUID) -> Reservation:
    row = Reservation.objects.select_for_update().filter(id=reservation_id).first()
    if row is None:
        raise UnknownReservation(f"There is no reservation {reservation_id}.")
    return row


def _end(reservation_id: UUID, target: Status, actor: str, reason: str = "") -> Reservation:
    row = _locked(reservation_id)
    if row.status == target:
        return row
    now = timezone.now()
    if target not in TRANSITIONS.after(status_at(Status(row.status), row.expires_at, now)):
        raise _refusal(row, target, now)
    _settle([row], target, actor, reason)
    return row


def _settle(rows: Sequence[Reservation], target: Status, actor: str, reason: str) -> None:
    """End locked reservations: their units leave, or become free again."""
    lines = list(ReservationLine.objects.filter(reservation__in=rows))
    items = {(i.sku, i.warehouse_id): i for i in ledger.locked_at({(line.sku, line.warehouse_id) for line in lines})}
    _step(rows, target, actor, reason)
    shipped = target is Status.COMMITTED
    ledger.post(
        [
            Change(
                items[line.sku, line.warehouse_id],
                Reason.COMMIT if shipped else Reason.RELEASE,
                Cause("reservation", str(line.reservation_id), actor, note=reason),
                on_hand=-line.qty if shipped else 0,
                reserved=-line.qty,
            )
            for line in lines
        ],
        *(_ENDED[target](reservation_id=row.id, order_id=row.order_id) for row in rows),
    )


def _step(rows: Sequence[Reservation], target: Status, actor: str, reason: str) -> None:
    """Where nothing locks rows, the condition of the UPDATE decides between two that want to end a reservation."""
    open_ones = Reservation.objects.filter(id__in=[row.id for row in rows], status__in=TRANSITIONS.before(target))
    if open_ones.update(status=target, version=F("version") + 1) != len(rows):
        raise InvalidTransition("A reservation has ended meanwhile.", to=str(target), allowed=[])
    now = timezone.now()
    ReservationStatusHistory.objects.bulk_create(
        ReservationStatusHistory(
            reservation=row, actor=actor, from_status=row.status, to_status=target, reason=reason, at=now
        )
        for row in rows
    )
    for row in rows:
        row.status = target
        row.version += 1


def _refusal(row: Reservation, target: Status, now: datetime) -> ReservationExpired | InvalidTransition:
    status = status_at(Status(row.status), row.expires_at, now)
    if status is Status.EXPIRED:
        return ReservationExpired("The reservation ran out.", expires_at=row.expires_at.isoformat())
    return InvalidTransition(
        f"A {status} reservation cannot become {target}.",
        **{"from": str(status), "to": str(target), "allowed": sorted(TRANSITIONS.after(status))},
    )
