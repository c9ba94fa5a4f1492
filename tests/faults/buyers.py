"""
Buyers of scarce goods, and a judge of what they were told.

They know HTTP and SQL, and nothing of the project. A request is repeated with its key until it has an answer, so
there is no unknown outcome: every unit can be accounted for.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.contracts.client import Answer, Client

MOUNT = "/api/inventory"
_TRIES = 20
_THINKS_S = 0.1


@dataclass
class Told:
    """
    What the buyers were told.

    Attributes:
        status: of each reservation, by id, after its last step.
        units: of each reservation, (SKU, quantity).
        received: SKU to units.
        refused: how often there was not enough.
        faults: answers that nobody should get.
    """

    status: dict[str, str] = field(default_factory=dict)
    units: dict[str, tuple[str, int]] = field(default_factory=dict)
    received: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    faults: list[str] = field(default_factory=list)

    def sum_of(self, *statuses: str) -> Counter[str]:
        """Return SKU to units of the reservations with one of these statuses."""
        found: Counter[str] = Counter()
        for reservation, status in self.status.items():
            if status in statuses:
                sku, qty = self.units[reservation]
                found[sku] += qty
        return found


class Buyer(threading.Thread):
    """Reserves, and then commits, releases or keeps what it got; now and then it delivers."""

    def __init__(self, clients: Sequence[Client], warehouse: str, skus: Sequence[str], rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.told = Told()
        self.stop = threading.Event()
        self._clients, self._warehouse, self._skus, self._rng = clients, warehouse, skus, rng

    def run(self) -> None:
        try:
            while not self.stop.wait(self._rng.uniform(0, _THINKS_S)):
                self._deliver() if self._rng.random() < 0.1 else self._buy()
        except Exception as error:
            self.told.faults.append(repr(error))

    def _buy(self) -> None:
        sku, qty = self._rng.choice(self._skus), self._rng.randint(1, 3)
        lines = [{"sku": sku, "qty": qty}]
        answer = self._post("/reservations", {"order_id": str(uuid.uuid4()), "lines": lines})
        if answer.status == 409 and answer.json["code"] == "insufficient_stock":
            self.told.refused += 1
            return
        self._expect(answer, 201)
        reservation = answer.json["id"]
        self.told.units[reservation], self.told.status[reservation] = (sku, qty), "active"
        step = self._rng.choices(("commit", "release", None), (3, 5, 2))[0]
        if step:
            self._expect(ended := self._post(f"/reservations/{reservation}:{step}", {}), 200)
            self.told.status[reservation] = ended.json["status"]

    def _deliver(self) -> None:
        sku, qty = self._rng.choice(self._skus), self._rng.randint(1, 5)
        self._expect(self._post(f"/stock/{sku}/receipts", {"warehouse": self._warehouse, "qty": qty}), 201)
        self.told.received[sku] += qty

    def _post(self, path: str, body: Any) -> Answer:
        """Repeat at any door until there is an answer."""
        key = str(uuid.uuid4())
        for _ in range(_TRIES):
            try:
                answer = self._rng.choice(self._clients).create(path, body, key=key)
            except OSError:
                continue
            if answer.status != 503 and not (answer.status == 409 and answer.json["code"] == "idempotency_in_progress"):
                return answer
        raise AssertionError(f"no answer to {path}")

    def _expect(self, answer: Answer, status: int) -> None:
        if answer.status != status:
            raise AssertionError(f"{answer.status} instead of {status}: {answer.content[:300]!r}")


@contextmanager
def buying(doors: Sequence[str], token: str, skus: Sequence[str], *, seed: int, buyers: int = 6) -> Iterator[Told]:
    """Let buyers run until the block ends; what they were told is complete afterwards."""
    clients = [Client(door, token, MOUNT) for door in doors]
    warehouse = f"DOCK-{uuid.uuid4().hex[:8]}".upper()
    assert clients[0].create("/warehouses", {"code": warehouse}).status == 201
    told = Told()
    for sku in skus:
        assert clients[0].create(f"/stock/{sku}/receipts", {"warehouse": warehouse, "qty": 5}).status == 201
        told.received[sku] += 5
    crowd = [Buyer(clients, warehouse, skus, random.Random(f"{seed}:{number}")) for number in range(buyers)]
    for buyer in crowd:
        buyer.start()
    try:
        yield told
    finally:
        for buyer in crowd:
            buyer.stop.set()
        for buyer in crowd:
            buyer.join(120)
            told.status |= buyer.told.status
            told.units |= buyer.told.units
            told.received += buyer.told.received
            told.refused += buyer.told.refused
            told.faults += buyer.told.faults


def judge(database: str, told: Told) -> list[str]:
    """Return what the owner's rows say otherwise than the buyers were told; empty when nothing."""
    rows = _read(database, "SELECT id, status FROM inventory_reservation")
    there = {str(uuid.UUID(str(reservation))): status for reservation, status in rows}
    found = [f"lost: {r} {s}, there {there.get(r)}" for r, s in told.status.items() if there.get(r) != s]
    found += [f"never acknowledged: {r}" for r in there.keys() - told.status.keys()]
    shipped, held = told.sum_of("committed"), told.sum_of("active")
    moved = {sku: sums for sku, *sums in _read(database, _MOVED)}
    lines = dict(_read(database, _HELD))
    for sku, on_hand, reserved in _read(
        database, "SELECT sku, sum(on_hand), sum(reserved) FROM inventory_stock_item GROUP BY 1"
    ):
        if sku not in told.received:
            continue
        wanted = (told.received[sku] - shipped[sku], held[sku])
        seen = {"stock": (on_hand, reserved), "movements": tuple(moved[sku])}
        found += [f"{sku}: {what} say {numbers}, not {wanted}" for what, numbers in seen.items() if numbers != wanted]
        if lines.get(sku, 0) != reserved:
            found.append(f"{sku}: {reserved} reserved, lines hold {lines.get(sku, 0)}")
        if shipped[sku] + held[sku] > told.received[sku]:
            found.append(f"{sku}: oversold, {shipped[sku]} + {held[sku]} of {told.received[sku]}")
    return found


_MOVED = "SELECT sku, sum(delta_on_hand), sum(delta_reserved) FROM inventory_stock_movement GROUP BY 1"
_HELD = (
    "SELECT l.sku, sum(l.qty) FROM inventory_reservation_line l JOIN inventory_reservation r ON r.id = l.reservation_id"
    " WHERE r.status = 'active' GROUP BY 1"
)


def _read(database: str, statement: str) -> list[tuple[Any, ...]]:
    if database.startswith("postgres"):
        with psycopg.connect(database) as connection:
            return connection.execute(statement.encode()).fetchall()
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        return connection.execute(statement).fetchall()
