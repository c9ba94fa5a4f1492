"""What comes back: each returned line is put into stock once, however and in whatever order shipping tells of it."""

from __future__ import annotations

import json
import uuid

import pytest
from django.db import IntegrityError, transaction

from monolith.inventory import ledger
from monolith.inventory.contract import OutOfBounds
from monolith.inventory.domain import Reason
from monolith.inventory.ledger import Cause, Change
from monolith.inventory.models import InventoryInbox, StockItem, StockMovement, Warehouse
from monolith.inventory.recount import recount
from monolith.inventory.services import stock, warehouses
from monolith.inventory.services.reservations import reservation_commit, reservation_create
from strangler.events import inbox
from tests.unit.inventory.told import forget_told, told_of

pytestmark = pytest.mark.django_db
WHO = {"actor": "a"}


@pytest.fixture(autouse=True)
def stocked():
    """10 of A and 5 of B in EAST, 10 of A in WEST; whatever a test does, the books are in order afterwards."""
    for priority, code in enumerate(("EAST", "WEST")):
        warehouses.warehouse_create(code=code, priority=priority)
    stock.stock_receive(warehouse="EAST", quantities={"A": 10, "B": 5}, reference="r", **WHO)
    stock.stock_receive(warehouse="WEST", quantities={"A": 10}, reference="r", **WHO)
    forget_told()
    yield
    assert recount() == []


def reserve(**wanted):
    """An order and its reservation."""
    order_id = uuid.uuid4()
    made = reservation_create(order_id=order_id, lines=list(wanted.items()), allow_split=True, **WHO)
    return order_id, made.reservation.id


def sent(**wanted):
    """An order that has left."""
    order_id, reservation_id = reserve(**wanted)
    reservation_commit(reservation_id=reservation_id, **WHO)
    return order_id


def returned(order_id, shipment_id, previous=0, number=1, return_id=None, **lines):
    """The envelope of what shipping tells, by hand: CloudEvents 1.0, structured."""
    data = {
        "shipment_id": str(shipment_id),
        "order_id": str(order_id),
        "return_id": return_id and str(return_id),
        "lines": [{"sku": sku, "qty": qty} for sku, qty in lines.items()],
    }
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "/shipping",
            "type": "shop.shipment.returned.v1",
            "subject": str(shipment_id),
            "time": "2026-11-23T08:00:00Z",
            "datacontenttype": "application/json",
            "dataschema": "urn:strangler:shipping:shop.shipment",
            "partitionkey": str(shipment_id),
            "aggregatetype": "shipment",
            "sequence": f"{number:019}",
            "previoussequence": f"{previous:019}",
            "data": data,
        }
    )


def take(*envelopes):
    """What shipping tells arrives."""
    receipts = inbox.receive("inventory", envelopes)
    assert receipts.refused == {}


def on_hand(sku="A", warehouse="EAST"):
    return StockItem.objects.get(sku=sku, warehouse__code=warehouse).on_hand


def returns():
    """What the ledger says of returns."""
    rows = StockMovement.objects.filter(reason="return").order_by("sku", "ref_id")
    return [(row.sku, row.warehouse.code, row.delta_on_hand, row.ref_type, row.ref_id) for row in rows]


def test_what_comes_back_can_be_sold_again():
    """The ledger says why, and of which order; the movement is told, and so is that it can be had again."""
    order_id, shipment = sent(B=5), uuid.uuid4()
    forget_told()
    take(returned(order_id, shipment, B=5))
    assert on_hand("B") == 5
    assert returns() == [("B", "EAST", 5, "return", str(shipment))]
    row = StockMovement.objects.get(reason="return")
    assert (row.actor, row.note, row.delta_reserved) == ("shipping", f"order {order_id}", 0)
    assert [(type_, data) for type_, _, data in told_of("B")] == [
        ("received", {"sku": "B", "warehouse": "EAST", "qty": 5, "reference": f"return {shipment}"}),
        ("back_in_stock", {"sku": "B", "available": 5}),
    ]


def test_a_return_that_is_told_twice_counts_once():
    """The same event again; and another event of the same return, when the inbox has long forgotten the first."""
    order_id, shipment = sent(A=2), uuid.uuid4()
    event = returned(order_id, shipment, A=2)
    take(event, event)
    take(event)
    assert on_hand() == 10
    InventoryInbox.objects.all().delete()
    take(returned(order_id, shipment, 1, 2, A=2))
    assert (on_hand(), len(returns())) == (10, 1)
    assert not InventoryInbox.objects.filter(handled_at=None).exists(), "the second one has failed"


def test_parts_come_back_in_any_order():
    """A customer sends three parcels back; of the events the last arrives first, and waits for its predecessors."""
    order_id, shipment = sent(A=3, B=1), uuid.uuid4()
    parts = [uuid.uuid4() for _ in range(3)]
    events = [
        returned(order_id, shipment, 0, 1, parts[0], A=1),
        returned(order_id, shipment, 1, 2, parts[1], A=2),
        returned(order_id, shipment, 2, 3, parts[2], B=1),
    ]
    take(events[2])
    assert (on_hand(), on_hand("B")) == (7, 4)
    take(events[1])
    take(events[0], events[2])
    assert (on_hand(), on_hand("B")) == (10, 5)
    booked = zip("AAB", (1, 2, 1), parts, strict=True)
    assert sorted(returns()) == sorted((sku, "EAST", qty, "return", str(part)) for sku, qty, part in booked)


def test_what_is_back_before_it_was_booked_out_is_there_once():
    """The carrier was faster than the order's saga, which takes the units out of stock at its end."""
    order_id, reservation_id = reserve(A=4)
    take(returned(order_id, uuid.uuid4(), A=4))
    reservation_commit(reservation_id=reservation_id, **WHO)
    item = StockItem.objects.get(sku="A", warehouse__code="EAST")
    assert (item.on_hand, item.reserved) == (10, 0)


def test_it_goes_where_the_order_had_it_from():
    """And where that does not sell any more, to one that does; what nobody has reserved, to the first warehouse."""
    stock.stock_adjust(sku="A", warehouse="EAST", delta=-10, reason="moved", **WHO)
    order_id = sent(A=2)
    take(returned(order_id, uuid.uuid4(), A=1))
    assert (on_hand(), on_hand(warehouse="WEST")) == (0, 9)
    Warehouse.objects.filter(code="WEST").update(is_active=False)
    take(returned(order_id, uuid.uuid4(), A=1))
    take(returned(uuid.uuid4(), uuid.uuid4(), B=1))
    assert (on_hand(), on_hand(warehouse="WEST"), on_hand("B")) == (1, 9, 6)


def test_what_never_was_here_does_not_come_back():
    """Staff sends other things, too: nothing is made up, and the rest of the parcel counts."""
    take(returned(uuid.uuid4(), uuid.uuid4(), A=1, BROCHURE=3))
    assert on_hand() == 11
    assert not StockItem.objects.filter(sku="BROCHURE").exists()
    with pytest.raises(OutOfBounds):
        stock.stock_return(return_id=uuid.uuid4(), order_id=uuid.uuid4(), quantities={"A": 0}, **WHO)


def test_database_refuses_a_second_entry_of_a_returned_line():
    """Whatever the code believes."""
    return_id = uuid.uuid4()
    stock.stock_return(return_id=return_id, order_id=uuid.uuid4(), quantities={"A": 1}, **WHO)
    with pytest.raises(IntegrityError), transaction.atomic():
        (item, *_) = ledger.locked(["A"])
        ledger.post([Change(item, Reason.RETURN, Cause("return", str(return_id), "a"), on_hand=1)])
