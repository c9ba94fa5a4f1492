"""What carriers tell over signed webhooks: twice, late, in any order, of parcels that nobody knows yet."""

import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from extracted.shipping import selectors
from extracted.shipping.models import Label, Shipment, ShipmentStatusHistory, TrackingEvent, Webhook
from extracted.shipping.services import shipments
from extracted.shipping.services.labels import labels_handle
from extracted.shipping.services.tracking import ATTEMPTS_MAX, webhook_keep, webhook_take
from monolith.shipping.contract import SignatureInvalid, TrackingStatus, UnknownService, UnknownShipment, WebhookInvalid
from strangler.hosting.rest.webhooks import sign
from tests.unit.shipping.conftest import HEAVY, MUG, SECRET, numbers, send
from tests.unit.shipping.told import kinds, told_of

pytestmark = pytest.mark.usefixtures("carriers")
BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.fixture
def sent(carriers):
    """A shipment of one parcel that has its label."""
    row = send()
    labels_handle()
    return row


def event(number, status, hour, **more):
    said = {
        "id": f"{number}-{hour}-{status}", "tracking_number": number, "status": status,
        "occurred_at": (BEGAN + timedelta(hours=hour)).isoformat(), "description": f"{status} now",
    }  # fmt: skip
    return said | more


def keep(body, *, carrier="herald", secret=SECRET, **more):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    webhook_keep(carrier=carrier, body=raw, signature=sign(raw, secret, **more))


def take_all():
    taken = 0
    while webhook_take():
        taken += 1
    return taken


def tell(*events, **more):
    for one in events:
        keep(one, **more)
    return take_all()


def status(row):
    return Shipment.objects.get(id=row.id).status


def test_each_step_is_noted_and_told_once(sent):
    (number,) = numbers(sent)
    steps = ["in_transit", "in_transit", "out_for_delivery", "delivered"]
    for hour, step in enumerate(steps):
        tell(event(number, step, hour))
    assert status(sent) == "delivered"
    assert kinds(sent.id) == ["created", "label_purchased", "in_transit", "out_for_delivery", "delivered"]
    assert told_of(sent.id)[-1][2] == {
        "shipment_id": str(sent.id), "order_id": str(sent.order_id), "at": "2026-03-01T11:00:00Z",
    }  # fmt: skip
    path = ["draft", "label_created", "in_transit", "out_for_delivery", "delivered"]
    history = list(ShipmentStatusHistory.objects.filter(shipment=sent).order_by("id"))
    assert [(one.from_status, one.to_status) for one in history] == list(pairwise(path))
    assert history[-1].event_id in set(TrackingEvent.objects.values_list("id", flat=True))
    assert history[-1].actor == "carrier herald"


def test_nothing_happens_before_the_task_and_a_repeat_changes_nothing(sent):
    """Stored first; the carrier's id decides, however often and however it was sent."""
    one = event(numbers(sent)[0], "in_transit", 1)
    keep(one)
    assert status(sent) == "label_created"
    keep(one)
    keep({**one, "description": "another word"})
    assert take_all() == 3
    assert status(sent) == "in_transit"
    assert TrackingEvent.objects.count() == 1
    assert kinds(sent.id) == ["created", "label_purchased", "in_transit"]
    assert not Webhook.objects.filter(taken_at=None).exists()


def test_late_event_is_put_where_it_belongs_and_takes_nothing_back(sent):
    (number,) = numbers(sent)
    tell(event(number, "out_for_delivery", 5))
    tell(event(number, "in_transit", 1), event(number, "failure", 2))
    assert status(sent) == "out_for_delivery"
    tell(event(number, "delivered", 6))
    tell(event(number, "out_for_delivery", 4), event(number, "in_transit", 9))
    assert status(sent) == "delivered"
    assert kinds(sent.id)[2:] == ["out_for_delivery", "delivered"]
    hours = [(one.occurred_at - BEGAN).total_seconds() / 3600 for one in selectors.tracking(sent)]
    assert hours == [1, 2, 4, 5, 6, 9]


def test_order_of_arrival_makes_no_difference(carriers, seed):
    """Every journey, told in random orders with repeats, ends where it ends."""
    rng = random.Random(seed)
    journeys = {
        "delivered": ["in_transit", "failure", "in_transit", "out_for_delivery", "delivered"],
        "returned": ["in_transit", "out_for_delivery", "failure", "return_to_sender", "delivered"],
        "exception": ["in_transit", "out_for_delivery", "failure"],
    }
    for end, journey in journeys.items():
        for _ in range(4):
            row = send()
            labels_handle()
            events = [event(numbers(row)[0], step, hour) for hour, step in enumerate(journey)]
            events += rng.sample(events, 2)
            rng.shuffle(events)
            tell(*events)
            assert status(row) == end, [one["id"] for one in events]


def test_exception_and_the_way_back_are_told(sent):
    (number,) = numbers(sent)
    tell(event(number, "in_transit", 1), event(number, "failure", 2, description="The box is damaged"))
    tell(event(number, "in_transit", 3), event(number, "return_to_sender", 4), event(number, "delivered", 5))
    assert status(sent) == "returned"
    told = told_of(sent.id)[2:]
    assert [kind for kind, *_ in told] == ["in_transit", "exception", "in_transit", "exception", "returned"]
    assert (told[1][2]["status"], told[1][2]["description"]) == ("exception", "The box is damaged")
    assert told[3][2]["status"] == "return_to_sender"
    assert (told[4][2]["return_id"], told[4][2]["lines"]) == (None, [{"sku": "MUG", "qty": 2}])


def test_shipment_of_two_parcels_is_delivered_when_both_are(carriers):
    row = send("73301", MUG, HEAVY)
    labels_handle()
    one, other = numbers(row)
    tell(event(one, "in_transit", 1), event(one, "delivered", 3))
    assert status(row) == "in_transit"
    tell(event(other, "in_transit", 1), event(other, "delivered", 4))
    assert status(row) == "delivered"


def test_what_is_told_before_the_last_label_is_bought_counts_afterwards(carriers):
    row = send("73301", MUG, HEAVY)
    first, last = Label.objects.order_by("parcel__number")
    Label.objects.filter(id=last.id).update(next_at=timezone.now() + timedelta(hours=1))
    labels_handle()
    first.refresh_from_db()
    tell(event(first.tracking_number, "in_transit", 1))
    assert status(row) == "draft"
    Label.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    labels_handle()
    assert status(row) == "in_transit"
    assert kinds(row.id) == ["created", "label_purchased", "in_transit"]


def test_cancelled_shipment_stays_cancelled_whatever_is_told(sent):
    shipments.shipment_cancel(shipment_id=sent.id, actor="ann")
    tell(event(numbers(sent)[0], "in_transit", 1))
    assert status(sent) == "cancelled"
    assert TrackingEvent.objects.count() == 1


def test_what_was_sent_back_is_returned_part_by_part(sent):
    tell(event(numbers(sent)[0], "delivered", 1))
    parts = [shipments.return_create(shipment_id=sent.id, wanted={"MUG": 1}) for _ in range(2)]
    labels_handle()
    for part, ends in zip(parts, ("delivered", "returned"), strict=True):
        tell(event(numbers(part)[0], "in_transit", 2), event(numbers(part)[0], "delivered", 3))
        assert (status(part), status(sent)) == ("delivered", ends)
    returned = [data for kind, _, data in told_of(sent.id) if kind == "returned"]
    assert [(data["return_id"], data["lines"]) for data in returned] == [
        (str(part.id), [{"sku": "MUG", "qty": 1}]) for part in parts
    ]


@pytest.mark.parametrize(
    "wrong", [{"secret": "another"}, {"at": 1_700_000_000}], ids=["another's", "an hour and more ago"]
)
def test_webhook_that_is_not_signed_right_is_not_kept(sent, wrong):
    with pytest.raises(SignatureInvalid):
        keep(event(numbers(sent)[0], "in_transit", 1), **wrong)
    assert not Webhook.objects.exists()


def test_webhook_without_signature_or_of_nobody_is_not_kept(sent):
    body = json.dumps(event(numbers(sent)[0], "in_transit", 1)).encode()
    for signature in (None, "", sign(body + b" ", SECRET)):
        with pytest.raises(SignatureInvalid):
            webhook_keep(carrier="herald", body=body, signature=signature)
    with pytest.raises(UnknownService):
        keep(body, carrier="nobody")
    for unreadable in (b"\xff", b"nul\x00"):
        with pytest.raises(WebhookInvalid):
            keep(unreadable)
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""}, {"id": 5}, {"tracking_number": None}, {"occurred_at": "yesterday"},
        {"occurred_at": "2026-03-01T08:00:00"}, {"description": ["x"]}, {"description": "nul\x00"},
    ],
)  # fmt: skip
def test_webhook_that_says_nothing_is_given_up_at_once_and_holds_up_nobody(sent, change):
    (number,) = numbers(sent)
    tell({**event(number, "in_transit", 1), **change}, event(number, "in_transit", 2))
    assert status(sent) == "in_transit"
    dead = Webhook.objects.get(taken_at=None)
    assert dead.dead_at
    assert dead.last_error
    for unread in (b"{", b"[]", b"5"):
        assert tell(unread) == 1


def test_word_that_nobody_knows_is_kept_and_changes_nothing(sent):
    tell(event(numbers(sent)[0], "in_orbit", 1))
    assert status(sent) == "label_created"
    assert TrackingEvent.objects.get().status == TrackingStatus.UNKNOWN


def test_carrier_can_be_faster_than_we_are(sent):
    """The label may be bought and not be noted yet: what is told of it waits, and others do not."""
    tell(event("HC-UNKNOWN", "in_transit", 1), event(numbers(sent)[0], "in_transit", 1))
    assert status(sent) == "in_transit"
    waiting = Webhook.objects.get(taken_at=None)
    assert (waiting.attempts, waiting.dead_at) == (1, None)
    assert waiting.next_at > timezone.now()
    late = send()
    Label.objects.filter(parcel__shipment=late).update(state="bought", tracking_number="HC-UNKNOWN")
    Shipment.objects.filter(id=late.id).update(status="label_created")
    Webhook.objects.update(next_at=timezone.now())
    assert take_all() == 1
    assert status(late) == "in_transit"


def test_parcel_that_never_turns_up_is_given_up(sent):
    keep(event("HC-NEVER", "in_transit", 1))
    for _ in range(ATTEMPTS_MAX):
        Webhook.objects.update(next_at=timezone.now())
        assert take_all() == 1
    given_up = Webhook.objects.get()
    assert given_up.dead_at
    assert "HC-NEVER" in given_up.last_error
    assert take_all() == 0


def test_number_belongs_to_its_carrier(sent):
    """Another carrier cannot speak of this one's parcels."""
    tell(event(numbers(sent)[0], "delivered", 1), carrier="swift")
    assert status(sent) == "label_created"


def test_tracked_by_number_or_not_at_all(sent):
    (number,) = numbers(sent)
    tell(event(number, "in_transit", 1))
    assert [one.status for one in selectors.tracked(number).events] == ["in_transit"]
    for nobody in ("", "x" * 65, "nul\x00", str(uuid.uuid4())):
        with pytest.raises(UnknownShipment):
            selectors.tracked(nobody)
