"""I5 and I6 on real databases: nobody gets a unit that is not there, and nobody waits for ever."""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction
from django.utils import timezone

from monolith.inventory import ledger
from monolith.inventory.models import Reservation, StockItem
from monolith.inventory.recount import recount
from monolith.inventory.services.reservations import (
    reservation_commit,
    reservation_create,
    reservation_extend,
    reservation_release,
    reservations_expire,
)
from monolith.inventory.services.stock import stock_adjust, stock_protect, stock_receive, stock_transfer
from tests.integration.inventory.crowd import at_once

BUYERS, AVAILABLE, SAFETY = 24, 9, 3
WHO = {"actor": "a"}
ON_POSTGRESQL = pytest.mark.parametrize("homes", ["postgresql"], indirect=True)


def receive(**quantities):
    stock_receive(warehouse="EAST", quantities=quantities, reference="", **WHO)


def buy(lines, order=None):
    """Reserve, and say so."""
    reservation_create(order_id=order or uuid.uuid4(), lines=lines, **WHO)
    return "reserved"


def sell_out():
    """Let more buyers than units come at once."""
    receive(LAST=AVAILABLE + SAFETY)
    stock_protect(sku="LAST", warehouse="EAST", safety_stock=SAFETY)
    return Counter(at_once(lambda _: buy([("LAST", 1)]), BUYERS))


def assert_sold_out(outcomes):
    assert outcomes == {"reserved": AVAILABLE, "insufficient_stock": BUYERS - AVAILABLE}
    item = StockItem.objects.get(sku="LAST")
    assert (item.on_hand, item.reserved) == (AVAILABLE + SAFETY, AVAILABLE)
    assert Reservation.objects.count() == AVAILABLE
    assert recount() == []


def test_as_many_buyers_succeed_as_there_are_units(shop):
    """I5: exactly as many, with a safety stock that no CHECK of the table knows of."""
    assert_sold_out(sell_out())


@ON_POSTGRESQL  # SQLite admits one writer at a time: there is no lock to take out
def test_without_the_lock_too_many_succeed(shop, monkeypatch):
    """The test above would tell: this is the ledger as it is, but that nobody waits for anybody."""
    everybody_has_looked = threading.Barrier(BUYERS)

    def look(which):
        items = list(StockItem.objects.select_related("warehouse").filter(which))
        everybody_has_looked.wait(30)
        return items

    receive(LAST=AVAILABLE + SAFETY)
    stock_protect(sku="LAST", warehouse="EAST", safety_stock=SAFETY)
    monkeypatch.setattr(ledger, "_lock", look)

    def buy_or_crash(_):
        try:
            return buy([("LAST", 1)])
        except IntegrityError:
            return "crashed"  # on the CHECK, when even the safety stock is gone

    outcomes = Counter(at_once(buy_or_crash, BUYERS))
    assert outcomes["reserved"] == AVAILABLE + SAFETY
    with pytest.raises(AssertionError):
        assert_sold_out(outcomes)


def test_opposite_orders_do_not_deadlock(shop):
    """I6: lines come in any order, locks are taken in one."""
    skus = ("A", "B", "C", "D")
    receive(**dict.fromkeys(skus, 1_000))

    def buy_all(index):
        order = skus if index % 2 else tuple(reversed(skus))
        return {buy([(sku, 1) for sku in order]) for _ in range(10)} == {"reserved"}

    assert all(at_once(buy_all, 8))
    assert {item.reserved for item in StockItem.objects.all()} == {80}
    assert recount() == []


@ON_POSTGRESQL  # SQLite has one lock
def test_locks_in_the_callers_order_deadlock(shop, monkeypatch):
    """The same with locks taken as the lines come: PostgreSQL has to sacrifice one of the two."""
    receive(A=9, B=9)
    both_hold_one = threading.Barrier(2)

    def lock_one_by_one(skus):
        items = []
        for sku in skus:
            rows = StockItem.objects.select_for_update(of=("self",)).select_related("warehouse")
            items += rows.filter(sku=sku)
            if len(items) == 1:
                both_hold_one.wait(30)
        return items

    monkeypatch.setattr(ledger, "locked", lock_one_by_one)

    def buy_or_die(index):
        try:
            return buy([("A", 1), ("B", 1)] if index else [("B", 1), ("A", 1)])
        except OperationalError as error:
            return "deadlock" if "deadlock" in str(error) else str(error)

    assert Counter(at_once(buy_or_die, 2)) == {"reserved": 1, "deadlock": 1}


def test_many_requests_of_one_order_are_one_reservation(shop):
    """The second insert waits for the first and finds it, whatever keys the requests came with."""
    receive(A=100)
    order = uuid.uuid4()

    def reserve(_):
        done = reservation_create(order_id=order, lines=[("A", 2)], **WHO)
        return done.reservation.id, done.made

    outcomes = Counter(at_once(reserve, 8))
    assert len({reservation_id for reservation_id, _ in outcomes}) == 1
    assert sum(count for (_, made), count in outcomes.items() if made) == 1
    assert StockItem.objects.get().reserved == 2


@pytest.mark.parametrize("lapsed", [False, True])
def test_reservation_ends_once_whoever_comes_first(shop, lapsed):
    """Commit, release and sweeper at once."""
    receive(A=100)
    for _ in range(5):
        row = reservation_create(order_id=uuid.uuid4(), lines=[("A", 10)], **WHO).reservation
        if lapsed:
            Reservation.objects.filter(id=row.id).update(expires_at=timezone.now())
        before = StockItem.objects.get().on_hand
        ends = (
            lambda row=row: reservation_commit(reservation_id=row.id, **WHO).status,
            lambda row=row: reservation_release(reservation_id=row.id, **WHO).status,
            lambda: reservations_expire(limit=10),
        )
        outcomes = at_once(lambda index, ends=ends: ends[index % 3](), 6)
        reservations_expire(limit=10)  # both sweepers may have passed by while others held the row
        row.refresh_from_db()
        assert row.status == "expired" if lapsed else row.status in {"committed", "released"}, outcomes
        assert row.status_history.count() == 1
        item = StockItem.objects.get()
        assert (item.on_hand, item.reserved) == (before - 10 * (row.status == "committed"), 0)
        assert recount() == []


def test_sweepers_step_aside_for_each_other(shop):
    """SKIP LOCKED: any number of them may run, and nobody's reservation is expired twice."""
    receive(**{f"S-{n}": 24 for n in range(5)})
    for n in range(60):
        buy([(f"S-{n % 5}", 1), (f"S-{(n + 1) % 5}", 1)])
    Reservation.objects.update(expires_at=timezone.now())
    outcomes = at_once(lambda _: sum(reservations_expire(limit=7) for _ in range(6)), 4)
    assert sum(outcomes) + reservations_expire(limit=100) == 60
    assert not StockItem.objects.exclude(reserved=0).exists()
    assert recount() == []


@ON_POSTGRESQL
def test_sweeper_passes_by_a_reservation_that_somebody_works_on(shop):
    """It would wait for a slow writer otherwise, and a whole batch with it."""
    receive(A=10, B=10)
    for sku in ("A", "B"):
        buy([(sku, 1)])
    Reservation.objects.update(expires_at=timezone.now())
    with transaction.atomic():
        held = Reservation.objects.select_for_update().get(lines__sku="A")

        def sweep(_):
            with connections["default"].cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            return reservations_expire(limit=10)

        assert at_once(sweep, 1) == [1]
        held.refresh_from_db()
        assert held.status == "active"
    assert reservations_expire(limit=10) == 1


def test_books_are_in_order_after_anything_at_once(shop, seed):
    """Eight hands do what they like for a while: no deadlock, no crash, and I1 to I4 hold."""
    skus = [f"S-{n}" for n in range(4)]
    for warehouse in ("EAST", "WEST"):
        stock_receive(warehouse=warehouse, quantities=dict.fromkeys(skus, 15), reference="", **WHO)
    outcomes = Counter(
        what for done in at_once(lambda index: _busy(random.Random(f"{seed}:{index}"), skus), 8) for what in done
    )
    print(outcomes)
    assert recount() == []
    assert outcomes["reserved"] > 0
    assert all(0 <= i.reserved <= i.on_hand for i in StockItem.objects.all())


def _busy(rng, skus):
    done = []
    for _ in range(25):
        try:
            done.append(_anything(rng, skus))
        except Exception as error:
            if not hasattr(error, "code"):
                raise
            done.append(error.code)
    return tuple(done)


def _anything(rng, skus):
    sku, place, other = rng.choice(skus), *rng.sample(("EAST", "WEST"), 2)
    active = list(Reservation.objects.filter(status="active").values_list("id", flat=True)[:20])
    what = rng.choices(
        ("reserve", "commit", "release", "extend", "lapse", "expire", "receive", "adjust", "transfer"),
        (9, 3, 3, 1, 1, 2, 2, 2, 2),
    )[0]
    if what == "reserve":
        lines = [(each, rng.randint(1, 3)) for each in rng.sample(skus, rng.randint(1, 3))]
        reservation_create(order_id=uuid.uuid4(), lines=lines, allow_split=rng.random() < 0.5, **WHO)
        return "reserved"
    if what in {"commit", "release"} and active:
        (reservation_commit if what == "commit" else reservation_release)(reservation_id=rng.choice(active), **WHO)
    elif what == "extend" and active:
        reservation_extend(reservation_id=rng.choice(active), until=timezone.now() + timedelta(hours=rng.randint(1, 9)))
    elif what == "lapse" and active:
        Reservation.objects.filter(id=rng.choice(active)).update(expires_at=timezone.now())
    elif what == "expire":
        reservations_expire(limit=3)
    elif what == "receive":
        stock_receive(warehouse=place, quantities={sku: rng.randint(1, 5)}, reference="", **WHO)
    elif what == "adjust":
        stock_adjust(sku=sku, warehouse=place, delta=rng.choice((-2, -1, 1, 2)), reason="count", **WHO)
    elif what == "transfer":
        stock_transfer(sku=sku, from_warehouse=place, to_warehouse=other, qty=rng.randint(1, 3), **WHO)
    return what
