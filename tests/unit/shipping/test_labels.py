"""
Labels of real carriers over real HTTP: bought once, whatever becomes of the answer.

The carriers' own ledger says how many labels there are; ours is compared with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from extracted.shipping.carriers import Adapter
from extracted.shipping.carriers.registry import adapter_of
from extracted.shipping.models import Label, Shipment
from extracted.shipping.quoting import Goods, quote
from extracted.shipping.services import shipments
from extracted.shipping.services.labels import CLAIMED_S, labels_handle
from monolith.kernel.money import Money
from tests.unit.shipping.conftest import HEAVY, MUG, home, numbers, send, states
from tests.unit.shipping.told import kinds, told_of


def due_now():
    Label.objects.update(next_at=timezone.now() - timedelta(seconds=1))


def status(row):
    return Shipment.objects.get(id=row.id).status


def test_each_parcel_gets_one_label_and_it_is_told_once(carriers):
    row = send("73301", MUG, HEAVY)
    assert labels_handle() == 2
    assert labels_handle() == 0
    assert (status(row), states(row)) == ("label_created", ["bought", "bought"])
    ledger = carriers.ledger()
    assert sorted(numbers(row)) == sorted(one["tracking_number"] for one in ledger)
    assert {one["key"] for one in ledger} == {str(label.id) for label in Label.objects.all()}
    assert told_of(row.id)[1:] == [
        ("label_purchased", 2, {"shipment_id": str(row.id), "order_id": str(row.order_id), "carrier": "herald",
                                "tracking_numbers": numbers(row)})
    ]  # fmt: skip
    # What the carrier took: 1,500 and 150 for each of 18 and 19 kg.
    assert Shipment.objects.get(id=row.id).cost == Money(1500 + 18 * 150 + 1500 + 19 * 150, "USD")


def test_quoted_price_stays_whatever_the_label_costs(carriers):
    option = next(o for o in quote(to=home(), goods=Goods.of_items([MUG])).options if o.carrier == "herald")
    row = send("73301", MUG, option_id=option.option_id)
    Shipment.objects.filter(id=row.id).update(cost_minor=1)
    labels_handle()
    assert Shipment.objects.get(id=row.id).cost == Money(1, "USD")


def test_our_own_post_needs_nobody(carriers):
    row = send(carrier="post", service="standard")
    labels_handle()
    assert status(row) == "label_created"
    assert numbers(row)[0].startswith("PP")
    assert Shipment.objects.get(id=row.id).cost == Money(595 + 120, "USD")
    assert carriers.calls == {}


@pytest.mark.parametrize(
    ("postal_code", "sold"),
    [("00011", 1), ("00013", 1), ("00012", 0), ("00015", 0)],
    ids=["no answer after the effect", "cut after the effect", "500 without effect", "no answer without effect"],
)
def test_unknown_outcome_is_settled_by_asking_never_by_a_second_label(carriers, postal_code, sold):
    row = send(postal_code)
    assert labels_handle() == 0
    label = Label.objects.get()
    assert (status(row), label.state, label.tracking_number) == ("draft", "asked", None)
    assert label.last_error
    assert timezone.now() < label.next_at < timezone.now() + timedelta(seconds=CLAIMED_S)
    assert len(carriers.ledger()) == sold
    labels_handle()
    assert states(row) == ["asked"], "it is not asked again before its time"
    due_now()
    assert labels_handle() == 1
    assert (status(row), states(row)) == ("label_created", ["bought"])
    assert [one["tracking_number"] for one in carriers.ledger()] == numbers(row)
    asked = {call: count for call, count in carriers.calls.items() if "labels" in call}
    assert asked == {"POST herald labels": 2 - sold, "GET herald labels": 1}


def test_whoever_was_killed_while_asking_is_followed_by_another(carriers):
    """The claim is a row: it ends by itself, and the label that may have been bought is asked for."""
    row = send()
    label = Label.objects.get()
    Label.objects.update(state="asked", attempts=1, next_at=timezone.now() + timedelta(seconds=CLAIMED_S))
    carriers.buy("herald", str(label.id), {"to": {"postal_code": "73301"}, "service": "courier",
                 "parcel": {"weight_g": 1, "length_mm": 1, "width_mm": 1, "height_mm": 1}})  # fmt: skip
    assert labels_handle() == 0
    due_now()
    assert labels_handle() == 1
    assert numbers(row) == [one["tracking_number"] for one in carriers.ledger()]


def test_carrier_that_cannot_be_reached_is_asked_later_each_time(carriers, settings):
    settings.SHIPPING_CARRIERS_URL = "http://127.0.0.1:9"
    row = send()
    waits = []
    for _ in range(3):
        due_now()
        labels_handle()
        waits.append((Label.objects.get().next_at - timezone.now()).total_seconds())
    assert waits == sorted(waits)
    assert waits[2] > 3 * waits[0]
    assert states(row) == ["asked"]


def test_refused_label_stops_the_shipment_until_somebody_looks(carriers):
    row = send("00014")
    labels_handle()
    row.refresh_from_db()
    assert (row.status, states(row), row.problem) == ("draft", ["refused"], "The address is not known.")
    due_now()
    assert labels_handle() == 0
    Shipment.objects.update(to_address=vars_of(home()))
    shipments.label_demand(shipment_id=row.id)
    labels_handle()
    row.refresh_from_db()
    assert (row.status, row.problem) == ("label_created", "")


def test_labels_of_a_cancelled_shipment_are_given_back(carriers):
    row = send("73301", MUG, HEAVY)
    labels_handle()
    shipments.shipment_cancel(shipment_id=row.id, actor="ann")
    assert states(row) == ["unwanted", "unwanted"]
    labels_handle()
    assert states(row) == ["given_back", "given_back"]
    assert [one["state"] for one in carriers.ledger()] == ["void", "void"]
    assert kinds(row.id) == ["created", "label_purchased", "cancelled"]


@pytest.mark.parametrize("postal_code", ["00011", "00015"], ids=["it was bought", "it was not"])
def test_label_in_doubt_is_given_back_and_never_bought_again(carriers, postal_code):
    row = send(postal_code)
    labels_handle()
    shipments.shipment_cancel(shipment_id=row.id, actor="ann")
    due_now()
    assert labels_handle() == 1
    assert states(row) == ["given_back"]
    assert all(one["state"] == "void" for one in carriers.ledger())
    due_now()
    assert labels_handle() == 0


def test_label_of_a_parcel_that_was_picked_up_meanwhile_is_kept(carriers):
    """The carrier has it, and has not told yet: the label stays paid, and the row says why."""
    row = send()
    labels_handle()
    carriers.tick(4_000)
    shipments.shipment_cancel(shipment_id=row.id, actor="ann")
    labels_handle()
    assert states(row) == ["kept"]
    assert Label.objects.get().last_error == "The parcel was picked up."


def test_bug_in_one_label_holds_up_no_other(carriers):
    """It stays in doubt, the row says why, and it is tried again later."""
    rows = [send(), send(), send()]
    broken = str(Label.objects.get(parcel__shipment=rows[1]).id)

    class Broken:
        def buy(self, key, order):
            if key == broken:
                raise ZeroDivisionError("a bug")
            return adapter_of("herald").buy(key, order)

    assert labels_handle(speak_to=lambda code: Broken()) == 2
    assert [states(row) for row in rows] == [["bought"], ["asked"], ["bought"]]
    assert Label.objects.get(id=broken).last_error == "ZeroDivisionError: a bug"


@dataclass
class Watched:
    """A carrier as it is, with somebody who looks each time it is asked, before or after."""

    adapter: Adapter
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        def ask(*arguments: Any) -> Any:
            self.before()
            answer = getattr(self.adapter, name)(*arguments)
            self.after()
            return answer

        return ask


def test_cancelled_while_the_carrier_is_asked(carriers):
    """The answer finds a shipment that nobody wants: it is not revived, and the label is given back."""
    row = send()

    def cancel():
        shipments.shipment_cancel(shipment_id=row.id, actor="ann")

    labels_handle(speak_to=lambda code: Watched(adapter_of(code), after=cancel))
    assert (status(row), states(row)) == ("cancelled", ["unwanted"])
    assert Label.objects.get().next_at > timezone.now()
    due_now()
    labels_handle()
    assert states(row) == ["given_back"]
    assert [one["state"] for one in carriers.ledger()] == ["void"]


def test_cancelled_while_the_carrier_refuses(carriers):
    """Nothing was bought, so nothing is to be given back."""
    row = send("00014")

    def cancel():
        shipments.shipment_cancel(shipment_id=row.id, actor="ann")

    labels_handle(speak_to=lambda code: Watched(adapter_of(code), before=cancel))
    assert (status(row), states(row)) == ("cancelled", ["given_back"])


@pytest.mark.django_db(transaction=True)
def test_no_carrier_is_called_inside_a_transaction(carriers):
    """R12: rows are locked for no longer than our own work takes."""
    seen = []

    def handle():
        watch = lambda: seen.append(connection.in_atomic_block)  # noqa: E731
        labels_handle(speak_to=lambda code: Watched(adapter_of(code), before=watch))

    row = send("00012")
    handle()
    due_now()
    handle()
    shipments.shipment_cancel(shipment_id=row.id, actor="ann")
    handle()
    assert states(row) == ["given_back"]
    assert seen == [False] * 4


def test_key_that_bought_nothing_never_will(carriers):
    """The other end of giving back a label in doubt: a purchase that is still on its way comes too late."""
    carriers.void("k")
    with pytest.raises(Exception, match="given back"):
        carriers.buy("herald", "k", {"to": {"postal_code": "73301"}, "service": "courier", "parcel": {}})


def vars_of(address):
    return {name: getattr(address, name) for name in address.__slots__}


def test_refusal_leaves_nothing_half_done(carriers):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        send()
        raise ZeroDivisionError
    assert not Shipment.objects.exists()
