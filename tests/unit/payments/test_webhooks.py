"""Deliveries: proved, kept, and worked on once, in whatever order they come (P5)."""

import itertools
import json
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from monolith.payments.models import Dispute, PaymentAttempt, PaymentEvent, WebhookEvent
from monolith.payments.services.webhooks import webhook_keep, webhooks_waiting
from monolith.payments.tasks import take_webhooks
from strangler.hosting.rest.webhooks import sign
from tests.unit.payments.fakes import SECRET
from tests.unit.payments.told import types


@pytest.fixture
def deliver(till):
    """Deliver a payload as sandbox_b does; return whether it is the first of its event."""

    def act(payload):
        body = json.dumps(payload).encode()
        with till.committed():
            return webhook_keep(provider="sandbox_b", body=body, signature=sign(body, SECRET), payload=payload)

    return act


@pytest.fixture
def pending(till):
    """A payment that sandbox_b works on."""
    till.first.down = True
    row = till.authorize("tok_visa")
    assert row.status == "processing"
    return row


def step(kind, authorization, key, state, sequence):
    data = {
        "key": key, "authorization": authorization, "amount": 1000, "currency": "USD", "state": state, "code": "",
        "decline_code": "", "expires_at": "2034-01-01T00:00:00+00:00", "card": None, "sequence": sequence,
        "action_url": "http://provider/act",
    }  # fmt: skip
    return {"id": f"evt_{kind}_{state}", "type": f"{kind}.{state}", "data": data}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_every_order_of_deliveries_ends_the_same(till, deliver, pending, order):
    """Three steps of one operation, each delivered twice: the highest rank counts, and it counts once."""
    attempt = PaymentAttempt.objects.get()
    states = ("pending", "requires_action", "succeeded")
    payloads = [step("authorization", "auth_x", attempt.key, state, n) for n, state in enumerate(states)]
    for n in order:
        assert deliver(payloads[n]) is True
        assert deliver(payloads[n]) is False
    row = till.seen(pending)
    assert (row.status, row.amount_capturable, row.provider_ref) == ("requires_capture", 1000, "auth_x")
    assert types(row).count("authorized") == 1
    assert PaymentEvent.objects.filter(kind="authorized").count() == 1
    assert WebhookEvent.objects.filter(processed_at__isnull=False).count() == 3


def test_delivery_is_kept_first_and_taken_by_the_clock_when_its_task_was_lost(till, pending):
    till.second.settle()
    payload = till.second.webhook(PaymentAttempt.objects.get().key)
    body = json.dumps(payload).encode()
    webhook_keep(provider="sandbox_b", body=body, signature=sign(body, SECRET), payload=payload)
    assert (till.seen(pending).status, len(webhooks_waiting(limit=9))) == ("processing", 1)
    with till.committed():
        assert take_webhooks() == 1
    assert (till.seen(pending).status, take_webhooks()) == ("requires_capture", 0)


def test_delivery_about_nothing_of_ours_has_no_effect(till, deliver):
    deliver(step("authorization", "auth_x", f"{uuid.uuid4()}:authorize:1", "succeeded", 1))
    deliver({"id": "evt_new", "type": "balance.available", "data": {}})
    notes = set(WebhookEvent.objects.values_list("note", flat=True))
    assert notes == {"nothing was asked under this key", "a type that means nothing here"}


def disputed(row, status, name="opened"):
    data = {
        "id": "dp_1", "authorization": row.provider_ref, "amount": 1000, "currency": "USD", "reason": "fraudulent",
        "status": status,
    }  # fmt: skip
    return {"id": f"evt_dispute_{name}", "type": f"dispute.{name}", "data": data}


def test_dispute_is_opened_and_decided_once(till, deliver, pending):
    till.second.settle()
    till.poll()
    row = till.capture(pending)
    deliver(disputed(row, "needs_response"))
    assert Dispute.objects.count() == 0, "the capture is not known yet"
    till.second.settle()
    till.poll()
    with till.committed():
        take_webhooks()
    assert (Dispute.objects.get().status, types(row)[-1]) == ("needs_response", "dispute_opened")
    deliver(disputed(row, "lost", "closed"))
    deliver(disputed(row, "under_review", "updated"))
    assert Dispute.objects.get().status == "lost"
    assert list(PaymentEvent.objects.filter(kind__startswith="dispute").values_list("kind", flat=True)) == [
        "dispute_opened", "dispute_closed",
    ]  # fmt: skip


class TestOverHttp:
    """The view: nothing that is not proved is kept."""

    @pytest.fixture(autouse=True)
    def here(self, settings, till):
        settings.ROOT_URLCONF = "tests.unit.payments.urls"
        settings.MIDDLEWARE = []

    def post(self, body, signature, provider="sandbox_b"):
        headers = {} if signature is None else {"Webhook-Signature": signature}
        path = f"/api/payments/webhooks/{provider}"
        return Client().post(path, body, content_type="application/json", headers=headers)

    def test_proved_delivery_is_answered_at_once(self):
        body = json.dumps({"id": "evt_1", "type": "balance.available", "data": {}})
        for _ in range(2):
            answer = self.post(body, sign(body.encode(), SECRET))
            assert (answer.status_code, answer.json()) == (200, {"received": True})
        assert WebhookEvent.objects.count() == 1

    def test_what_is_not_proved_is_refused(self):
        body = json.dumps({"id": "evt_1", "type": "balance.available", "data": {}})
        now = int(timezone.now().timestamp())
        good = sign(body.encode(), SECRET)
        for sent, signature in (
            (body, None),
            (body, "nonsense"),
            (body, sign(body.encode(), "x" * 40)),
            (body + " ", good),
            (body, sign(body.encode(), SECRET, at=now - 301)),
            (body, sign(body.encode(), SECRET, at=now + 310)),
            ('{"id": 1}', sign(b'{"id": 1}', SECRET)),
        ):
            answer = self.post(sent, signature)
            assert (answer.status_code, answer.json()["code"]) == (400, "signature_invalid"), (sent, signature)
        assert self.post(body, sign(body.encode(), SECRET, at=now - 290)).status_code == 200
        assert WebhookEvent.objects.count() == 1

    def test_unknown_provider_is_told(self):
        assert self.post("{}", "t=1,v1=x", provider="nobody").status_code == 404
