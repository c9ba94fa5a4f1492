"""The rules of the inventory; no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from monolith.inventory.contract import InsufficientStock, OutOfBounds, StockBack, StockLow, StockOut
from monolith.inventory.contract import ReservationStatus as Status
from monolith.kernel.skus import SKU_PATTERN
from monolith.kernel.transitions import Transitions

WAREHOUSE_PATTERN = r"^[A-Z0-9][A-Z0-9-]{0,31}$"
LINES_MAX = 200
SKUS_MAX = 200
ORDERS_MAX = 200
QTY_MAX = 1_000_000_000
TTL_DEFAULT_S = 900
TTL_MAX_S = 7 * 86_400
TEXT_MAX = 500
LOW_STOCK = 5
"""A SKU is low while so many units or fewer may be promised: one number for all, so that both homes say the same."""
_SKU = re.compile(SKU_PATTERN)
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


class Reason(StrEnum):
    """Why stock moved."""

    RECEIPT = "receipt"
    ADJUSTMENT = "adjustment"
    RESERVE = "reserve"
    RELEASE = "release"
    COMMIT = "commit"
    RETURN = "return"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"


TRANSITIONS = Transitions(
    {
        Status.ACTIVE: frozenset({Status.COMMITTED, Status.RELEASED, Status.EXPIRED}),
        Status.COMMITTED: frozenset(),
        Status.RELEASED: frozenset(),
        Status.EXPIRED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """One SKU in one active warehouse: where an allocation may take from; a lower `priority` comes first."""

    item_id: UUID
    sku: str
    warehouse: str
    priority: int
    available: int


class Take(NamedTuple):
    """So many units from a shelf."""

    shelf: Shelf
    qty: int


class _Lack(NamedTuple):
    sku: str
    requested: int
    available: int


def is_sku(text: str) -> bool:
    """Whether *text* can be a SKU at all."""
    return _SKU.fullmatch(text) is not None


def is_text(text: str) -> bool:
    """Whether every database here can keep *text*: neither NUL nor half a surrogate pair, and not too long."""
    return len(text) <= TEXT_MAX and not _NOT_TEXT.search(text)


def check_text(text: str) -> None:
    """Raise OutOfBounds unless `is_text`."""
    if not is_text(text):
        raise OutOfBounds(f"A reason has at most {TEXT_MAX} characters, and no control character NUL.")


def available(*, on_hand: int, reserved: int, safety_stock: int) -> int:
    """Return what may be promised; never less than nothing, however large the safety stock."""
    return max(0, on_hand - reserved - safety_stock)


def crossings(sku: str, *, before: int, after: int) -> Iterator[StockLow | StockOut | StockBack]:
    """Yield what becomes true of a SKU when so many units may be promised in all warehouses together."""
    if before > LOW_STOCK >= after:
        yield StockLow(sku=sku, available=after, threshold=LOW_STOCK)
    if before > 0 >= after:
        yield StockOut(sku=sku)
    elif after > 0 >= before:
        yield StockBack(sku=sku, available=after)


def status_at(status: Status, expires_at: datetime, now: datetime) -> Status:
    """Return the status that counts: an active reservation has expired when its time has come, swept or not."""
    return Status.EXPIRED if status is Status.ACTIVE and expires_at <= now else status


def check_quantity(qty: int) -> None:
    """Raise OutOfBounds unless *qty* is 1 to `QTY_MAX`."""
    if not 1 <= qty <= QTY_MAX:
        raise OutOfBounds(f"A quantity is 1 to {QTY_MAX}, not {qty}.")


def check_ttl(ttl_s: int) -> None:
    """Raise OutOfBounds unless *ttl_s* is 1 to `TTL_MAX_S`."""
    if not 1 <= ttl_s <= TTL_MAX_S:
        raise OutOfBounds(f"A reservation lasts 1 to {TTL_MAX_S} seconds, not {ttl_s}.")


def wanted_of(lines: Sequence[tuple[str, int]]) -> dict[str, int]:
    """
    Return SKU to quantity.

    Raises:
        OutOfBounds: no line, too many, a SKU twice, or a quantity out of bounds.
    """
    wanted = dict(lines)
    if not 1 <= len(lines) <= LINES_MAX:
        raise OutOfBounds(f"A reservation has 1 to {LINES_MAX} lines, not {len(lines)}.")
    if len(wanted) < len(lines):
        raise OutOfBounds("A reservation names each SKU once.")
    for qty in wanted.values():
        check_quantity(qty)
    return wanted


def allocate(wanted: Mapping[str, int], shelves: Iterable[Shelf], *, allow_split: bool) -> list[Take]:
    """
    Choose where to take *wanted* (SKU to quantity) from, warehouses by priority.

    Args:
        allow_split: a line may come from several warehouses; otherwise one warehouse must have all lines.

    Raises:
        InsufficientStock: the lines that lack something. What is `available` of each is the sum over all
            warehouses, or, without splitting, what the warehouse that comes closest has.
    """
    ordered = sorted(shelves, key=lambda shelf: (shelf.priority, shelf.warehouse, shelf.sku))
    return _split(wanted, ordered) if allow_split else _from_one(wanted, ordered)


def _split(wanted: Mapping[str, int], ordered: Sequence[Shelf]) -> list[Take]:
    takes, lacks = [], []
    for sku, qty in wanted.items():
        found = list(_fill(qty, (shelf for shelf in ordered if shelf.sku == sku)))
        takes += found
        if (total := sum(take.qty for take in found)) < qty:
            lacks.append(_Lack(sku, qty, total))
    if lacks:
        raise insufficient(lacks)
    return takes


def _fill(qty: int, ordered: Iterator[Shelf]) -> Iterator[Take]:
    for shelf in ordered:
        if part := min(qty, shelf.available):
            yield Take(shelf, part)
            qty -= part


def _from_one(wanted: Mapping[str, int], ordered: Sequence[Shelf]) -> list[Take]:
    by_warehouse: dict[str, dict[str, Shelf]] = {}
    for shelf in ordered:
        by_warehouse.setdefault(shelf.warehouse, {})[shelf.sku] = shelf
    closest = [_Lack(sku, qty, 0) for sku, qty in wanted.items()]
    for there in by_warehouse.values():
        lacks = list(_lacking(wanted, there))
        if not lacks:
            return [Take(there[sku], qty) for sku, qty in wanted.items()]
        if _distance(lacks) < _distance(closest):
            closest = lacks
    raise insufficient(closest)


def _lacking(wanted: Mapping[str, int], there: Mapping[str, Shelf]) -> Iterator[_Lack]:
    for sku, qty in wanted.items():
        have = there[sku].available if sku in there else 0
        if have < qty:
            yield _Lack(sku, qty, have)


def _distance(lacks: Sequence[_Lack]) -> tuple[int, int]:
    """How far from a whole order: lines first, then units."""
    return len(lacks), sum(lack.requested - lack.available for lack in lacks)


def insufficient(lacks: Iterable[tuple[str, int, int]]) -> InsufficientStock:
    """Make the refusal of (sku, requested, available) lines."""
    lines = [_Lack(*lack)._asdict() for lack in lacks]
    return InsufficientStock(f"There is not enough of {', '.join(str(line['sku']) for line in lines)}.", lines=lines)
