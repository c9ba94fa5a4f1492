"""A refused reservation leaves nothing but the word of it, whichever door it came through."""

from __future__ import annotations

import uuid

import pytest

from monolith.inventory.contract import InsufficientStock, Line, UnknownSku, inventory
from monolith.inventory.models import InventoryOutbox, Reservation
from monolith.inventory.services import stock, warehouses
from monolith.inventory.services.reservations import reservation_create
from strangler.fence import alone, on_refusal
from strangler.models import Ownership
from tests.unit.inventory.told import forget_told, told_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def two_mugs():
    warehouses.warehouse_create(code="EAST")
    stock.stock_receive(warehouse="EAST", quantities={"MUG": 2}, reference="", actor="a")
    forget_told()


def order(qty: int, sku: str = "MUG") -> uuid.UUID:
    order_id = uuid.uuid4()
    inventory().reserve(order_id=order_id, lines=(Line(sku=sku, qty=qty),))
    return order_id


def test_refusal_is_told_with_what_was_lacking():
    order_id = uuid.uuid4()
    with pytest.raises(InsufficientStock):
        inventory().reserve(order_id=order_id, lines=(Line(sku="MUG", qty=3),))
    lack = {"sku": "MUG", "requested": 3, "available": 2}
    assert told_of(order_id) == [("reservation_rejected", 1, {"order_id": str(order_id), "lines": [lack]})]
    assert not Reservation.objects.exists()


def test_order_that_is_refused_again_is_told_of_again():
    order_id = uuid.uuid4()
    for _ in range(2):
        with pytest.raises(InsufficientStock):
            inventory().reserve(order_id=order_id, lines=(Line(sku="MUG", qty=3),))
    assert [sequence for _, sequence, _ in told_of(order_id)] == [1, 2]


def test_other_refusals_and_successes_are_not_rejections():
    with pytest.raises(UnknownSku):
        order(1, sku="JUG")
    assert told_of(order(2)) == []


def test_nobody_is_told_where_the_end_of_the_transaction_is_not_known():
    """A caller that catches the refusal may yet commit, and succeed in another way."""
    with pytest.raises(InsufficientStock):
        reservation_create(order_id=uuid.uuid4(), lines=[("MUG", 3)], actor="a")
    assert not InventoryOutbox.objects.exists()


def test_refusal_stays_the_answer_when_it_cannot_be_told(caplog):
    with pytest.raises(InsufficientStock), alone("default", "somebody"):
        on_refusal(lambda: Ownership.objects.update(owner="service", epoch=2) and None)
        reservation_create(order_id=uuid.uuid4(), lines=[("MUG", 3)], actor="a")
    assert not InventoryOutbox.objects.exists()
    assert "nothing else was done about a refusal" in caplog.text
