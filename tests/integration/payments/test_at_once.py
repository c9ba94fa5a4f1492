"""P1 to P5 on real databases: many hands at once take no more than there is, and charge nobody twice."""

import json
import threading
import uuid
from collections import Counter

import pytest

from monolith.kernel.money import Money
from monolith.payments import journal
from monolith.payments.models import PaymentAttempt, PaymentEvent, PaymentIntent, Refund
from monolith.payments.services import intents, refunds
from monolith.payments.services.attempts import attempt_ask
from monolith.payments.services.webhooks import webhook_keep, webhook_take, webhooks_waiting
from strangler.hosting.rest.webhooks import sign
from tests.integration.inventory.crowd import at_once
from tests.integration.payments.conftest import WHO
from tests.unit.payments.fakes import SECRET

REFUNDS, PART, FIT = 50, 70, 14
ON_POSTGRESQL = pytest.mark.parametrize("homes", ["postgresql"], indirect=True)


def give_back(row):
    """Let many refunds be asked for at once."""

    def act(_):
        refunds.refund_create(refund_id=uuid.uuid4(), intent_id=row.id, amount=Money(PART, "USD"), **WHO)
        return "given"

    return Counter(at_once(act, REFUNDS))


def test_fifty_refunds_at_once_never_exceed_the_capture(shop):
    """P2: 1000 were taken, fourteen times 70 fit."""
    row = shop.captured()
    assert give_back(row) == {"given": FIT, "refund_exceeds_captured": REFUNDS - FIT}
    seen = shop.seen(row)
    assert (seen.amount_refunded, seen.amount_refund_pending, Refund.objects.count()) == (FIT * PART, 0, FIT)
    assert shop.first.charges(row.id) == [("captured", 1, 1000, FIT * PART)]


@ON_POSTGRESQL  # SQLite admits one writer at a time: there is no lock to take out
def test_without_the_lock_the_version_still_holds(shop, monkeypatch):
    """The second guard: an UPDATE counts only if the row is what was read, so that only one at a time gets through."""
    row = shop.captured()
    all_have_looked = threading.Barrier(4)

    def look(intent_id):
        seen = PaymentIntent.objects.get(id=intent_id)
        all_have_looked.wait(30)
        return seen

    monkeypatch.setattr(journal, "locked", look)
    monkeypatch.setattr(refunds, "attempt_begin", lambda **_: None)

    def act(_):
        try:
            refunds.refund_create(refund_id=uuid.uuid4(), intent_id=row.id, amount=Money(600, "USD"), **WHO)
            return "given"
        except journal.ChangedMeanwhile:
            return "changed meanwhile"

    assert Counter(at_once(act, 4)) == {"given": 1, "changed meanwhile": 3}
    monkeypatch.undo()
    assert shop.seen(row).amount_refund_pending == 600


def test_parallel_confirmations_charge_once(shop):
    """Twelve of one payment: one asks the provider."""
    row = shop.made()

    def act(_):
        intents.intent_confirm(intent_id=row.id, payment_method="tok_visa", **WHO)
        return "confirmed"

    assert Counter(at_once(act, 12)) == {"confirmed": 1, "invalid_transition": 11}
    assert (shop.seen(row).status, shop.first.charges(row.id)) == ("requires_capture", [("authorized", 1, 0, 0)])


def test_attempts_of_one_order_at_once_charge_once(shop):
    """P3: eight attempts of one order, each a payment of its own."""
    order = uuid.uuid4()
    rows = [shop.made(order=order, attempt=n) for n in range(1, 9)]

    def act(index):
        intents.intent_confirm(intent_id=rows[index].id, payment_method="tok_visa", **WHO)
        return "confirmed"

    assert Counter(at_once(act, 8)) == {"confirmed": 1, "order_has_payment": 7}
    assert sum(len(shop.first.charges(row.id)) for row in rows) == 1


def test_many_authorisations_of_one_attempt_are_one(shop):
    """Whatever keys the requests came with."""
    order = uuid.uuid4()

    def act(_):
        step = intents.intent_authorize(
            order_id=order, attempt=1, customer="ann", amount=Money(5, "USD"), payment_method="tok_visa", **WHO
        )
        return str(step.intent.id)

    (intent_id,) = set(at_once(act, 8))
    assert shop.first.charges(intent_id) == [("authorized", 1, 0, 0)]


def test_capture_and_void_at_once_leave_one_of_them(shop):
    """The money is taken or free, never both."""
    row = shop.authorized()

    def act(index):
        step = intents.intent_capture if index % 2 else intents.intent_cancel
        step(intent_id=row.id, **WHO)
        return "capture" if index % 2 else "void"

    outcomes = Counter(at_once(act, 8))
    seen = shop.seen(row)
    expected = {"succeeded": ("captured", 1, 1000, 0), "canceled": ("voided", 1, 0, 0)}
    assert shop.first.charges(row.id) == [expected[seen.status]]
    assert outcomes["capture"] == (seen.status == "succeeded")


def test_everybody_who_asks_for_an_attempt_asks_once(shop):
    """The poller in every worker, and whoever began it."""
    row = shop.authorized("tok_timeout_before")
    attempt = PaymentAttempt.objects.get(intent=row)
    PaymentAttempt.objects.update(leased_until=None, due_at=attempt.created_at)
    asked = len(shop.first.asked)
    at_once(lambda _: str(attempt_ask(attempt.id)), 8)
    assert [what for what, _ in shop.first.asked[asked:]] == ["fetch", "authorize"]
    assert shop.first.charges(row.id) == [("authorized", 1, 0, 0)]


def test_webhooks_and_poller_at_once_count_once(shop):
    """The same outcome by five deliveries and by asking."""
    shop.first.down = True
    row = shop.authorized()
    shop.second.settle()
    attempt = PaymentAttempt.objects.get(intent=row)
    for number in range(5):
        payload = {**shop.second.webhook(attempt.key), "id": f"evt_{number}"}
        body = json.dumps(payload).encode()
        webhook_keep(provider="sandbox_b", body=body, signature=sign(body, SECRET), payload=payload)
    PaymentAttempt.objects.update(leased_until=None, due_at=attempt.created_at)
    waiting = webhooks_waiting(limit=9)
    assert len(waiting) == 5

    def act(index):
        return str(webhook_take(waiting[index]) if index < 5 else attempt_ask(attempt.id))

    assert set(at_once(act, 8)) == {"None"}
    assert shop.seen(row).status == "requires_capture"
    assert PaymentEvent.objects.filter(intent=row, kind="authorized").count() == 1
    assert shop.second.charges(row.id) == [("authorized", 1, 0, 0)]
