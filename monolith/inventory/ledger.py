"""
The only place where stock changes: rows locked in one order, numbers, movements and events written together.

Every writer locks by (sku, warehouse), so no two wait for each other in a circle (I6). ADR 0014 compares this with
conditional updates. A SKU is locked in all of its warehouses at once, so whoever changes what may be promised of it in
all of them together is alone with it, and tells once when that crosses a line (`domain.crossings`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connections, router
from django.db.models import Case, F, Q, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest
from django.utils import timezone

from monolith.inventory.contract import StockBack, StockOut, UnknownSku
from monolith.inventory.domain import Reason, crossings, is_sku
from monolith.inventory.models import InventoryOutboxStream, StockItem, StockMovement, Warehouse
from strangler.events import publish
from strangler.events.records import aggregate_of

# SKUs or events in one statement: SQLite bounds how many parameters one takes.
_BATCH = 500
# `StockItem.available` of an item in an active warehouse, in SQL.
_PROMISABLE = Greatest(F("on_hand") - F("reserved") - F("safety_stock"), 0)

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
    """Return the items of these SKUs in these warehouses, the SKUs locked until the transaction ends."""
    return [item for item in _lock(Q(sku__in={sku for sku, _ in places})) if (item.sku, item.warehouse_id) in places]


def opened_at(places: Collection[Place]) -> list[StockItem]:
    """
    Return the same as `locked_at`; what does not exist yet is made, with nothing in it.

    It comes before any other lock of the transaction: inserts wait for each other, too.
    """
    new = [StockItem(sku=sku, warehouse_id=warehouse_id) for sku, warehouse_id in sorted(places)]
    StockItem.objects.bulk_create(new, ignore_conflicts=True)
    items = locked_at(places)
    made = {item.id for item in new}
    _take_turns({item.sku for item in items if item.id in made})
    return items


def post(changes: Sequence[Change], *happened: object) -> None:
    """
    Change locked items, and append a movement for each change; the items given show the new numbers afterwards.

    The database refuses what would break I1 or I2 (IntegrityError): callers have checked before.

    Args:
        happened: events to publish, before those that follow from the new numbers.
    """
    on_hand: Counter[UUID] = Counter()
    reserved: Counter[UUID] = Counter()
    promisable: Counter[str] = Counter()
    for change in changes:
        item = change.item
        on_hand[item.id] += change.on_hand
        reserved[item.id] += change.reserved
        before = item.available
        item.on_hand += change.on_hand
        item.reserved += change.reserved
        promisable[item.sku] += item.available - before
    StockItem.objects.filter(id__in=list(on_hand)).update(
        on_hand=F("on_hand") + _by_item(on_hand),
        reserved=F("reserved") + _by_item(reserved),
        version=F("version") + 1,
    )
    now = timezone.now()
    StockMovement.objects.bulk_create(_movement(change, now) for change in changes)
    _tell(promisable, *happened)


def protect(item: StockItem, safety_stock: int) -> None:
    """Change how many units of a locked item are never promised."""
    before = item.available
    item.safety_stock = safety_stock
    StockItem.objects.filter(id=item.id).update(safety_stock=safety_stock, version=F("version") + 1)
    _tell({item.sku: item.available - before})


def stand_still() -> None:
    """
    Let nobody else change stock, or lock it, until the transaction ends.

    For changes of all that a warehouse holds, whose rows nobody can name beforehand; reads go on.
    """
    connection = connections[router.db_for_write(StockItem)]
    if connection.vendor == "postgresql":  # SQLite admits one writer at a time anyway
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {connection.ops.quote_name(StockItem._meta.db_table)} IN EXCLUSIVE MODE")


def tell_of_warehouse(warehouse: Warehouse) -> None:
    """Tell what follows for its SKUs when a warehouse has just become active or inactive, while all stand still."""
    sign = 1 if warehouse.is_active else -1
    held = StockItem.objects.filter(warehouse=warehouse).annotate(promisable=_PROMISABLE).filter(promisable__gt=0)
    _tell({sku: sign * promisable for sku, promisable in held.values_list("sku", "promisable")})


def unknown_skus(skus: Sequence[str]) -> UnknownSku:
    """Make the refusal."""
    return UnknownSku(f"Never received: {', '.join(sku[:64] for sku in skus)}.", skus=list(skus))


def _lock(which: Q) -> list[StockItem]:
    rows = StockItem.objects.select_for_update(of=("self",)).select_related("warehouse")
    return list(rows.filter(which).order_by("sku", "warehouse_id"))


def announce(skus: Collection[str]) -> None:
    """Tell of each SKU whether there is something to promise, although nothing has changed."""
    locked(skus)
    publish(
        *(StockBack(sku=sku, available=total) if total > 0 else StockOut(sku=sku) for sku, total in _totals([*skus]))
    )


def _take_turns(skus: Collection[str]) -> None:
    """
    Wait for whoever receives one of these SKUs for the first time in another warehouse.

    There is no row yet that both could lock, so both begin the stream of its events.
    """
    streams = [InventoryOutboxStream(aggregate=aggregate_of("stock", sku), sequence=0) for sku in sorted(skus)]
    InventoryOutboxStream.objects.bulk_create(streams, ignore_conflicts=True)


def _tell(promisable: Mapping[str, int], *happened: object) -> None:
    """
    Publish what has happened, and which SKUs have thereby become low, sold out, or available again.

    Args:
        promisable: SKU to how many more units may be promised than before, as the locked rows say already.
    """
    changed = sorted(sku for sku, difference in promisable.items() if difference)
    events = list(happened)
    for start in range(0, len(changed), _BATCH):
        for sku, after in _totals(changed[start : start + _BATCH]):
            events += crossings(sku, before=after - promisable[sku], after=after)
    for start in range(0, len(events), _BATCH):
        publish(*events[start : start + _BATCH])


def _totals(skus: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield what may be promised of each SKU in all warehouses, seen after every lock was granted."""
    rows = StockItem.objects.filter(sku__in=skus, warehouse__is_active=True).order_by().values("sku")
    totals = dict(rows.annotate(total=Sum(_PROMISABLE)).values_list("sku", "total"))
    for sku in skus:
        yield sku, totals.get(sku, 0)


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
