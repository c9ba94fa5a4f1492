"""
The only place where stock changes: rows locked in one order, numbers and movements written together.

Every writer locks by (sku, warehouse), so no two wait for each other in a circle (I6). ADR 0014 compares this with
conditional updates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import Combinable
from django.utils import timezone

from monolith.inventory.contract import UnknownSku
from monolith.inventory.domain import Reason, is_sku
from monolith.inventory.models import StockItem, StockMovement

Place = tuple[str, UUID]
"""A SKU in a warehouse."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why stock moves: what it belongs to, and who does it."""

    ref_type: str
    ref_id: str
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one locked item; it becomes one movement."""

    item: StockItem
    reason: Reason
    cause: Cause
    on_hand: int = 0
    reserved: int = 0


def locked(skus: Collection[str]) -> list[StockItem]:
    """
    Return every item of *skus*, with its warehouse, locked until the transaction ends.

    Raises:
        UnknownSku: one of them was never received anywhere (I7).
    """
    items = _lock(Q(sku__in=[sku for sku in skus if is_sku(sku)]))
    known = {item.sku for item in items}
    if unknown := [sku for sku in skus if sku not in known]:
        raise unknown_skus(unknown)
    return items


def locked_at(places: Collection[Place]) -> list[StockItem]:
    """Return the items of these SKUs in these warehouses, locked until the transaction ends."""
    wanted = Q(sku__in={sku for sku, _ in places}, warehouse__in={warehouse_id for _, warehouse_id in places})
    return [item for item in _lock(wanted) if (item.sku, item.warehouse_id) in places]


def opened_at(places: Collection[Place]) -> list[StockItem]:
    """Return the same as `locked_at`; what does not exist yet is made, with nothing in it."""
    StockItem.objects.bulk_create(
        [StockItem(sku=sku, warehouse_id=warehouse_id) for sku, warehouse_id in sorted(places)], ignore_conflicts=True
    )
    return locked_at(places)


def post(changes: Sequence[Change]) -> None:
    """
    Change locked items, and append a movement for each change; the items given show the new numbers afterwards.

    The database refuses what would break I1 or I2 (IntegrityError): callers have checked before.
    """
    on_hand: Counter[UUID] = Counter()
    reserved: Counter[UUID] = Counter()
    for change in changes:
        on_hand[change.item.id] += change.on_hand
        reserved[change.item.id] += change.reserved
        change.item.on_hand += change.on_hand
        change.item.reserved += change.reserved
    StockItem.objects.filter(id__in=list(on_hand)).update(
        on_hand=F("on_hand") + _by_item(on_hand),
        reserved=F("reserved") + _by_item(reserved),
        version=F("version") + 1,
    )
    now = timezone.now()
    StockMovement.objects.bulk_create(_movement(change, now) for change in changes)


def unknown_skus(skus: Sequence[str]) -> UnknownSku:
    """Make the refusal."""
    return UnknownSku(f"Never received: {', '.join(sku[:64] for sku in skus)}.", skus=list(skus))


def _lock(which: Q) -> list[StockItem]:
    rows = StockItem.objects.select_for_update(of=("self",)).select_related("warehouse")
    return list(rows.filter(which).order_by("sku", "warehouse_id"))


def _by_item(values: Mapping[UUID, int]) -> Combinable:
    """One statement for any number of items, each relative to what the row says."""
    return Case(*(When(id=item_id, then=Value(value)) for item_id, value in values.items()), default=Value(0))


def _movement(change: Change, at: datetime) -> StockMovement:
    return StockMovement(
        sku=change.item.sku,
        warehouse_id=change.item.warehouse_id,
        delta_on_hand=change.on_hand,
        delta_reserved=change.reserved,
        reason=change.reason,
        ref_type=change.cause.ref_type,
        ref_id=change.cause.ref_id,
        note=change.cause.note,
        actor=change.cause.actor,
        at=at,
    )
