"""What is made, cancelled and sent back, and what is told of it; no carrier is asked for any of it."""

import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from extracted.shipping import selectors
from extracted.shipping.models import Label, OrderedLine, Shipment, ShipmentStatusHistory
from extracted.shipping.quoting import Goods, quote
from extracted.shipping.services import shipments
from extracted.shipping.services.shipments import NewShipment
from monolith.shipping.contract import (
    AddressInvalid,
    ExceedsOrdered,
    InvalidOption,
    InvalidTransition,
    Item,
    LabelAlreadyPurchased,
    NotCancellable,
    OrderAlreadyShipped,
    OutOfBounds,
    QuoteExpired,
    UnknownService,
    UnknownShipment,
)
from tests.unit.shipping.conftest import HEAVY, MUG, home, send, states
from tests.unit.shipping.told import kinds, told_of

pytestmark = pytest.mark.usefixtures("carriers")


def items(sku="MUG", qty=2):
    return Item(sku=sku, qty=qty, weight_g=400, length_mm=120, width_mm=100, height_mm=90)


def ship(order_id, *lines, **more):
    said = {"order_id": order_id, "to": home(), "items": lines or (MUG,), "carrier": "post", "service": "standard"}
    return shipments.order_ship(new=NewShipment(**said | more))


def cancel(row, **more):
    return shipments.shipment_cancel(shipment_id=row.id, actor="ann", **more)


def left_of(order_id):
    rows = OrderedLine.objects.filter(order_id=order_id)
    return {row.sku: row.ordered - row.shipped for row in rows}


def reached(row, status):
    Shipment.objects.filter(id=row.id).update(status=status)
    return row


def test_shipment_is_a_draft_with_parcels_and_labels_that_are_due(carriers):
    row = send("73301", MUG, HEAVY)
    assert (row.status, row.cost, row.problem) == ("draft", None, "")
    assert [(p.number, p.weight_g) for p in row.parcels.all()] == [(1, 18_000), (2, 18_800)]
    assert states(row) == ["due", "due"]
    lines = [{"sku": "ANVIL", "qty": 2}, {"sku": "MUG", "qty": 2}]
    assert told_of(row.id) == [
        ("created", 1, {"shipment_id": str(row.id), "order_id": str(row.order_id), "carrier": "herald",
                        "service": "courier", "lines": lines})
    ]  # fmt: skip
    assert carriers.calls == {}


def test_shipment_has_the_price_of_its_option():
    option = quote(to=home(), goods=Goods.of_items([MUG])).options[0]
    row = send("73301", MUG, option_id=option.option_id)
    assert (row.carrier.code, row.service, row.cost) == (option.carrier, option.service, option.price)
    assert row.quote_id is not None
    assert row.eta > timezone.now()


def test_nothing_is_made_when_something_is_wrong(monkeypatch):
    expired = quote(to=home(), goods=Goods.of_items([MUG])).options[0].option_id
    now = timezone.now()
    for refusal, more in (
        (AddressInvalid, {"to": home(city="")}),
        (AddressInvalid, {"origin": home("1")}),
        (UnknownService, {"carrier": "nobody"}),
        (UnknownService, {"service": "teleport"}),
        (UnknownService, {"carrier": "x\x00"}),
        (InvalidOption, {"option_id": "x"}),
        (InvalidOption, {"option_id": expired, "to": home("73302")}),
        (OutOfBounds, {"items": ()}),
    ):
        order = uuid.uuid4()
        said = {"order_id": order, "to": home(), "items": (MUG,), "carrier": "post", "service": "standard"} | more
        with pytest.raises(refusal):
            shipments.shipment_create(new=NewShipment(**said))
        assert not OrderedLine.objects.filter(order_id=order).exists()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timezone.timedelta(hours=1))
    with pytest.raises(QuoteExpired):
        send("73301", MUG, option_id=expired)
    assert not Shipment.objects.exists()


def test_order_is_shipped_once():
    order = uuid.uuid4()
    first = ship(order, items("A"), items("B", 3))
    again = ship(order, items("B", 3), items("A"))
    assert (first.made, again.made, again.shipment.id) == (True, False, first.shipment.id)
    with pytest.raises(OrderAlreadyShipped) as refusal:
        ship(order, items("A"))
    assert refusal.value.context == {"shipment_id": str(first.shipment.id)}
    assert kinds(first.shipment.id) == ["created"]


def test_no_more_is_shipped_than_was_ordered():
    """Parts together are the order; what is cancelled can be sent again."""
    order = uuid.uuid4()
    first = send("73301", items("A", 2), order_id=order, ordered={"A": 5, "B": 1})
    assert left_of(order) == {"A": 3, "B": 1}
    with pytest.raises(ExceedsOrdered) as refusal:
        send("73301", items("A", 4), items("B", 1), order_id=order)
    assert refusal.value.context == {"lines": [{"sku": "A", "requested": 4, "left": 3}]}
    with pytest.raises(ExceedsOrdered):
        send("73301", items("C", 1), order_id=order)
    send("73301", items("A", 3), order_id=order)
    with pytest.raises(ExceedsOrdered):
        send("73301", items("A", 1), order_id=order)
    cancel(first)
    cancel(first)
    assert left_of(order) == {"A": 2, "B": 1}
    send("73301", items("A", 2), items("B", 1), order_id=order, ordered={"A": 99})
    assert left_of(order) == {"A": 0, "B": 0}


def test_database_refuses_more_than_was_ordered():
    """Whoever gets past the check is stopped by the table."""
    row = send()
    for wrong in (3, -1):
        with pytest.raises(IntegrityError), transaction.atomic():
            OrderedLine.objects.filter(order_id=row.order_id).update(shipped=wrong)


def test_database_refuses_a_second_label():
    row = send()
    with pytest.raises(IntegrityError), transaction.atomic():
        Label.objects.create(parcel=row.parcels.get(), carrier=row.carrier)


def test_cancelled_shipment_is_told_with_what_was_in_it():
    row = send()
    assert cancel(row, reason="changed mind").status == "cancelled"
    assert cancel(row).status == "cancelled"
    assert told_of(row.id)[1:] == [
        ("cancelled", 2, {"shipment_id": str(row.id), "order_id": str(row.order_id), "reason": "changed mind",
                          "lines": [{"sku": "MUG", "qty": 2}]})
    ]  # fmt: skip
    assert states(row) == ["given_back"], "nobody was asked for it"
    step = ShipmentStatusHistory.objects.get(shipment=row)
    assert (step.actor, step.from_status, step.to_status, step.reason) == ("ann", "draft", "cancelled", "changed mind")


@pytest.mark.parametrize(
    "status", ["in_transit", "out_for_delivery", "exception", "delivered", "return_to_sender", "returned"]
)
def test_what_the_carrier_has_cannot_be_cancelled(status):
    row = reached(send(), status)
    with pytest.raises(NotCancellable) as refusal:
        cancel(row)
    assert refusal.value.context == {"status": status}
    assert left_of(row.order_id) == {"MUG": 0}


def test_what_is_named_must_be_there():
    for act in (shipments.label_demand, selectors.shipment):
        with pytest.raises(UnknownShipment):
            act(shipment_id=uuid.uuid4())
    with pytest.raises(UnknownShipment):
        shipments.shipment_cancel(shipment_id=uuid.uuid4(), actor="ann")
    with pytest.raises(UnknownShipment):
        shipments.return_create(shipment_id=uuid.uuid4(), wanted=None)
    with pytest.raises(OutOfBounds):
        cancel(send(), reason="x" * 501)


def test_labels_are_asked_for_again_only_as_long_as_some_are_missing():
    row = send()
    Label.objects.update(state="refused", last_error="no")
    Shipment.objects.update(problem="no")
    assert shipments.label_demand(shipment_id=row.id).problem == ""
    assert states(row) == ["due"]
    with pytest.raises(LabelAlreadyPurchased):
        shipments.label_demand(shipment_id=reached(row, "label_created").id)
    with pytest.raises(InvalidTransition):
        shipments.label_demand(shipment_id=reached(row, "cancelled").id)


def test_what_was_delivered_can_be_sent_back_once():
    customer = uuid.uuid4()
    sent = reached(send("73301", items("A", 3), HEAVY, customer_id=customer), "delivered")
    part = shipments.return_create(shipment_id=sent.id, wanted={"A": 1})
    assert (part.returns_id, part.customer_id, part.carrier_id) == (sent.id, customer, sent.carrier_id)
    assert part.to_address == sent.from_address
    assert part.parcels.count() == 1
    with pytest.raises(ExceedsOrdered) as refusal:
        shipments.return_create(shipment_id=sent.id, wanted={"A": 3})
    assert refusal.value.context == {"lines": [{"sku": "A", "requested": 3, "left": 2}]}
    rest = shipments.return_create(shipment_id=sent.id, wanted=None)
    assert {line.sku: line.qty for line in rest.lines.all()} == {"A": 2, "ANVIL": 2}
    with pytest.raises(ExceedsOrdered):
        shipments.return_create(shipment_id=sent.id, wanted=None)
    cancel(part)
    shipments.return_create(shipment_id=sent.id, wanted={"A": 1})
    assert kinds(part.id) == kinds(rest.id) == [], "of what comes back it is told only that it is back"
    assert left_of(sent.order_id) == {"A": 0, "ANVIL": 0}


@pytest.mark.parametrize("status", ["draft", "label_created", "in_transit", "cancelled", "returned"])
def test_what_was_not_delivered_cannot_be_sent_back(status):
    with pytest.raises(InvalidTransition):
        shipments.return_create(shipment_id=reached(send(), status).id, wanted=None)


def test_return_cannot_be_sent_back():
    sent = reached(send(), "delivered")
    back = reached(shipments.return_create(shipment_id=sent.id, wanted=None), "delivered")
    with pytest.raises(InvalidTransition):
        shipments.return_create(shipment_id=back.id, wanted=None)
