"""Reads of the inventory; each returns querysets or rows and changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from monolith.inventory import ledger
from monolith.inventory.contract import InvalidFilter, OutOfBounds, UnknownReservation
from monolith.inventory.contract import ReservationStatus as Status
from monolith.inventory.domain import ORDERS_MAX, SKUS_MAX, Reason, is_sku, is_text, status_at
from monolith.inventory.models import Reservation, StockItem, StockMovement, Warehouse


@dataclass(frozen=True, slots=True)
class Level:
    """What there is of a SKU; its items come with their warehouses, by priority."""

    sku: str
    items: Sequence[StockItem]

    @property
    def on_hand(self) -> int:
        """Units in all warehouses."""
        return sum(item.on_hand for item in self.items)

    @property
    def reserved(self) -> int:
        """Units set aside in all warehouses."""
        return sum(item.reserved for item in self.items)

    @property
    def available(self) -> int:
        """Units that a reservation may take."""
        return sum(item.available for item in self.items)


def stock(skus: Iterable[str]) -> list[Level]:
    """
    Return the level of each SKU, in the order of *skus*, repeats dropped.

    Raises:
        UnknownSku: one of them was never received anywhere (I7).
        OutOfBounds: none, or more than `SKUS_MAX`.
    """
    wanted = list(dict.fromkeys(skus))
    if not 1 <= len(wanted) <= SKUS_MAX:
        raise OutOfBounds(f"Ask for 1 to {SKUS_MAX} SKUs, not {len(wanted)}.")
    rows = StockItem.objects.select_related("warehouse").filter(sku__in=[sku for sku in wanted if is_sku(sku)])
    ordered = rows.order_by("sku", "warehouse__priority", "warehouse__code")
    found = {sku: list(items) for sku, items in groupby(ordered, key=lambda item: item.sku)}
    if unknown := [sku for sku in wanted if sku not in found]:
        raise ledger.unknown_skus(unknown)
    return [Level(sku, found[sku]) for sku in wanted]


def reservation(reservation_id: UUID) -> Reservation:
    """Return a reservation with its lines and their warehouses. Raises UnknownReservation."""
    row = Reservation.objects.prefetch_related("lines__warehouse").filter(id=reservation_id).first()
    if row is None:
        raise UnknownReservation(f"There is no reservation {reservation_id}.")
    return row


def reservations_of(order_ids: Collection[UUID]) -> list[Reservation]:
    """
    Return the reservations of some orders, the oldest first, with their lines and warehouses.

    Raises:
        OutOfBounds: none, or more than `ORDERS_MAX` orders.
    """
    if not 1 <= len(order_ids) <= ORDERS_MAX:
        raise OutOfBounds(f"Ask for 1 to {ORDERS_MAX} orders, not {len(order_ids)}.")
    return list(Reservation.objects.prefetch_related("lines__warehouse").filter(order_id__in=order_ids))


def status_of(row: Reservation) -> Status:
    """Return the status that counts now."""
    return status_at(Status(row.status), row.expires_at, timezone.now())


def warehouses() -> QuerySet[Warehouse]:
    """Return every warehouse."""
    return Warehouse.objects.all()


def warehouse(code: str) -> Warehouse | None:
    """Return a warehouse."""
    return Warehouse.objects.filter(code=code).first()


def movements(filters: Mapping[str, str]) -> QuerySet[StockMovement]:
    """
    Return movements with their warehouses.

    Args:
        filters: `sku`, `warehouse` (a code), `reason`, `ref_id`.

    Raises:
        InvalidFilter: a name is unknown, or a value cannot be one.
    """
    columns = {"sku": "sku", "warehouse": "warehouse__code", "reason": "reason", "ref_id": "ref_id"}
    if unknown := sorted(filters.keys() - columns.keys()):
        raise InvalidFilter(f"unknown: {', '.join(name[:40] for name in unknown)}")
    if not all(is_text(value) for value in filters.values()):
        raise InvalidFilter("a value is too long, or contains what no text here does")
    if (reason := filters.get("reason")) is not None and reason not in list(Reason):
        raise InvalidFilter(f"reason: must be one of {', '.join(Reason)}, not {reason[:20]!r}")
    wanted = {columns[name]: value for name, value in filters.items()}
    return StockMovement.objects.select_related("warehouse").filter(**wanted)
