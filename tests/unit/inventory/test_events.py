"""Each event at its cause: exact payload, exact place in the order, and none when nothing has happened."""

import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from monolith.inventory.contract import (
    InsufficientStock,
    InvalidTransition,
    OutOfBounds,
    StockBack,
    StockLow,
    StockOut,
    UnknownSku,
    VersionConflict,
)
from monolith.inventory.domain import crossings
from monolith.inventory.models import Reservation, StockItem, Warehouse
from monolith.inventory.seed import stock_up
from monolith.inventory.services import stock, warehouses
from monolith.inventory.services.reservations import (
    reservation_commit,
    reservation_create,
    reservation_extend,
    reservation_release,
    reservations_expire,
)
from tests.unit.inventory.told import forget_told, told, told_of

WHO = {"actor": "a"}
LOW = 5  # what the README promises


@pytest.fixture
def places(db):
    """EAST before WEST, empty."""
    for priority, code in enumerate(("EAST", "WEST")):
        warehouses.warehouse_create(code=code, priority=priority)


@pytest.fixture
def stocked(places):
    """20 of A in EAST and 10 in WEST, 3 of B in EAST, told long ago."""
    receive("EAST", A=20, B=3)
    receive("WEST", A=10)
    forget_told()


def receive(warehouse, **quantities):
    stock.stock_receive(warehouse=warehouse, quantities=quantities, reference="DN-1", **WHO)


def reserve(**wanted):
    made = reservation_create(order_id=uuid.uuid4(), lines=list(wanted.items()), allow_split=True, **WHO)
    return made.reservation


def turn(code, is_active):
    warehouses.warehouse_update(warehouse=Warehouse.objects.get(code=code), changes={"is_active": is_active})


def protect(warehouse, qty, sku="A"):
    stock.stock_protect(sku=sku, warehouse=warehouse, safety_stock=qty)


def kinds(sku="A"):
    return [kind for kind, _, _ in told_of(sku)]


def test_first_receipt_tells_that_it_came_and_that_it_is_there(places):
    """A SKU's first event is its first, whatever else began before it."""
    receive("EAST", A=4, B=1)
    receive("WEST", A=2)
    assert told() == [
        ("received", "A", 1, {"sku": "A", "warehouse": "EAST", "qty": 4, "reference": "DN-1"}),
        ("back_in_stock", "A", 2, {"sku": "A", "available": 4}),
        ("received", "A", 3, {"sku": "A", "warehouse": "WEST", "qty": 2, "reference": "DN-1"}),
        ("received", "B", 1, {"sku": "B", "warehouse": "EAST", "qty": 1, "reference": "DN-1"}),
        ("back_in_stock", "B", 2, {"sku": "B", "available": 1}),
    ]


def test_receipt_into_a_closed_warehouse_is_a_receipt_only(places):
    turn("EAST", False)
    receive("EAST", A=4)
    assert kinds() == ["received"]
    turn("EAST", True)
    assert told_of("A")[1:] == [("back_in_stock", 2, {"sku": "A", "available": 4})]


def test_reservation_tells_what_was_asked_and_how_it_ended(stocked):
    """Split over warehouses, the lines are those of the order."""
    ends = [
        (reservation_commit, "reservation_committed"),
        (reservation_release, "reservation_released"),
    ]
    for end, kind in ends:
        row = reserve(B=1, A=2)
        end(reservation_id=row.id, **WHO)
        end(reservation_id=row.id, **WHO)  # a repeat has no effect, so there is nothing to tell
        ids = {"reservation_id": str(row.id), "order_id": str(row.order_id)}
        lines = [{"sku": "B", "qty": 1}, {"sku": "A", "qty": 2}]
        assert told_of(row.id) == [("reserved", 1, {**ids, "lines": lines}), (kind, 2, ids)]
    assert told("stock") == []


def test_repeat_of_an_order_and_more_time_tell_nothing(stocked):
    row = reserve(A=2)
    forget_told()
    again = reservation_create(order_id=row.order_id, lines=[("A", 2)], **WHO)
    assert not again.made
    reservation_extend(reservation_id=row.id, until=timezone.now() + timedelta(hours=5))
    assert told() == []


def test_sweep_tells_of_each_that_ran_out(stocked):
    """And of what is there again: once for a SKU, however many gave units back."""
    rows = [reserve(B=1), reserve(B=2), reserve(A=1)]
    assert kinds("B") == ["out"]
    Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    forget_told()
    reservations_expire(limit=10)
    assert {(one.type, one.aggregate, one.sequence) for one in told("reservation")} == {
        ("reservation_expired", str(row.id), 2) for row in rows
    }
    assert told_of(rows[0].id)[0][2] == {"reservation_id": str(rows[0].id), "order_id": str(rows[0].order_id)}
    assert [(one.type, one.data) for one in told("stock")] == [("back_in_stock", {"sku": "B", "available": 3})]


def test_adjustment_tells_what_and_why(stocked):
    stock.stock_adjust(sku="B", warehouse="EAST", delta=-1, reason="broken", **WHO)
    stock.stock_adjust(sku="B", warehouse="WEST", delta=2, reason="found", **WHO)
    before = 2  # the receipt, and that it is there
    assert told_of("B") == [
        ("adjusted", before + 1, {"sku": "B", "warehouse": "EAST", "delta": -1, "reason": "broken"}),
        ("adjusted", before + 2, {"sku": "B", "warehouse": "WEST", "delta": 2, "reason": "found"}),
    ]


def test_low_and_out_follow_their_cause(stocked):
    """The cause first, then what follows from it, nearest first."""
    stock.stock_adjust(sku="A", warehouse="EAST", delta=-20, reason="flood", **WHO)
    forget_told()
    stock.stock_adjust(sku="A", warehouse="WEST", delta=-10, reason="flood", **WHO)
    assert [(kind, data) for kind, _, data in told_of("A")] == [
        ("adjusted", {"sku": "A", "warehouse": "WEST", "delta": -10, "reason": "flood"}),
        ("low", {"sku": "A", "available": 0, "threshold": LOW}),
        ("out", {"sku": "A"}),
    ]


def test_low_is_told_once_for_each_fall(stocked):
    """30 of A: one above the line, on it, below it, above it again."""
    kept = reserve(A=24)
    assert kinds() == []
    for _ in range(3):
        reserve(A=1)
    assert [data for _, _, data in told_of("A")] == [{"sku": "A", "available": LOW, "threshold": LOW}]
    reservation_release(reservation_id=kept.id, **WHO)
    reserve(A=23)
    assert [data["available"] for _, _, data in told_of("A")] == [5, 4]


CAUSES = {
    "reserve": lambda: reserve(A=30),
    "safety stock": lambda: [protect("EAST", 20), protect("WEST", 99)],
    "warehouse": lambda: [turn("EAST", False), turn("WEST", False)],
    "transfer": lambda: [
        turn("WEST", False),
        stock.stock_transfer(sku="A", from_warehouse="EAST", to_warehouse="WEST", qty=20, **WHO),
    ],
    "adjust": lambda: [
        stock.stock_adjust(sku="A", warehouse=code, delta=-qty, reason="", **WHO)
        for code, qty in (("EAST", 20), ("WEST", 10))
    ],
}
CURES = {
    "receive": lambda: receive("EAST", A=1),
    "adjust": lambda: stock.stock_adjust(sku="A", warehouse="EAST", delta=1, reason="found", **WHO),
}
WAYS_BACK = {
    "reserve": lambda: [
        reservation_release(reservation_id=row.id, **WHO) for row in Reservation.objects.filter(status="active")
    ],
    "safety stock": lambda: protect("WEST", 0),
    "warehouse": lambda: turn("WEST", True),
    "transfer": lambda: turn("WEST", True),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_whatever_empties_it_tells_once(stocked, cause):
    """The first of two steps leaves something; what was out already cannot go out again."""
    CAUSES[cause]()
    assert [kind for kind in kinds() if kind != "adjusted"] == ["low", "out"]
    forget_told()
    protect("EAST", 100)
    turn("EAST", not Warehouse.objects.get(code="EAST").is_active)
    assert kinds() == []


@pytest.mark.parametrize("cause", WAYS_BACK)
def test_the_way_back_tells_how_much_there_is(stocked, cause):
    available = {"reserve": 30, "safety stock": 10, "warehouse": 10, "transfer": 30}[cause]
    CAUSES[cause]()
    forget_told()
    WAYS_BACK[cause]()
    assert [(kind, data) for kind, _, data in told_of("A")] == [("back_in_stock", {"sku": "A", "available": available})]


@pytest.mark.parametrize("cure", CURES)
def test_new_units_bring_it_back_unless_safety_stock_keeps_them(stocked, cure):
    CAUSES["adjust"]()
    forget_told()
    protect("EAST", 1)
    CURES[cure]()
    assert "back_in_stock" not in kinds()
    CURES[cure]()
    assert told_of("A")[-1][::2] == ("back_in_stock", {"sku": "A", "available": 1})


def test_shipping_tells_of_the_reservation_alone(stocked):
    """What is shipped could not be promised since it was reserved."""
    row = reserve(A=30)
    forget_told()
    reservation_commit(reservation_id=row.id, **WHO)
    assert [one.type for one in told()] == ["reservation_committed"]


def test_commit_under_a_raised_safety_stock_changes_nothing(stocked):
    """More is withheld than is there; units that leave take no promise with them."""
    row = reserve(A=20)
    protect("WEST", 99)
    forget_told()
    reservation_commit(reservation_id=row.id, **WHO)
    assert told("stock") == []


def test_closing_a_warehouse_tells_of_those_that_are_nowhere_else(stocked):
    """B lies in EAST alone; A falls to ten, which is not low."""
    turn("EAST", False)
    assert [(one.type, one.aggregate) for one in told()] == [("out", "B")]
    forget_told()
    turn("EAST", True)
    assert [(one.type, one.aggregate, one.data) for one in told()] == [
        ("back_in_stock", "B", {"sku": "B", "available": 3})
    ]


def test_other_changes_of_a_warehouse_tell_nothing(stocked):
    east = Warehouse.objects.get(code="EAST")
    warehouses.warehouse_update(warehouse=east, changes={"priority": 9, "is_active": True})
    assert told() == []


def test_refusals_tell_nothing(stocked):
    ended = reserve(A=1)
    reservation_release(reservation_id=ended.id, **WHO)
    stale = Warehouse.objects.get(code="EAST")
    warehouses.warehouse_update(warehouse=Warehouse.objects.get(code="EAST"), changes={"priority": 7})
    forget_told()
    for refused, act in (
        (InsufficientStock, lambda: reserve(A=1, B=4)),
        (UnknownSku, lambda: reserve(NOPE=1)),
        (InvalidTransition, lambda: reservation_commit(reservation_id=ended.id, **WHO)),
        (OutOfBounds, lambda: receive("EAST", A=1, B=0)),
        (InsufficientStock, lambda: stock.stock_adjust(sku="B", warehouse="EAST", delta=-4, reason="", **WHO)),
        (VersionConflict, lambda: warehouses.warehouse_update(warehouse=stale, changes={"is_active": False})),
    ):
        with pytest.raises(refused):
            act()
    assert told() == []


def test_events_go_with_the_transaction(stocked):
    """Rolled back with what they tell of; the next event takes the number."""
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        reserve(A=30)
        assert kinds() == ["low", "out"]
        raise ZeroDivisionError
    assert told() == []
    reserve(A=30)
    assert [sequence for _, sequence, _ in told_of("A")] == [4, 5]  # two receipts and a first time before


def test_seed_tells_what_has_become_available(db):
    """Nothing was received by anybody: the catalog learns what there is, and no more."""
    skus = [f"S-{number}" for number in range(40)]
    assert list(stock_up(skus))[-1].made == 40
    assert {(one.type, one.sequence) for one in told()} == {("back_in_stock", 1)}
    on_hand = StockItem.objects.order_by().values("sku").annotate(total=Sum("on_hand")).filter(total__gt=0)
    assert {one.aggregate: one.data["available"] for one in told()} == dict(on_hand.values_list("sku", "total"))
    assert 30 < len(told()) < 40  # some are sold out from the beginning
    forget_told()
    list(stock_up(skus))
    assert told() == []


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (0, 1, [StockBack(sku="A", available=1)]),
        (0, 99, [StockBack(sku="A", available=99)]),
        (1, 2, []),
        (5, 1, []),
        (5, 0, [StockOut(sku="A")]),
        (6, 5, [StockLow(sku="A", available=5, threshold=5)]),
        (7, 6, []),
        (99, 0, [StockLow(sku="A", available=0, threshold=5), StockOut(sku="A")]),
        (5, 6, []),
        (0, 0, []),
    ],
)
def test_crossings(before, after, events):
    assert list(crossings("A", before=before, after=after)) == events


def test_announcement_tells_how_it_is_and_changes_nothing(stocked, capsys):
    """For a subscriber that was not there when it happened."""
    reserve(B=3)
    forget_told()
    before = list(StockItem.objects.order_by("id").values())
    call_command("announce_stock")
    assert [(one.type, one.aggregate, one.data) for one in told("stock")] == [
        ("back_in_stock", "A", {"sku": "A", "available": 30}),
        ("out", "B", {"sku": "B"}),
    ]
    assert list(StockItem.objects.order_by("id").values()) == before
    assert capsys.readouterr().out == "2 SKUs announced.\n"
