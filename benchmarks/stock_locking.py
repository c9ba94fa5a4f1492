"""
Two ways never to oversell (I6), on a real PostgreSQL, with many connections at once.

"lock" is the ledger of the inventory: rows locked ORDER BY (sku, warehouse), then decided upon. "conditional" reads
without a lock and takes with one UPDATE per row, in the same order, each on the condition that there is still enough;
where it fails, everything is rolled back and tried again on what is there now. Both write the same rows otherwise,
and after each run the books are counted. "sold out" has 20 units at the start, so nearly every answer is a refusal.
Run: python -m benchmarks.stock_locking [--seconds 3] [--rounds 3] [--connections 8]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import django
from django.conf import settings

from benchmarks.harness import commit, table
from tests.support.postgres import running_postgres

PLENTY = 10**8
TRIES = 50


class Demand(NamedTuple):
    """Orders of *lines* lines out of *skus* SKUs, of which each has *units* in two warehouses each."""

    name: str
    skus: int
    lines: int
    units: int = PLENTY


DEMANDS = (
    Demand("one SKU, 1 line", 1, 1),
    Demand("one SKU, sold out", 1, 1, units=20),
    Demand("20 SKUs, 5 lines", 20, 5),
    Demand("2,000 SKUs, 5 lines", 2_000, 5),
)
Way = Callable[[Sequence[tuple[str, int]]], None]


@dataclass
class Result:
    """What one run did."""

    latencies_ms: list[float] = field(default_factory=list)
    repeats: int = 0
    seconds: float = 0.0

    @property
    def per_s(self) -> float:
        """Answers per second."""
        return len(self.latencies_ms) / self.seconds

    def quantile(self, part: float) -> float:
        """Return a quantile of the latencies."""
        return sorted(self.latencies_ms)[int(part * (len(self.latencies_ms) - 1))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=8)
    given = parser.parse_args()
    with running_postgres("stock") as server:
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        django.setup()
        _use_postgres(server)
        rows = [row for demand in DEMANDS for row in _compare(demand, given)]
    setting = f"{given.connections} connections, medians of {given.rounds} rounds of {given.seconds:g} s"
    print(f"commit {commit()}, {setting}\n")
    print(table(["demand, way", "answers/s", "p50 ms", "p99 ms", "repeats per 100"], rows))


def _use_postgres(server: object) -> None:
    from django.core.management import call_command
    from django.db import connections

    entry = {
        "ENGINE": "django.db.backends.postgresql", "NAME": "stock", "USER": "strangler",
        "PASSWORD": server.password, "HOST": "127.0.0.1", "PORT": server.port,
    }  # fmt: skip
    del connections["default"]
    connections.settings["default"] = connections.configure_settings({"default": entry})["default"]
    settings.STRANGLER["FOLLOW"] = False
    call_command("migrate", verbosity=0)


def _compare(demand: Demand, given: argparse.Namespace) -> list[list[str]]:
    """Run all ways in turn, after one round of warming up, so that a busy moment meets everybody."""
    ways = {"lock": locking, "conditional": conditional}
    results: dict[str, list[Result]] = {name: [] for name in ways}
    for turn in range(given.rounds + 1):
        for name, way in ways.items():
            _stock(demand)
            result = _run(way, demand, given)
            _count_books(name)
            if turn:
                results[name].append(result)
    return [
        [
            f"{demand.name}, {name}",
            f"{_median(runs, lambda run: run.per_s):,.0f}",
            f"{_median(runs, lambda run: run.quantile(0.5)):.1f}",
            f"{_median(runs, lambda run: run.quantile(0.99)):.1f}",
            f"{_median(runs, lambda run: 100 * run.repeats / len(run.latencies_ms)):.1f}",
        ]
        for name, runs in results.items()
    ]


def _median(runs: Sequence[Result], figure: Callable[[Result], float]) -> float:
    return statistics.median(figure(run) for run in runs)


def _stock(demand: Demand) -> None:
    """Two warehouses with what there is, and nothing else."""
    from django.db import connection

    from monolith.inventory import models
    from monolith.inventory.services import stock, warehouses

    names = [model._meta.db_table for model in models.StockItem._meta.app_config.get_models()]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(names)}")
    for priority, code in enumerate(("EAST", "WEST")):
        warehouses.warehouse_create(code=code, priority=priority)
        for start in range(0, demand.skus, 200):
            some = {_sku(number): demand.units for number in range(start, min(start + 200, demand.skus))}
            stock.stock_receive(warehouse=code, quantities=some, reference="", actor="benchmark")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE inventory_stock_item")


def _run(way: Way, demand: Demand, given: argparse.Namespace) -> Result:
    from django.db import connections

    result, together = Result(), threading.Barrier(given.connections + 1)

    def buy(number: int) -> None:
        rng, mine = random.Random(number), []
        connections["default"].ensure_connection()
        together.wait()
        until = time.perf_counter() + given.seconds
        while (began := time.perf_counter()) < until:
            wanted = [(_sku(number), 1) for number in rng.sample(range(demand.skus), demand.lines)]
            result.repeats += _reserve(way, wanted)
            mine.append((time.perf_counter() - began) * 1e3)
        result.latencies_ms.extend(mine)
        connections.close_all()

    buyers = [threading.Thread(target=buy, args=(number,)) for number in range(given.connections)]
    for buyer in buyers:
        buyer.start()
    together.wait()
    began = time.perf_counter()
    for buyer in buyers:
        buyer.join()
    result.seconds = time.perf_counter() - began
    return result


def _reserve(way: Way, wanted: Sequence[tuple[str, int]]) -> int:
    """Return how often it had to be repeated until there was an answer."""
    from monolith.inventory.contract import InsufficientStock

    for repeats in range(TRIES):
        try:
            way(wanted)
        except InsufficientStock:
            return repeats
        except _Outrun:
            continue
        return repeats
    raise RuntimeError("outrun for ever")


class _Outrun(Exception):
    """Somebody else was faster."""


def locking(wanted: Sequence[tuple[str, int]]) -> None:
    """As the inventory does it."""
    from monolith.inventory.services.reservations import reservation_create

    reservation_create(order_id=uuid.uuid4(), lines=wanted, actor="benchmark")


def conditional(wanted: Sequence[tuple[str, int]]) -> None:
    """Read freely, then take row by row, each while there is enough."""
    from django.db import transaction
    from django.db.models import F, Q

    from monolith.inventory.models import StockItem

    with transaction.atomic():
        lines, changes = _decided(wanted, _items(wanted))
        for change in changes:
            free = F("on_hand") - F("reserved") - F("safety_stock")
            rows = StockItem.objects.alias(free=free).filter(Q(id=change.item.id) & Q(free__gte=change.reserved))
            if not rows.update(reserved=F("reserved") + change.reserved, version=F("version") + 1):
                raise _Outrun
        _record(lines, changes)


def _items(wanted: Sequence[tuple[str, int]]) -> list:
    from monolith.inventory.models import StockItem

    rows = StockItem.objects.select_related("warehouse").filter(sku__in=[sku for sku, _ in wanted])
    return list(rows.order_by("sku", "warehouse_id"))


def _decided(wanted: Sequence[tuple[str, int]], items: list) -> tuple[list, list]:
    """Make the reservation, and return its lines and changes in the order of the items."""
    from datetime import timedelta

    from django.utils import timezone

    from monolith.inventory.domain import Reason, allocate
    from monolith.inventory.ledger import Cause, Change
    from monolith.inventory.models import Reservation, ReservationLine
    from monolith.inventory.services.reservations import _shelves

    row = Reservation(order_id=uuid.uuid4(), expires_at=timezone.now() + timedelta(minutes=15))
    Reservation.objects.bulk_create([row], ignore_conflicts=True)
    Reservation.objects.get(order_id=row.order_id)
    takes = {take.shelf.item_id: take.qty for take in allocate(dict(wanted), _shelves(items), allow_split=False)}
    cause = Cause("reservation", str(row.id), "benchmark")
    taken = [item for item in items if item.id in takes]
    changes = [Change(item, Reason.RESERVE, cause, reserved=takes[item.id]) for item in taken]
    lines = [
        ReservationLine(reservation=row, sku=item.sku, warehouse_id=item.warehouse_id, qty=takes[item.id])
        for item in taken
    ]
    return lines, changes


def _record(lines: list, changes: list) -> None:
    from django.utils import timezone

    from monolith.inventory.ledger import _movement
    from monolith.inventory.models import ReservationLine, StockMovement

    ReservationLine.objects.bulk_create(lines)
    now = timezone.now()
    StockMovement.objects.bulk_create(_movement(change, now) for change in changes)


def _sku(number: int) -> str:
    return f"SKU-{number:04}"


def _count_books(way: str) -> None:
    from monolith.inventory.recount import recount

    if differences := recount():
        raise SystemExit(f"{way} loses units: {differences[0]}")


if __name__ == "__main__":
    main()
