"""Many hands at once on real databases: nothing is sent twice, no label is bought twice, nothing is told twice."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from extracted.shipping.models import Label, OrderedLine, Shipment, ShippingOutbox, TrackingEvent
from extracted.shipping.services import shipments
from extracted.shipping.services.labels import labels_handle
from extracted.shipping.services.shipments import NewShipment
from extracted.shipping.services.tracking import webhook_keep, webhook_take
from monolith.shipping.contract import Item
from strangler.fence import owning
from strangler.hosting.rest.webhooks import sign
from tests.integration.inventory.crowd import at_once
from tests.unit.shipping.conftest import SECRET, home, send

HANDS, ORDERED = 8, 3
ON_POSTGRESQL = pytest.mark.parametrize("homes", ["postgresql"], indirect=True)


def one(**more):
    item = Item(sku="MUG", qty=1, weight_g=400, length_mm=120, width_mm=100, height_mm=90)
    said = {"to": home(), "items": (item,), "carrier": "herald", "service": "courier"}
    return NewShipment(**said | more)


def send_part(order):
    shipments.shipment_create(new=one(order_id=order, ordered={"MUG": ORDERED}))
    return "sent"


def assert_sent(order, outcomes):
    assert outcomes == {"sent": ORDERED, "exceeds_ordered": HANDS - ORDERED}
    assert Shipment.objects.filter(order_id=order).count() == ORDERED
    assert OrderedLine.objects.get(order_id=order).shipped == ORDERED


def test_no_more_is_sent_than_was_ordered(books):
    order = uuid.uuid4()
    assert_sent(order, Counter(at_once(lambda _: send_part(order), HANDS)))


@ON_POSTGRESQL  # SQLite admits one writer at a time: there is no lock to take out
def test_without_the_lock_the_table_refuses_what_the_check_did_not(books, monkeypatch):
    """The test above would tell; and even then nothing too much is sent."""
    order = uuid.uuid4()
    send_part(order)
    monkeypatch.setattr(shipments, "_lock_order", lambda _: True)

    def send_or_crash(_):
        try:
            return send_part(order)
        except IntegrityError:
            return "crashed"

    outcomes = Counter(at_once(send_or_crash, HANDS))
    assert outcomes["crashed"]
    assert outcomes["sent"] == ORDERED - 1


def test_order_is_shipped_once(books):
    order = uuid.uuid4()
    made = at_once(lambda _: shipments.order_ship(new=one(order_id=order)).made, HANDS)
    assert Shipment.objects.filter(order_id=order).count() == 1
    assert made.count(True) == 1


def test_workers_share_labels_and_ask_for_each_once(books):
    rows = [send() for _ in range(12)]
    done = at_once(lambda _: labels_handle(), 4)
    while labels_handle():  # who skipped what others had may have ended before them
        pass
    assert sum(done) == len(rows)
    assert books.calls == {"POST herald labels": len(rows)}
    assert Label.objects.filter(state="bought").count() == len(rows) == len(books.ledger())


def test_cancelled_while_labels_are_bought(books):
    """Whoever comes first: in the end a cancelled shipment has no label that is paid."""
    rows = [send() for _ in range(6)]

    def act(index):
        if index:
            shipments.shipment_cancel(shipment_id=rows[index - 1].id, actor="a")
            return "cancelled"
        return labels_handle()

    outcomes = at_once(act, len(rows) + 1)
    assert outcomes.count("cancelled") == len(rows)
    Label.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    labels_handle()
    assert set(Label.objects.values_list("state", flat=True)) == {"given_back"}
    assert {one["state"] for one in books.ledger()} <= {"void"}
    assert set(Shipment.objects.values_list("status", flat=True)) == {"cancelled"}


def test_webhooks_are_taken_once_by_any_number_of_workers(books):
    send()
    labels_handle()
    number = Label.objects.get().tracking_number
    for hour in range(6):
        body = json.dumps(
            {"id": f"e{hour}", "tracking_number": number, "status": "in_transit",
             "occurred_at": f"2026-03-01T0{hour}:00:00Z"}
        ).encode()  # fmt: skip
        for _ in range(2):
            webhook_keep(carrier="herald", body=body, signature=sign(body, SECRET))

    def take(_):
        taken = 0
        while True:
            with owning("shipping"):
                if not webhook_take():
                    return taken
            taken += 1

    assert sum(at_once(take, 4)) == 12
    assert TrackingEvent.objects.count() == 6
    assert ShippingOutbox.objects.filter(type="shop.shipment.in_transit.v1").count() == 1
    assert Shipment.objects.get().status == "in_transit"
