"""What the clock starts: once in a period, by the owner; real workers are in tests/integration/events."""

import uuid
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monolith.inventory import capability, tasks
from monolith.inventory.models import InventoryOutbox, InventoryOutboxCopy, Reservation
from monolith.inventory.services.reservations import reservation_create
from monolith.inventory.services.stock import stock_receive
from monolith.inventory.services.warehouses import warehouse_create
from strangler.hosting.celery import app
from strangler.transport.queues import EVERY
from tests.unit.inventory.told import told, told_of

pytestmark = pytest.mark.django_db
AGES_S = 1e12
WHO = {"actor": "a"}


@pytest.fixture(autouse=True)
def stocked():
    """Ten of A, and three reservations whose time has come."""
    warehouse_create(code="EAST")
    stock_receive(warehouse="EAST", quantities={"A": 10}, reference="", **WHO)
    lapsed(3)


def lapsed(number):
    for _ in range(number):
        reservation_create(order_id=uuid.uuid4(), lines=[("A", 1)], **WHO)
    Reservation.objects.filter(status="active").update(expires_at=timezone.now())


@contextmanager
def tick(task):
    """Let a worker have taken what the clock has sent."""
    task.push_request(id=str(uuid.uuid4()), called_directly=False, args=(), kwargs={}, headers={EVERY: AGES_S})
    try:
        yield
    finally:
        task.pop_request()


def statuses():
    return sorted(Reservation.objects.values_list("status", flat=True))


def lose_the_rows():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE strangler_ownership SET owner = 'service', epoch = 2 WHERE capability = 'inventory'")


def age(days=2):
    """Let everything that was told have been told a while ago."""
    InventoryOutbox.objects.update(created_at=timezone.now() - timedelta(days=days))


def test_what_is_periodic_has_a_task_of_this_name():
    """A beat that names a task nobody has would fail in the worker, every few seconds."""
    assert capability.PERIODIC.keys() <= app.tasks.keys()
    assert {app.tasks[name].capability for name in capability.PERIODIC} == {"inventory"}


def test_second_tick_in_a_period_does_nothing():
    with tick(tasks.expire_reservations):
        assert tasks.expire_reservations() == 3
    lapsed(1)
    with tick(tasks.expire_reservations):
        assert tasks.expire_reservations() is None
    assert statuses() == ["active", "expired", "expired", "expired"]


def test_who_asks_by_hand_is_not_kept_waiting_by_the_clock():
    with tick(tasks.expire_reservations):
        tasks.expire_reservations()
    lapsed(1)
    assert tasks.expire_reservations() == 1


@pytest.mark.parametrize("task", [tasks.expire_reservations, tasks.purge_idempotency])
def test_home_that_does_not_own_the_rows_skips(task):
    age()
    before = told()
    lose_the_rows()
    with tick(task):
        assert task() is None
    assert task() is None
    assert (statuses(), told()) == (["active"] * 3, before)


def test_every_batch_is_worked_on(monkeypatch):
    monkeypatch.setattr(tasks, "_BATCH", 2)
    assert tasks.expire_reservations() == 3
    assert statuses() == ["expired"] * 3


def test_purge_takes_events_that_everybody_had_a_day_ago():
    """The catalog has not confirmed that A is there; streams stay, or the next event would be the first again."""
    age()
    assert tasks.purge_idempotency() == len(["received", *["reserved"] * 3])
    assert [(one.type, one.aggregate) for one in told()] == [("back_in_stock", "A")]
    InventoryOutboxCopy.objects.update(confirmed_at=timezone.now())
    assert tasks.purge_idempotency() == len(["event", "copy"])
    stock_receive(warehouse="EAST", quantities={"A": 1}, reference="", **WHO)
    assert [sequence for _, sequence, _ in told_of("A")] == [3]
    assert tasks.purge_idempotency() == 0


def test_purge_forgets_the_ticks_of_days_before():
    with tick(tasks.expire_reservations):
        tasks.expire_reservations()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM inventory_inbox")
        assert cursor.fetchone() == (1,)
        cursor.execute("UPDATE inventory_inbox SET handled_at = %s", [timezone.now() - timedelta(days=2)])
    assert tasks.purge_idempotency() == 1
