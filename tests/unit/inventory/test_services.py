"""What the services promise beside what REST shows: locks apart, on one connection."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from monolith.inventory import ledger, selectors
from monolith.inventory.contract import (
    InsufficientStock,
    InvalidSku,
    InvalidTransition,
    OrderAlreadyReserved,
    OutOfBounds,
    ReservationExpired,
    UnknownReservation,
    UnknownSku,
    UnknownWarehouse,
    VersionConflict,
    WarehouseTaken,
)
from monolith.inventory.ledger import Cause, Change
from monolith.inventory.models import (
    Reservation,
    ReservationLine,
    ReservationStatusHistory,
    StockItem,
    StockMovement,
    Warehouse,
)
from monolith.inventory.recount import recount
from monolith.inventory.services import reservations, stock, warehouses
from monolith.inventory.services.reservations import (
    reservation_commit,
    reservation_create,
    reservation_extend,
    reservation_release,
    reservations_expire,
)
from monolith.kernel.append_only import AppendOnlyError

pytestmark = pytest.mark.django_db
WHO = {"actor": "a"}


@pytest.fixture(autouse=True)
def stocked():
    """10 of A and 5 of B in EAST, 4 of A in WEST; whatever a test does, the books are in order afterwards."""
    for code, priority in (("EAST", 1), ("WEST", 2)):
        warehouses.warehouse_create(code=code, priority=priority)
    stock.stock_receive(warehouse="EAST", quantities={"A": 10, "B": 5}, reference="r", **WHO)
    stock.stock_receive(warehouse="WEST", quantities={"A": 4}, reference="r", **WHO)
    yield
    assert recount() == []


def numbers(sku="A", warehouse="EAST"):
    item = StockItem.objects.get(sku=sku, warehouse__code=warehouse)
    return item.on_hand, item.reserved


def reserve(qty=3, sku="A", **more):
    made = reservation_create(order_id=uuid.uuid4(), lines=[(sku, qty)], **WHO, **more)
    return made.reservation


def lapse(row):
    """Its time has come."""
    Reservation.objects.filter(id=row.id).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_reserve_commit_and_release_move_the_numbers():
    kept, given_back = reserve(3), reserve(4)
    assert numbers() == (10, 7)
    reservation_commit(reservation_id=kept.id, **WHO)
    assert numbers() == (7, 4)
    reservation_release(reservation_id=given_back.id, **WHO)
    assert numbers() == (7, 0)


def test_every_change_leaves_its_movement():
    row = reserve(3)
    reservation_commit(reservation_id=row.id, **WHO)
    stock.stock_adjust(sku="A", warehouse="EAST", delta=-1, reason="broken", **WHO)
    found = StockMovement.objects.filter(sku="A", warehouse__code="EAST").order_by("at", "id")
    assert [(m.reason, m.delta_on_hand, m.delta_reserved, m.ref_type, m.note) for m in found] == [
        ("receipt", 10, 0, "receipt", ""),
        ("reserve", 0, 3, "reservation", ""),
        ("commit", -3, -3, "reservation", ""),
        ("adjustment", -1, 0, "adjustment", "broken"),
    ]
    assert {m.ref_id for m in found if m.ref_type == "reservation"} == {str(row.id)}


def test_all_lines_or_none():
    with pytest.raises(InsufficientStock):
        reservation_create(order_id=uuid.uuid4(), lines=[("A", 1), ("B", 6)], **WHO)
    assert (numbers("A"), numbers("B")) == ((10, 0), (5, 0))
    assert not Reservation.objects.exists()


def test_safety_stock_is_not_promised_but_may_be_counted_away():
    stock.stock_protect(sku="A", warehouse="EAST", safety_stock=8)
    with pytest.raises(InsufficientStock):
        reserve(7, allow_split=True)
    assert reserve(6, allow_split=True).lines.count() == 2
    stock.stock_adjust(sku="A", warehouse="EAST", delta=-8, reason="flood", **WHO)
    assert numbers() == (2, 2)
    with pytest.raises(InsufficientStock):
        stock.stock_adjust(sku="A", warehouse="EAST", delta=-1, reason="more", **WHO)


def test_inactive_warehouse_promises_nothing_and_keeps_its_stock():
    east = Warehouse.objects.get(code="EAST")
    warehouses.warehouse_update(warehouse=east, changes={"is_active": False})
    (level,) = selectors.stock(["A"])
    assert (level.on_hand, level.available) == (14, 4)
    assert [line.warehouse.code for line in reserve(4).lines.all()] == ["WEST"]
    with pytest.raises(InsufficientStock):
        reserve(1)


def test_unknown_sku_is_an_error_everywhere():
    """I7: never "in stock", and never "0 in stock" either."""
    for act in (
        lambda: selectors.stock(["A", "NOPE"]),
        lambda: reserve(1, "NOPE"),
        lambda: reserve(1, "no sku at all\0"),
        lambda: stock.stock_adjust(sku="NOPE", warehouse="EAST", delta=1, reason="x", **WHO),
        lambda: stock.stock_protect(sku="NOPE", warehouse="EAST", safety_stock=1),
        lambda: stock.stock_transfer(sku="NOPE", from_warehouse="EAST", to_warehouse="WEST", qty=1, **WHO),
        lambda: stock.stock_transfer(sku="B", from_warehouse="WEST", to_warehouse="EAST", qty=1, **WHO),
    ):
        with pytest.raises(UnknownSku):
            act()


def test_order_has_one_reservation():
    order = uuid.uuid4()
    first = reservation_create(order_id=order, lines=[("A", 2), ("B", 1)], **WHO)
    again = reservation_create(order_id=order, lines=[("B", 1), ("A", 2)], **WHO)
    assert (first.made, again.made, again.reservation.id) == (True, False, first.reservation.id)
    assert numbers() == (10, 2)
    with pytest.raises(OrderAlreadyReserved) as refusal:
        reservation_create(order_id=order, lines=[("A", 3), ("B", 1)], **WHO)
    assert refusal.value.context == {"reservation_id": str(first.reservation.id), "reservation_status": "active"}


def test_repeat_recognises_lines_that_were_split():
    order = uuid.uuid4()
    wanted = {"order_id": order, "lines": [("A", 12)], "allow_split": True, **WHO}
    assert reservation_create(**wanted).made
    assert not reservation_create(**wanted).made
    assert numbers("A", "WEST") == (4, 2)


@pytest.mark.parametrize(
    ("end", "other"), [(reservation_commit, reservation_release), (reservation_release, reservation_commit)]
)
def test_end_happens_once(end, other):
    row = reserve(3)
    done = end(reservation_id=row.id, **WHO)
    numbers_then = numbers()
    assert end(reservation_id=row.id, **WHO).status == done.status
    with pytest.raises(InvalidTransition) as refusal:
        other(reservation_id=row.id, **WHO)
    assert refusal.value.context["from"] == done.status
    assert refusal.value.context["allowed"] == []
    with pytest.raises(InvalidTransition):
        reservation_extend(reservation_id=row.id, until=timezone.now() + timedelta(hours=1))
    assert numbers() == numbers_then
    assert ReservationStatusHistory.objects.filter(reservation=row).count() == 1


def test_lapsed_reservation_is_over_before_and_after_the_sweep():
    row = reserve(3)
    lapse(row)
    for _ in range(2):
        for act in (
            lambda: reservation_commit(reservation_id=row.id, **WHO),
            lambda: reservation_release(reservation_id=row.id, **WHO),
            lambda: reservation_extend(reservation_id=row.id, until=timezone.now() + timedelta(hours=1)),
        ):
            with pytest.raises(ReservationExpired):
                act()
        assert selectors.status_of(selectors.reservation(row.id)) == "expired"
        reservations_expire(limit=10)
    assert numbers() == (10, 0)


def test_sweep_ends_what_is_due_oldest_first_and_no_more_than_the_limit():
    rows = [reserve(1), reserve(1), reserve(1), reserve(1, "B")]
    for row in rows[1:]:
        lapse(row)
    assert [reservations_expire(limit=2), reservations_expire(limit=2), reservations_expire(limit=2)] == [2, 1, 0]
    assert (numbers("A"), numbers("B")) == ((10, 1), (5, 0))
    assert set(Reservation.objects.values_list("status", flat=True)) == {"active", "expired"}
    assert ReservationStatusHistory.objects.filter(to_status="expired", actor="expiry").count() == 3


def test_step_is_decided_by_the_row_and_not_by_what_was_read():
    """The UPDATE's condition: where nothing locks rows, only that stands between two."""
    stale = reserve(3)
    reservation_commit(reservation_id=stale.id, **WHO)
    with pytest.raises(InvalidTransition):
        reservations._settle([stale], reservations.Status.RELEASED, "b", "")
    assert numbers() == (7, 0)


def test_extension_never_shortens():
    row = reserve(1, ttl_s=100)
    soon, late = (timezone.now() + timedelta(seconds=s) for s in (10, 1000))
    assert reservation_extend(reservation_id=row.id, until=soon).expires_at == row.expires_at
    assert reservation_extend(reservation_id=row.id, until=late).expires_at == late
    assert reservation_extend(reservation_id=row.id, until=timezone.now() - timedelta(days=1)).expires_at == late
    with pytest.raises(OutOfBounds):
        reservation_extend(reservation_id=row.id, until=timezone.now() + timedelta(days=8))


def test_transfer_moves_what_is_free():
    reserve(7)
    with pytest.raises(InsufficientStock):
        stock.stock_transfer(sku="A", from_warehouse="EAST", to_warehouse="WEST", qty=4, **WHO)
    done = stock.stock_transfer(sku="A", from_warehouse="EAST", to_warehouse="WEST", qty=3, **WHO)
    stock.stock_transfer(sku="B", from_warehouse="EAST", to_warehouse="WEST", qty=5, **WHO)
    assert (numbers("A"), numbers("A", "WEST"), numbers("B", "WEST")) == ((7, 7), (7, 0), (5, 0))
    moved = StockMovement.objects.filter(ref_id=str(done.id)).order_by("reason")
    assert [(m.reason, m.delta_on_hand) for m in moved] == [("transfer_in", 3), ("transfer_out", -3)]


def test_what_is_named_must_be_there():
    with pytest.raises(UnknownReservation):
        reservation_commit(reservation_id=uuid.uuid4(), **WHO)
    with pytest.raises(UnknownWarehouse):
        stock.stock_receive(warehouse="NORTH\0", quantities={"A": 1}, reference="", **WHO)
    with pytest.raises(InvalidSku):
        stock.stock_receive(warehouse="EAST", quantities={"no sku": 1}, reference="", **WHO)
    with pytest.raises(WarehouseTaken):
        warehouses.warehouse_create(code="EAST")


def test_second_of_two_changes_of_a_warehouse_is_refused():
    mine, yours = (Warehouse.objects.get(code="EAST") for _ in range(2))
    warehouses.warehouse_update(warehouse=mine, changes={"address": "1 Dock Road"})
    with pytest.raises(VersionConflict):
        warehouses.warehouse_update(warehouse=yours, changes={"address": "2 Dock Road"})


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (StockItem, {"on_hand": -1}),
        (StockItem, {"reserved": -1}),
        (StockItem, {"reserved": 1_000}),
        (StockItem, {"safety_stock": -1}),
        (StockItem, {"sku": "A"}),
        (Reservation, {"status": "lost"}),
        (ReservationLine, {"qty": 0}),
    ],
)
def test_database_refuses_what_no_service_would_write(model, change):
    """I1 and I2 hold against a shell, another role, a bug."""
    reserve(1)
    stock.stock_transfer(sku="B", from_warehouse="EAST", to_warehouse="WEST", qty=1, **WHO)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**change)


def test_ledger_cannot_be_overdrawn_by_a_caller_that_did_not_check():
    (item,) = ledger.locked(["B"])
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.post([Change(item, "reserve", Cause("test", "", "a"), reserved=6)])


def test_changes_of_one_item_add_up():
    """A batch of expiring reservations gives back units of one item more than once."""
    (item,) = ledger.locked(["B"])
    cause = Cause("test", "", "a")
    ledger.post([Change(item, "adjustment", cause, on_hand=units) for units in (1, 2, -4)])
    assert (numbers("B"), item.on_hand) == ((4, 0), 4)


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda row: row.save(),
        lambda row: row.delete(),
        lambda row: StockMovement.objects.update(actor="x"),
        lambda row: StockMovement.objects.all().delete(),
        lambda row: StockMovement.objects.bulk_update([row], ["actor"]),
        lambda row: StockMovement.objects.update_or_create(id=row.id, defaults={"actor": "x"}),
    ],
)
def test_movements_are_append_only(rewrite):
    with pytest.raises(AppendOnlyError), transaction.atomic():
        rewrite(StockMovement.objects.first())
    assert {m.actor for m in StockMovement.objects.all()} == {"a"}
