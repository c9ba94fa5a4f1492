"""Where an order is taken from, and what a reservation may become."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from monolith.inventory.contract import InsufficientStock, OutOfBounds, ReservationStatus
from monolith.inventory.domain import TRANSITIONS, Shelf, allocate, available, is_sku, is_text, status_at, wanted_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def shelf(sku, warehouse, units, *, priority=1):
    return Shelf(uuid.uuid4(), sku, warehouse, priority, units)


def taken(wanted, *shelves, split=False):
    return {(t.shelf.sku, t.shelf.warehouse): t.qty for t in allocate(wanted, shelves, allow_split=split)}


def lines(refusal):
    return {line["sku"]: (line["requested"], line["available"]) for line in refusal.value.context["lines"]}


def test_one_warehouse_has_it_all_by_priority():
    """The first that has everything, although an earlier one has some of it."""
    shelves = [shelf("A", "X", 9), shelf("B", "X", 1), shelf("A", "Y", 9, priority=2), shelf("B", "Y", 9, priority=2)]
    assert taken({"A": 2, "B": 1}, *reversed(shelves)) == {("A", "X"): 2, ("B", "X"): 1}
    assert taken({"A": 2, "B": 2}, *reversed(shelves)) == {("A", "Y"): 2, ("B", "Y"): 2}


def test_same_priority_is_decided_by_code():
    assert taken({"A": 1}, shelf("A", "Z", 5), shelf("A", "Y", 5)) == {("A", "Y"): 1}


def test_split_takes_by_priority_until_it_is_enough():
    shelves = [shelf("A", "Z", 5, priority=3), shelf("A", "X", 2), shelf("A", "Y", 2, priority=2)]
    assert taken({"A": 5}, *shelves, split=True) == {("A", "X"): 2, ("A", "Y"): 2, ("A", "Z"): 1}


def test_without_split_enough_in_all_is_not_enough():
    """What is told as available is what the closest warehouse has, and every line that lacks something is told."""
    shelves = [shelf("A", "X", 2), shelf("B", "X", 5), shelf("A", "Y", 3, priority=2)]
    with pytest.raises(InsufficientStock) as refusal:
        taken({"A": 4, "B": 5}, *shelves)
    assert lines(refusal) == {"A": (4, 2)}


def test_each_half_elsewhere_is_still_told():
    with pytest.raises(InsufficientStock) as refusal:
        taken({"A": 1, "B": 1}, shelf("A", "X", 1), shelf("B", "Y", 1))
    assert lines(refusal) == {"B": (1, 0)}


def test_split_tells_what_all_warehouses_have_together():
    with pytest.raises(InsufficientStock) as refusal:
        taken({"A": 6, "B": 1}, shelf("A", "X", 2), shelf("A", "Y", 3), shelf("B", "X", 1), split=True)
    assert lines(refusal) == {"A": (6, 5)}


@pytest.mark.parametrize("split", [True, False])
def test_nowhere_is_nothing_available(split):
    with pytest.raises(InsufficientStock) as refusal:
        taken({"A": 1}, split=split)
    assert lines(refusal) == {"A": (1, 0)}


def test_available_is_never_below_nothing():
    assert available(on_hand=5, reserved=1, safety_stock=2) == 2
    assert available(on_hand=5, reserved=5, safety_stock=2) == 0


def test_time_ends_a_reservation_before_anybody_sweeps():
    """At the moment itself it is over."""
    for status in ReservationStatus:
        later = ReservationStatus.EXPIRED if status == "active" else status
        assert status_at(status, NOW, NOW - timedelta(microseconds=1)) is status
        assert status_at(status, NOW, NOW) is later


def test_every_end_is_final():
    assert TRANSITIONS.after(ReservationStatus.ACTIVE) == {"committed", "released", "expired"}
    assert all(not TRANSITIONS.after(status) for status in ReservationStatus if status != "active")


@pytest.mark.parametrize(
    "given",
    [[], [("A", 0)], [("A", -1)], [("A", 10**9 + 1)], [("A", 1), ("A", 1)], [(f"A{n}", 1) for n in range(201)]],
    ids=["none", "nothing", "negative", "too much", "twice", "too many"],
)
def test_lines_out_of_bounds_are_refused(given):
    with pytest.raises(OutOfBounds):
        wanted_of(given)


def test_sku_and_text():
    assert all(is_sku(sku) for sku in ("A", "KIMUG-00001-2", "9.A_b".upper()))
    assert not any(is_sku(sku) for sku in ("", "a", "-A", "A B", "A\0", "A" * 65, "A\n"))
    assert is_text("Grün \U0001f4e6")
    assert not any(is_text(text) for text in ("\0", "\ud800", "x" * 501))
