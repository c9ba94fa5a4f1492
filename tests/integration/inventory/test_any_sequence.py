"""After any sequence of operations the books, and the events, say what a plain model says, and I1 to I4 hold."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from monolith.inventory import ledger, models, selectors
from monolith.inventory.recount import recount
from monolith.inventory.services import reservations, stock, warehouses
from strangler.errors import ContractError
from tests.support.fixtures import long_version
from tests.unit.inventory.told import forget_told, told

ORDER = ("ZEBRA", "ALPHA")  # by priority, which is not the order of the alphabet
SKUS = ("A", "B", "C")
WHO = {"actor": "model"}
LOW = 5
TABLES = (
    models.InventoryOutbox,
    models.InventoryOutboxStream,
    models.StockMovement,
    models.ReservationStatusHistory,
    models.ReservationLine,
    models.Reservation,
    models.StockItem,
    models.Warehouse,
)
sku_of, place_of = st.sampled_from(SKUS), st.sampled_from(ORDER)
units = st.integers(1, 9)


class Books:
    """What should be true, by addition and subtraction alone."""

    def __init__(self) -> None:
        self.on_hand: dict[tuple[str, str], int] = {}
        self.safety: dict[tuple[str, str], int] = {}
        self.closed: set[str] = set()
        self.orders: dict[uuid.UUID, dict] = {}

    def known(self, sku: str) -> bool:
        return any(there == sku for there, _ in self.on_hand)

    def reserved(self, sku: str, place: str) -> int:
        active = (order for order in self.orders.values() if order["status"] == "active")
        return sum(order["held"].get((sku, place), 0) for order in active)

    def free(self, sku: str, place: str) -> int:
        return self.on_hand.get((sku, place), 0) - self.reserved(sku, place)

    def available(self, sku: str, place: str) -> int:
        if place in self.closed:
            return 0
        return max(0, self.free(sku, place) - self.safety.get((sku, place), 0))

    def totals(self) -> dict[str, int]:
        """What may be promised of each SKU, wherever it is."""
        return {sku: sum(self.available(sku, place) for place in ORDER) for sku in SKUS}

    def held_for(self, wanted: dict[str, int], split: bool) -> dict[tuple[str, str], int] | None:
        """Return what a reservation should hold; None when it should be refused."""
        if not split:
            for place in ORDER:
                if all(self.available(sku, place) >= qty for sku, qty in wanted.items()):
                    return {(sku, place): qty for sku, qty in wanted.items()}
            return None
        held = {}
        for sku, qty in wanted.items():
            for place in ORDER:
                part = min(qty, self.available(sku, place))
                if part > 0:
                    held[sku, place] = part
                qty -= part
            if qty:
                return None
        return held


def outcome(act, *args, **kwargs):
    """Return ("done", result) or the code of the refusal."""
    try:
        return "done", act(*args, **kwargs)
    except ContractError as refusal:
        return refusal.code, None


class Shop(RuleBasedStateMachine):
    """Does to the services what it does to the books."""

    made = Bundle("reservations")

    def __init__(self) -> None:
        super().__init__()
        with connection.cursor() as cursor:
            for model in TABLES:
                cursor.execute(f"DELETE FROM {model._meta.db_table}")
        for priority, code in enumerate(ORDER):
            warehouses.warehouse_create(code=code, priority=priority)
        self.books = Books()
        self.before = self.books.totals()

    @rule(sku=sku_of, place=place_of, qty=units)
    def receive(self, sku, place, qty):
        stock.stock_receive(warehouse=place, quantities={sku: qty}, reference="", **WHO)
        self.books.on_hand[sku, place] = self.books.on_hand.get((sku, place), 0) + qty

    @rule(sku=sku_of, place=place_of, delta=st.integers(-9, 9).filter(bool))
    def adjust(self, sku, place, delta):
        said, _ = outcome(stock.stock_adjust, sku=sku, warehouse=place, delta=delta, reason="count", **WHO)
        if not self.books.known(sku):
            assert said == "unknown_sku"
        elif self.books.free(sku, place) + delta < 0:
            assert said == "insufficient_stock"
        else:
            assert said == "done"
            self.books.on_hand[sku, place] = self.books.on_hand.get((sku, place), 0) + delta

    @rule(sku=sku_of, place=place_of, qty=st.integers(0, 5))
    def protect(self, sku, place, qty):
        said, _ = outcome(stock.stock_protect, sku=sku, warehouse=place, safety_stock=qty)
        assert said == ("done" if self.books.known(sku) else "unknown_sku")
        if said == "done":
            self.books.safety[sku, place] = qty
            self.books.on_hand.setdefault((sku, place), 0)

    @rule(sku=sku_of, source=place_of, qty=units)
    def transfer(self, sku, source, qty):
        (target,) = set(ORDER) - {source}
        said, _ = outcome(stock.stock_transfer, sku=sku, from_warehouse=source, to_warehouse=target, qty=qty, **WHO)
        if (sku, source) not in self.books.on_hand:
            assert said == "unknown_sku"
        elif self.books.free(sku, source) < qty:
            assert said == "insufficient_stock"
        else:
            assert said == "done"
            self.books.on_hand[sku, source] -= qty
            self.books.on_hand[sku, target] = self.books.on_hand.get((sku, target), 0) + qty

    @rule(place=place_of)
    def open_or_close(self, place):
        row = models.Warehouse.objects.get(code=place)
        warehouses.warehouse_update(warehouse=row, changes={"is_active": not row.is_active})
        self.books.closed ^= {place}

    @rule(target=made, wanted=st.dictionaries(sku_of, units, min_size=1), split=st.booleans())
    def reserve(self, wanted, split):
        order = uuid.uuid4()
        said, done = self._reserve(order, wanted, split)
        if not all(map(self.books.known, wanted)):
            assert said == "unknown_sku"
        elif (held := self.books.held_for(wanted, split)) is None:
            assert said == "insufficient_stock"
        else:
            assert (said, done.made) == ("done", True)
            self.books.orders[order] = {
                "id": done.reservation.id, "status": "active", "lapsed": False, "held": held, "wanted": wanted
            }  # fmt: skip
        return order

    def _reserve(self, order, wanted, split):
        lines = list(wanted.items())
        return outcome(reservations.reservation_create, order_id=order, lines=lines, allow_split=split, **WHO)

    @rule(order=made, split=st.booleans())
    def reserve_again(self, order, split):
        if known := self.books.orders.get(order):
            said, done = self._reserve(order, known["wanted"], split)
            assert (said, done.made, done.reservation.id) == ("done", False, known["id"])

    @rule(order=made, to=st.sampled_from(["committed", "released"]))
    def end(self, order, to):
        if not (known := self.books.orders.get(order)):
            return
        act = {"committed": reservations.reservation_commit, "released": reservations.reservation_release}[to]
        said, _ = outcome(act, reservation_id=known["id"], **WHO)
        if known["lapsed"]:
            assert said == "reservation_expired"
        elif known["status"] == "active":
            assert said == "done"
            if to == "committed":
                for place, qty in known["held"].items():
                    self.books.on_hand[place] -= qty
            known["status"] = to
        else:
            assert said == ("done" if known["status"] == to else "invalid_transition")

    @rule(order=made)
    def extend(self, order):
        if known := self.books.orders.get(order):
            until = timezone.now() + timedelta(hours=2)
            said, _ = outcome(reservations.reservation_extend, reservation_id=known["id"], until=until)
            ended = "reservation_expired" if known["lapsed"] else "invalid_transition"
            assert said == ("done" if known["status"] == "active" and not known["lapsed"] else ended)

    @rule(order=consumes(made))
    def time_passes(self, order):
        known = self.books.orders.get(order)
        if known and known["status"] == "active":
            models.Reservation.objects.filter(id=known["id"]).update(expires_at=timezone.now())
            known["lapsed"] = True

    @rule(limit=st.integers(1, 3))
    def sweep(self, limit):
        due = [known for known in self.books.orders.values() if known["lapsed"] and known["status"] == "active"]
        assert reservations.reservations_expire(limit=limit) == min(limit, len(due))
        for known in due:
            known["status"] = models.Reservation.objects.get(id=known["id"]).status
        assert sum(known["status"] == "expired" for known in due) == min(limit, len(due))

    @invariant()
    def books_agree(self):
        items = models.StockItem.objects.select_related("warehouse")
        found = {(item.sku, item.warehouse.code): (item.on_hand, item.reserved) for item in items}
        assert found == {
            (sku, place): (on_hand, self.books.reserved(sku, place))
            for (sku, place), on_hand in self.books.on_hand.items()
        }
        assert recount() == []

    @invariant()
    def available_is_told(self):
        known = [sku for sku in SKUS if self.books.known(sku)]
        for level in selectors.stock(known) if known else []:
            assert level.available == self.books.totals()[level.sku]

    @invariant()
    def crossings_are_told(self):
        """Each step tells which lines a total has crossed, and no other."""
        found = {sku: [] for sku in SKUS}
        for one in told("stock"):
            if one.type not in {"received", "adjusted"}:
                found[one.aggregate].append((one.type, one.data.get("available")))
        forget_told()
        for sku, now in self.books.totals().items():
            before, self.before[sku] = self.before[sku], now
            fell = [("low", now)] * (before > LOW >= now)
            assert found[sku] == [
                *fell,
                *[("out", None)] * (before > 0 == now),
                *[("back_in_stock", now)] * (now > 0 == before),
            ]


@pytest.mark.parametrize("examples", [40, long_version(400, timeout_s=1_800)])
def test_books_say_what_the_model_says(homes, examples):
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def _careless_receipt(monkeypatch):
    """One more comes onto the shelf than into the books."""
    real = stock.stock_receive

    def careless(**given):
        real(**given)
        models.StockItem.objects.update(on_hand=F("on_hand") + 1)

    monkeypatch.setattr(stock, "stock_receive", careless)


def _silent_warehouse(monkeypatch):
    """A warehouse closes, and nobody is told."""
    monkeypatch.setattr(ledger, "tell_of_warehouse", lambda warehouse: None)


def _told_per_warehouse(monkeypatch):
    """What one warehouse no longer has is told, whatever the others have."""
    real = ledger.crossings
    monkeypatch.setattr(ledger, "crossings", lambda sku, *, before, after: real(sku, before=before - after, after=0))


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
@pytest.mark.parametrize("broken", [_careless_receipt, _silent_warehouse, _told_per_warehouse])
def test_model_notices_what_is_wrong(homes, monkeypatch, broken):
    """The machine is no ornament."""
    broken(monkeypatch)
    quick = settings(
        max_examples=200, deadline=None, database=None, phases=[Phase.generate], report_multiple_bugs=False
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Shop, settings=quick)
