"""Stocks given SKUs believably, the same for the same seed, in batches that each assert ownership."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from uuid import UUID

from monolith.inventory import ledger
from monolith.inventory.domain import Reason
from monolith.inventory.ledger import Cause, Change, Place
from monolith.inventory.models import StockItem, Warehouse
from strangler.fence import owning
from strangler.hosting.batches import Progress

DEFAULT_SEED = 1
# Short enough that a switch which waits for a batch does not notice.
_BATCH = 250
_CAPABILITY = "inventory"
_CAUSE = Cause("seed", "", "seed")
_WAREHOUSES = (
    ("EAST", "12 Harbor Street, Newark NJ 07114", 10),
    ("CENTRAL", "400 Prairie Avenue, Columbus OH 43207", 20),
    ("WEST", "77 Mission Boulevard, Reno NV 89502", 30),
)


def stock_up(skus: Sequence[str], *, seed: int = DEFAULT_SEED) -> Iterator[Progress]:
    """
    Stock *skus* in three warehouses; a SKU that was ever received anywhere stays as it is.

    Yields:
        After each batch.

    Raises:
        Moved: this home does not own the inventory, or no longer; the batches before are kept.
    """
    with owning(_CAPABILITY):
        places = _warehouses()
    made = 0
    for start in range(0, len(skus), _BATCH):
        batch = skus[start : start + _BATCH]
        with owning(_CAPABILITY):
            made += _stock(batch, places, seed)
        yield Progress(start + len(batch), made)


def quantities(sku: str, *, seed: int = DEFAULT_SEED) -> dict[str, int]:
    """Return what a SKU has in each warehouse; one in twenty is sold out, one in ten nearly."""
    rng = random.Random(f"{seed}:{sku}")  # noqa: S311  repeats on purpose
    kind = rng.random()
    if kind < 0.05:
        return {_WAREHOUSES[0][0]: 0}
    codes = rng.sample([code for code, *_ in _WAREHOUSES], rng.choices((1, 2, 3), (20, 40, 40))[0])
    return {code: rng.randint(1, 3) if kind < 0.15 else rng.randint(5, 250) for code in sorted(codes)}


def _warehouses() -> dict[str, UUID]:
    Warehouse.objects.bulk_create(
        [Warehouse(code=code, address=address, priority=priority) for code, address, priority in _WAREHOUSES],
        ignore_conflicts=True,
    )
    return dict(Warehouse.objects.values_list("code", "id"))


def _stock(skus: Sequence[str], places: dict[str, UUID], seed: int) -> int:
    there = set(StockItem.objects.filter(sku__in=skus).values_list("sku", flat=True))
    wanted: dict[Place, int] = {
        (sku, places[code]): qty for sku in skus if sku not in there for code, qty in quantities(sku, seed=seed).items()
    }
    items = ledger.opened_at(wanted.keys())
    ledger.post(
        [
            Change(item, Reason.RECEIPT, _CAUSE, on_hand=qty)
            for item in items
            if (qty := wanted[item.sku, item.warehouse_id])
        ]
    )
    return len({sku for sku, _ in wanted})
