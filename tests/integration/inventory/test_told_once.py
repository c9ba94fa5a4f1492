"""Whoever makes the last unit go, or the first one come, says so: one of many at once, and never nobody."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.db import OperationalError, connections, transaction
from django.utils import timezone

from monolith.inventory import ledger
from monolith.inventory.models import Reservation, StockItem, Warehouse
from monolith.inventory.services.reservations import reservation_create, reservation_release, reservations_expire
from monolith.inventory.services.stock import stock_adjust, stock_protect, stock_receive
from monolith.inventory.services.warehouses import warehouse_create, warehouse_update
from tests.integration.inventory.crowd import at_once
from tests.unit.inventory.told import told, told_of

PLACES = ("EAST", "WEST")
WHO = {"actor": "a"}
ON_POSTGRESQL = pytest.mark.parametrize("homes", ["postgresql"], indirect=True)  # SQLite has no lock to take out


def receive(warehouse, sku="A", qty=1):
    stock_receive(warehouse=warehouse, quantities={sku: qty}, reference="", **WHO)
    return "received"


def lose(warehouse, sku="A"):
    stock_adjust(sku=sku, warehouse=warehouse, delta=-1, reason="", **WHO)
    return "lost"


def turn(code, is_active):
    warehouse_update(warehouse=Warehouse.objects.get(code=code), changes={"is_active": is_active})
    return "turned"


def counted(kind):
    """How often each SKU was told to be so."""
    skus = [one.aggregate for one in told("stock") if one.type == kind]
    return {sku: skus.count(sku) for sku in skus}


def assert_told_is_true():
    """Out and back take turns, and the last one says how it is, by plain addition."""
    available = dict.fromkeys(StockItem.objects.values_list("sku", flat=True), 0)
    for item in StockItem.objects.select_related("warehouse").filter(warehouse__is_active=True):
        available[item.sku] += max(0, item.on_hand - item.reserved - item.safety_stock)
    for sku, units in available.items():
        turns = [kind for kind, _, _ in told_of(sku) if kind in {"out", "back_in_stock"}]
        assert turns == [("back_in_stock", "out")[n % 2] for n in range(len(turns))], (sku, turns)
        assert bool(len(turns) % 2) == (units > 0), (sku, turns, units)


def test_first_receipts_in_two_warehouses_tell_once(shop):
    """There is no row yet that both could lock; they come in any order, and nobody waits in a circle."""
    for number in range(20):
        skus = [f"N-{number}", f"M-{number}", f"O-{number}"]

        def deliver(index, skus=skus):
            wanted = dict.fromkeys(skus if index % 3 else reversed(skus), 1)
            stock_receive(warehouse=PLACES[index % 2], quantities=wanted, reference="", **WHO)
            return "received"

        assert at_once(deliver, 4) == ["received"] * 4
    assert counted("back_in_stock") == {f"{word}-{number}": 1 for word in "NMO" for number in range(20)}
    assert_told_is_true()


def test_last_units_in_two_warehouses_tell_once(shop):
    """Each of the two leaves one behind, as far as it alone can see."""
    skus = [f"L-{number}" for number in range(20)]
    for warehouse in PLACES:
        stock_receive(warehouse=warehouse, quantities=dict.fromkeys(skus, 1), reference="", **WHO)
    for sku in skus:
        at_once(lambda index, sku=sku: lose(PLACES[index], sku), 2)
    assert counted("out") == dict.fromkeys(skus, 1)
    assert_told_is_true()


def test_last_unit_is_told_once_whoever_buys_it(shop):
    receive("EAST", qty=7)

    def buy(_):
        reservation_create(order_id=uuid.uuid4(), lines=[("A", 1)], **WHO)
        return "reserved"

    assert at_once(buy, 12).count("reserved") == 7
    assert [(kind, data) for kind, _, data in told_of("A")][1:] == [
        ("back_in_stock", {"sku": "A", "available": 7}),
        ("low", {"sku": "A", "available": 5, "threshold": 5}),
        ("out", {"sku": "A"}),
    ]


def test_warehouse_that_closes_while_others_fill_it(shop):
    """Also with SKUs that come to it for the first time meanwhile."""
    for round_ in range(10):
        acts = (
            lambda: turn("EAST", False),
            lambda n=round_: receive("EAST", f"NEW-{n}"),
            lambda: receive("EAST", "OLD"),
            lambda: receive("EAST", "OLD"),
        )
        at_once(lambda index, acts=acts: acts[index](), 4)
        assert_told_is_true()
        turn("EAST", True)
        assert_told_is_true()


def test_closing_stops_nobody_for_ever(shop):
    """Eight hands at four SKUs while warehouses open and close: no deadlock, and what was told is true."""
    skus = ("A", "B", "C", "D")
    for sku in skus:
        receive("EAST", sku, 3)

    def work(index):
        for step in range(12):
            sku, place = skus[(index + step) % 4], PLACES[(index + step // 2) % 2]
            act = (
                lambda sku=sku, place=place: receive(place, sku),
                lambda sku=sku, place=place: lose(place, sku),
                lambda sku=sku, place=place, qty=step % 3: stock_protect(sku=sku, warehouse=place, safety_stock=qty),
                _buy_and_give_back,
            )[(index + step) % 4]
            try:
                turn(place, step % 4 == 1) if index == 0 else act()
            except Exception as error:
                if not hasattr(error, "code"):
                    raise
        return "done"

    assert at_once(work, 8) == ["done"] * 8
    assert_told_is_true()


def _buy_and_give_back():
    lines = [("A", 1), ("C", 1)]
    row = reservation_create(order_id=uuid.uuid4(), lines=lines, allow_split=True, **WHO).reservation
    if row.id.int % 2:
        reservation_release(reservation_id=row.id, **WHO)
    else:
        Reservation.objects.filter(id=row.id).update(expires_at=timezone.now())
        reservations_expire(limit=5)


def _both_look_first(monkeypatch):
    """Let two hands see the totals before either commits; they would wait for each other if one had to wait."""
    look, together = ledger._totals, threading.Barrier(2)

    def look_together(skus):
        found = list(look(skus))
        together.wait(30)
        return found

    monkeypatch.setattr(ledger, "_totals", look_together)


@ON_POSTGRESQL
def test_without_taking_turns_both_tell_of_the_first_unit(shop, monkeypatch):
    """The first test above would tell: the ledger as it is, but that nobody begins the SKU's stream."""
    monkeypatch.setattr(ledger, "_take_turns", lambda skus: None)
    _both_look_first(monkeypatch)
    at_once(lambda index: receive(PLACES[index]), 2)
    assert counted("back_in_stock") == {"A": 2}


@ON_POSTGRESQL
def test_without_the_lock_of_the_whole_sku_nobody_tells_of_the_last_unit(shop, monkeypatch):
    """The second one would tell: each locks its own warehouse's row alone."""
    for warehouse in PLACES:
        receive(warehouse)

    def locked_here_alone(places):
        ((sku, warehouse_id),) = places
        rows = StockItem.objects.select_for_update(of=("self",)).select_related("warehouse")
        return list(rows.filter(sku=sku, warehouse=warehouse_id))

    monkeypatch.setattr(ledger, "locked_at", locked_here_alone)
    _both_look_first(monkeypatch)
    at_once(lambda index: lose(PLACES[index]), 2)
    assert counted("out") == {}
    with pytest.raises(AssertionError):
        assert_told_is_true()


@ON_POSTGRESQL
def test_without_standing_still_a_closed_warehouse_has_something_to_sell(shop, monkeypatch):
    """Neither the one who closes it nor the one who fills it sees the other."""
    both_have_acted = threading.Barrier(2)

    def act(index):
        with transaction.atomic():
            done = receive("EAST") if index else turn("EAST", False)
            both_have_acted.wait(30)
        return done

    monkeypatch.setattr(ledger, "stand_still", lambda: None)
    assert at_once(act, 2) == ["turned", "received"]
    with pytest.raises(AssertionError):
        assert_told_is_true()


@ON_POSTGRESQL
def test_stock_is_read_while_a_warehouse_closes(shop):
    """Writers of stock wait for it; readers, and whoever changes anything else, do not."""
    receive("EAST")
    with transaction.atomic():
        turn("EAST", False)

        def look(_):
            with connections["default"].cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            return StockItem.objects.get().on_hand, warehouse_create(code="NORTH").code

        def change(_):
            with connections["default"].cursor() as cursor:
                cursor.execute("SET lock_timeout = '50ms'")
            try:
                return receive("EAST")
            except OperationalError:
                return "waited"

        assert at_once(look, 1) == [(1, "NORTH")]
        assert at_once(change, 1) == ["waited"]
