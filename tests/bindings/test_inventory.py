"""What other apps ask of the inventory, in every binding: here, through the wire's form, and of its service."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monolith.inventory.contract import (
    Held,
    InsufficientStock,
    InvalidSku,
    InvalidTransition,
    Inventory,
    Line,
    OrderAlreadyReserved,
    OutOfBounds,
    Place,
    Reservation,
    ReservationExpired,
    ReservationStatus,
    StockLevel,
    UnknownReservation,
    UnknownSku,
    UnknownWarehouse,
    inventory,
)
from strangler.contract import CommandKeyReused
from tests.bindings.conftest import bound
from tests.contracts.client import Client
from tests.support.platform import Platform
from tests.support.processes import eventually

pytestmark = pytest.mark.platform


@pytest.fixture
def client(platform: Platform, binding: str, django_db_blocker: Any) -> Iterator[Inventory]:
    with django_db_blocker.unblock(), bound(inventory, platform, binding) as client:
        yield client


@pytest.fixture
def dock(platform: Platform, client: Inventory) -> str:
    """A warehouse of this test alone; the contract makes none."""
    code = f"D{uuid.uuid4().hex[:10]}".upper()
    staff = Client(platform.public["monolith"], platform.token, "/api/inventory")
    assert staff.create("/warehouses", {"code": code}).status == 201
    return code


@pytest.fixture
def sku(client: Inventory, dock: str) -> str:
    """A SKU with ten units."""
    sku = f"S{uuid.uuid4().hex[:10]}".upper()
    client.receive(receipt_id=uuid.uuid4(), warehouse=dock, lines=(Line(sku=sku, qty=10),))
    return sku


def numbers(client: Inventory, sku: str) -> tuple[int, int, int]:
    (level,) = client.stock(skus=(sku,))
    return level.on_hand, level.reserved, level.available


def reserve(client: Inventory, sku: str, qty: int, **more: Any) -> Reservation:
    return client.reserve(order_id=uuid.uuid4(), lines=(Line(sku=sku, qty=qty),), **more)


def test_stock_is_told_per_warehouse(client: Inventory, dock: str, sku: str) -> None:
    place = Place(warehouse=dock, on_hand=10, reserved=0, available=10)
    level = StockLevel(sku=sku, on_hand=10, reserved=0, available=10, places=(place,))
    assert client.stock(skus=(sku, sku)) == (level,)


def test_receipt_is_received_once(client: Inventory, dock: str, sku: str) -> None:
    receipt, other = uuid.uuid4(), f"{sku}-2"
    lines = (Line(sku=other, qty=3), Line(sku=sku, qty=1))
    for _ in range(2):
        levels = client.receive(receipt_id=receipt, warehouse=dock, lines=lines)
        assert [(level.sku, level.on_hand) for level in levels] == [(other, 3), (sku, 11)]
    with pytest.raises(CommandKeyReused):
        client.receive(receipt_id=receipt, warehouse=dock, lines=lines[:1])


def test_reservation_is_made_once_per_order(client: Inventory, dock: str, sku: str) -> None:
    order = uuid.uuid4()
    wanted = {"order_id": order, "lines": (Line(sku=sku, qty=4),)}
    made = client.reserve(**wanted)
    assert (made.order_id, made.status, type(made.status)) == (order, "active", ReservationStatus)
    assert made.held == (Held(sku=sku, warehouse=dock, qty=4),)
    assert timedelta(minutes=14) < made.expires_at - datetime.now(UTC) < timedelta(minutes=16)
    assert client.reserve(**wanted) == made == client.reservation(reservation_id=made.id)
    assert numbers(client, sku) == (10, 4, 6)
    with pytest.raises(CommandKeyReused):
        client.reserve(order_id=order, lines=(Line(sku=sku, qty=5),))


def test_order_is_told_apart_even_when_the_command_is_forgotten(
    client: Inventory, platform: Platform, sku: str
) -> None:
    """Remembered commands expire, an order's one reservation does not; REST made this one, so nothing is remembered."""
    staff = Client(platform.public["monolith"], platform.token, "/api/inventory")
    body = {"order_id": str(uuid.uuid4()), "lines": [{"sku": sku, "qty": 2}]}
    row = staff.create("/reservations", body).json
    order = uuid.UUID(body["order_id"])
    assert str(client.reserve(order_id=order, lines=(Line(sku=sku, qty=2),)).id) == row["id"]
    second = {**body, "order_id": str(uuid.uuid4())}
    staff.create("/reservations", second)
    with pytest.raises(OrderAlreadyReserved) as refusal:
        client.reserve(order_id=uuid.UUID(second["order_id"]), lines=(Line(sku=sku, qty=3),))
    assert refusal.value.context["reservation_status"] == "active"
    assert numbers(client, sku) == (10, 4, 6)


def test_refusal_tells_what_is_missing(client: Inventory, sku: str) -> None:
    with pytest.raises(InsufficientStock) as refusal:
        reserve(client, sku, 11)
    assert refusal.value.context == {"lines": [{"sku": sku, "requested": 11, "available": 10}]}
    with pytest.raises(UnknownSku) as unknown:
        client.stock(skus=(sku, "NEVER"))
    assert unknown.value.context == {"skus": ["NEVER"]}
    with pytest.raises(UnknownSku):
        reserve(client, "NEVER", 1)


def test_reservation_is_split_when_that_is_allowed(client: Inventory, platform: Platform, sku: str) -> None:
    staff = Client(platform.public["monolith"], platform.token, "/api/inventory")
    other = f"E{uuid.uuid4().hex[:10]}".upper()
    staff.create("/warehouses", {"code": other, "priority": 999})
    client.receive(receipt_id=uuid.uuid4(), warehouse=other, lines=(Line(sku=sku, qty=5),))
    with pytest.raises(InsufficientStock):
        reserve(client, sku, 12)
    assert {held.qty for held in reserve(client, sku, 12, allow_split=True).held} == {10, 2}


def test_commit_and_release_end_it_once(client: Inventory, sku: str) -> None:
    kept, given_back = reserve(client, sku, 3), reserve(client, sku, 4)
    for _ in range(2):
        assert client.commit(reservation_id=kept.id).status is ReservationStatus.COMMITTED
        assert client.release(reservation_id=given_back.id, reason="declined").status is ReservationStatus.RELEASED
    assert numbers(client, sku) == (7, 0, 7)
    with pytest.raises(InvalidTransition) as refusal:
        client.commit(reservation_id=given_back.id)
    assert refusal.value.context == {"from": "released", "to": "committed", "allowed": []}


def test_reservations_of_orders_are_told_as_they_are(client: Inventory, sku: str) -> None:
    """The oldest first, whatever became of it; an order without one is left out."""
    kept, given_back, open_one = (reserve(client, sku, qty) for qty in (1, 2, 3))
    kept = client.commit(reservation_id=kept.id)
    given_back = client.release(reservation_id=given_back.id)
    orders = (open_one.order_id, uuid.uuid4(), kept.order_id, given_back.order_id, kept.order_id)
    assert client.reservations(order_ids=orders) == (kept, given_back, open_one)
    assert client.reservations(order_ids=(uuid.uuid4(),)) == ()
    assert len(client.reservations(order_ids=(kept.order_id, *(uuid.uuid4() for _ in range(199))))) == 1
    for wrong in ((), tuple(uuid.uuid4() for _ in range(201))):
        with pytest.raises(OutOfBounds):
            client.reservations(order_ids=wrong)


def test_extension_moves_the_end(client: Inventory, sku: str) -> None:
    row, until = reserve(client, sku, 1, ttl_s=60), datetime.now(UTC) + timedelta(hours=1)
    assert client.extend(reservation_id=row.id, until=until).expires_at == until
    assert client.extend(reservation_id=row.id, until=until - timedelta(minutes=1)).expires_at == until


def test_time_ends_it(client: Inventory, sku: str) -> None:
    row = reserve(client, sku, 1, ttl_s=1)
    eventually(lambda: client.reservation(reservation_id=row.id).status == "expired", what="it has expired")
    for act in (client.commit, client.release):
        with pytest.raises(ReservationExpired) as refusal:
            act(reservation_id=row.id)
        assert refusal.value.context == {"expires_at": row.expires_at.isoformat()}


def test_what_is_named_must_be_there(client: Inventory, dock: str, sku: str) -> None:
    for act in (client.reservation, client.commit, client.release):
        with pytest.raises(UnknownReservation):
            act(reservation_id=uuid.uuid4())
    with pytest.raises(UnknownWarehouse):
        client.receive(receipt_id=uuid.uuid4(), warehouse="NOWHERE", lines=(Line(sku=sku, qty=1),))
    with pytest.raises(InvalidSku):
        client.receive(receipt_id=uuid.uuid4(), warehouse=dock, lines=(Line(sku="no sku", qty=1),))


def test_every_number_has_its_bounds(client: Inventory, dock: str, sku: str) -> None:
    row, line = reserve(client, sku, 1), Line(sku=sku, qty=1)
    for act in (
        lambda: client.stock(skus=()),
        lambda: client.stock(skus=tuple(f"S{n}" for n in range(201))),
        lambda: reserve(client, sku, 0),
        lambda: reserve(client, sku, 1, ttl_s=0),
        lambda: client.reserve(order_id=uuid.uuid4(), lines=()),
        lambda: client.reserve(order_id=uuid.uuid4(), lines=(line, line)),
        lambda: client.receive(receipt_id=uuid.uuid4(), warehouse=dock, lines=(line, line)),
        lambda: client.extend(reservation_id=row.id, until=datetime.now(UTC) + timedelta(days=8)),
        lambda: client.release(reservation_id=row.id, reason="x" * 501),
    ):
        with pytest.raises(OutOfBounds):
            act()
    assert numbers(client, sku) == (10, 1, 9)
