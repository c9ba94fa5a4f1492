"""What becomes of a payment at a provider, and what the books say of it."""

import uuid

import pytest
from django.db import IntegrityError, transaction

from monolith.kernel.append_only import AppendOnlyError
from monolith.kernel.money import Money
from monolith.payments import providers
from monolith.payments.contract import (
    AmountTooLarge,
    CaptureMethod,
    CurrencyDiffers,
    InvalidPaymentMethod,
    InvalidTransition,
    OrderHasPayment,
    OutOfBounds,
    PaymentDiffers,
    RefundDiffers,
    RefundExceedsCaptured,
    UnknownPayment,
)
from monolith.payments.models import Capture, PaymentAttempt, PaymentEvent, PaymentIntent, Refund
from monolith.payments.services import intents, refunds
from monolith.payments.services.attempts import attempt_ask
from monolith.payments.tasks import expire_intents
from strangler.bindings.errors import CallInTransaction
from strangler.transport.breaker import Breaker
from tests.unit.payments.conftest import WHO
from tests.unit.payments.told import told, types


def figures(row):
    return (row.status, row.amount_capturable, row.amount_captured, row.amount_refund_pending, row.amount_refunded)


def test_payment_goes_from_authorised_to_taken_to_given_back(till):
    row = till.authorize()
    assert figures(row) == ("requires_capture", 1000, 0, 0, 0)
    assert (row.provider, row.payment_method.brand, row.payment_method.last4) == ("sandbox_a", "visa", "4242")
    assert figures(till.capture(row, 700)) == ("succeeded", 0, 700, 0, 0)
    assert till.refund(row, 200).status == "succeeded"
    assert till.refund(row).amount == 500
    assert figures(till.seen(row)) == ("succeeded", 0, 700, 0, 700)
    assert till.first.charges(row.id) == [("captured", 1, 700, 700)]
    assert types(row) == ["authorized", "captured", "refunded", "refunded"]
    data = told(row)[2][1]
    assert (data["amount"], data["refunded"]) == ({"amount": 200, "currency": "USD"},) * 2


def test_automatic_capture_is_one_step(till):
    row = till.authorize(capture_method=CaptureMethod.AUTOMATIC)
    assert figures(row) == ("succeeded", 0, 1000, 0, 0)
    assert Capture.objects.get().amount == 1000
    assert (types(row), till.first.charges(row.id)) == (["captured"], [("captured", 1, 1000, 0)])


@pytest.mark.parametrize("code", ["insufficient_funds", "lost_card", "do_not_honor"])
def test_decline_tells_why_and_another_method_may_follow(till, code):
    row = till.authorize(f"tok_declined_{code}")
    assert (row.status, row.last_error["code"], row.last_error["decline_code"]) == (
        "requires_payment_method", "card_declined", code,
    )  # fmt: skip
    assert told(row)[-1][1]["decline_code"] == code
    with till.committed():
        intents.intent_confirm(intent_id=row.id, payment_method="tok_visa", **WHO)
    assert (till.seen(row).status, till.seen(row).last_error) == ("requires_capture", None)
    assert [one for one in till.first.charges(row.id) if one[1]] == [("authorized", 1, 0, 0)]


def test_provider_is_never_asked_inside_a_transaction(till):
    """R12: the guard in front of the call bites, whoever makes it."""
    row = till.authorize("tok_timeout_before")
    PaymentAttempt.objects.update(leased_until=None)
    asked = list(till.first.asked)
    with transaction.atomic(), pytest.raises(CallInTransaction):
        attempt_ask(PaymentAttempt.objects.get(intent=row).id)
    assert till.first.asked == asked


def test_nothing_is_asked_when_the_transaction_is_rolled_back(till):
    with pytest.raises(ZeroDivisionError), till.committed(), transaction.atomic():
        intents.intent_authorize(
            order_id=uuid.uuid4(), attempt=1, customer="ann", amount=Money(1, "USD"), payment_method="tok_visa", **WHO
        )
        1 / 0
    assert till.first.asked == []


def test_intent_is_on_record_before_the_provider_is_asked(till):
    """Whoever dies in the call leaves a payment that says `processing` and an attempt that says `unknown`."""
    seen = []

    def look(_):
        attempt = PaymentAttempt.objects.get()
        seen.append((attempt.intent.status, attempt.unknown, attempt.tries))

    till.first.before = look
    till.authorize()
    assert seen == [("processing", True, 1)]


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "error", "error_after"])
def test_unknown_outcome_is_resolved_with_the_same_key_and_charged_once(till, fault):
    """P4: the poller asks the same provider; the other one is never asked."""
    row = till.authorize(f"tok_{fault}")
    assert row.status == "processing"
    assert till.poll() == 1
    row = till.seen(row)
    assert (row.status, till.first.charges(row.id)) == ("requires_capture", [("authorized", 1, 0, 0)])
    assert {key for _, key in till.first.asked} == {f"{row.id}:authorize:1"}
    assert till.second.asked == []
    assert till.poll() == 0


@pytest.mark.parametrize("step", ["capture", "void", "refund"])
def test_unknown_outcome_of_each_step_is_resolved(till, step):
    row = till.authorize(f"tok_{step}_timeout_after")
    if step == "void":
        assert till.cancel(row).status == "processing"
        till.poll()
        assert (till.seen(row).status, till.first.charges(row.id)) == ("canceled", [("voided", 1, 0, 0)])
        return
    assert till.capture(row).status == ("processing" if step == "capture" else "succeeded")
    till.poll()
    if step == "refund":
        refund = till.refund(row, 400)
        assert refund.status == "pending"
        assert figures(till.seen(row)) == ("succeeded", 0, 1000, 400, 0)
        till.poll()
    assert till.first.charges(row.id) == [("captured", 1, 1000, 400 if step == "refund" else 0)]
    assert figures(till.seen(row)) == ("succeeded", 0, 1000, 0, 400 if step == "refund" else 0)


def test_other_provider_is_asked_when_the_first_has_got_nothing(till):
    till.first.down = True
    row = till.authorize()
    assert (row.status, row.provider) == ("processing", "")
    till.second.settle()
    till.poll()
    row = till.seen(row)
    assert (row.status, row.provider) == ("requires_capture", "sandbox_b")
    assert till.first.charges(row.id) == []


def test_other_provider_is_not_asked_once_an_outcome_was_unknown(till):
    """Though the first one is now certainly out of reach."""
    row = till.authorize("tok_timeout_after")
    till.first.down = True
    for _ in range(3):
        till.poll()
    assert (till.seen(row).status, till.second.asked) == ("processing", [])
    till.first.down = False
    providers.breaker("sandbox_a").succeeded()
    till.poll()
    assert (till.seen(row).status, till.first.charges(row.id)) == ("requires_capture", [("authorized", 1, 0, 0)])


def test_nobody_in_reach_is_told_and_leaves_nothing_behind(till):
    till.first.down = till.second.down = True
    row = till.authorize()
    assert (row.status, row.last_error["code"]) == ("requires_payment_method", "provider_unavailable")
    assert told(row)[-1][1]["code"] == "provider_unavailable"
    assert till.poll() == 0


def test_provider_that_fails_again_and_again_is_left_alone(till):
    till.first.down = True
    for _ in range(5):
        till.authorize()
    assert providers.breaker("sandbox_a").open
    asked = len(till.first.asked)
    row = till.authorize()
    assert (len(till.first.asked), PaymentAttempt.objects.get(intent=row).provider) == (asked, "sandbox_b")


def test_provider_that_rests_is_tried_again_however_many_want_it(till, monkeypatch):
    """Those who are turned away do not prolong its rest."""
    till.second.down = True
    now = [100.0]
    rests = Breaker(rest_s=5, clock=lambda: now[0])
    monkeypatch.setattr(providers, "breaker", lambda _: rests)
    till.first.down = True
    for _ in range(5):
        till.authorize()
    till.first.down = False
    for _ in range(4):
        now[0] += 2
        last = till.authorize()
    assert last.status == "requires_capture"


def test_customer_who_must_act_is_sent_there(till):
    row = till.authorize("tok_3ds")
    assert (row.status, row.next_action["url"]) == ("requires_action", "http://provider/act")
    assert types(row) == ["requires_action"]
    till.first.ledger.complete("sandbox_a", row.provider_ref, approve=True)
    till.poll()
    assert (till.seen(row).status, till.seen(row).next_action) == ("requires_capture", None)


def test_customer_who_does_not_prove_who_they_are_pays_nothing(till):
    row = till.authorize("tok_3ds")
    till.first.ledger.complete("sandbox_a", row.provider_ref, approve=False)
    till.poll()
    row = till.seen(row)
    assert (row.status, row.last_error["code"]) == ("requires_payment_method", "authentication_required")


def test_payment_that_waits_for_the_customer_can_be_given_up(till):
    row = till.cancel(till.authorize("tok_3ds"))
    assert row.status == "canceled"
    assert till.first.ledger.complete("sandbox_a", row.provider_ref, approve=True) is None
    till.poll()
    assert (till.seen(row).status, till.poll()) == ("canceled", 0)


@pytest.mark.parametrize("token", ["tok_timeout_after", "tok_timeout_before", "tok_error_after"])
def test_payment_that_is_given_up_in_flight_is_undone_when_it_is_known(till, token):
    """A saga that compensates while it does not know whether the money was set aside."""
    row = till.authorize(token)
    assert till.cancel(row, "out of stock").status == "processing"
    assert till.cancel(row).status == "processing"
    till.poll()
    row = till.seen(row)
    assert (row.status, row.cancel_reason) == ("canceled", "out of stock")
    assert till.first.charges(row.id) == [("voided", 1, 0, 0)]
    assert types(row)[-1] == "canceled"


def test_what_nothing_was_asked_for_is_given_up_at_once(till):
    row = till.authorize("tok_declined_lost_card")
    assert (till.cancel(row).status, till.cancel(row).status) == ("canceled", "canceled")
    assert types(row) == ["failed", "canceled"]


def test_capture_after_the_hold_has_lapsed_cancels(till):
    row = till.capture(till.authorize("tok_capture_fails"))
    assert (row.status, row.amount_captured, row.amount_capturable) == ("canceled", 0, 0)
    assert types(row) == ["authorized", "failed", "canceled"]
    assert told(row)[1][1]["operation"] == "capture"


def test_void_that_is_refused_leaves_it_authorised(till):
    row = till.cancel(till.authorize("tok_void_fails"))
    assert (row.status, row.last_error["code"]) == ("requires_capture", "void_refused")


def test_refund_that_fails_frees_its_amount(till):
    row = till.captured("tok_refund_fails")
    refund = till.refund(row, 1000)
    assert (refund.status, refund.last_error["code"]) == ("failed", "account_closed")
    assert figures(till.seen(row)) == ("succeeded", 0, 1000, 0, 0)
    assert types(row)[-1] == "refund_failed"


def test_refunds_never_exceed_the_capture(till):
    """P2, pending ones included."""
    row = till.captured("tok_refund_timeout_before")
    assert till.refund(row, 600).status == "pending"
    with pytest.raises(RefundExceedsCaptured) as refusal:
        till.refund(row, 401)
    assert refusal.value.context == {"left": 400}
    till.refund(row)
    with pytest.raises(RefundExceedsCaptured):
        till.refund(row)


def test_refund_is_made_once_for_its_id(till):
    row, refund_id = till.captured(), uuid.uuid4()
    for _ in range(2):
        assert till.refund(row, 100, refund_id).amount == 100
    assert till.first.charges(row.id) == [("captured", 1, 1000, 100)]
    other = till.captured()
    for intent, amount in ((row, 101), (other, 100)):
        with pytest.raises(RefundDiffers):
            till.refund(intent, amount, refund_id)


def test_order_has_one_live_payment(till):
    """P3: another attempt when the first has failed, not while it lives."""
    order = uuid.uuid4()
    first = till.authorize(order=order)
    with pytest.raises(OrderHasPayment) as refusal:
        till.authorize(order=order, attempt=2)
    assert refusal.value.context == {"payment_id": str(first.id)}
    till.cancel(first)
    assert till.authorize(order=order, attempt=2).status == "requires_capture"


def test_attempt_is_the_same_payment_for_ever(till):
    order = uuid.uuid4()
    first = till.authorize(order=order)
    assert till.authorize(order=order).id == first.id
    assert till.first.charges(first.id) == [("authorized", 1, 0, 0)]
    for more in ({"amount": 1001}, {"capture_method": CaptureMethod.AUTOMATIC}):
        with pytest.raises(PaymentDiffers):
            till.authorize(order=order, **more)


def test_what_cannot_be_is_refused(till):
    row = till.authorize()
    for refusal, act in (
        (AmountTooLarge, lambda: till.capture(row, 1001)),
        (CurrencyDiffers, lambda: intents.intent_capture(intent_id=row.id, amount=Money(1, "EUR"), **WHO)),
        (InvalidTransition, lambda: intents.intent_confirm(intent_id=row.id, payment_method="tok_visa", **WHO)),
        (RefundExceedsCaptured, lambda: till.refund(row, 1)),
        (UnknownPayment, lambda: intents.intent_cancel(intent_id=uuid.uuid4(), **WHO)),
        (AmountTooLarge, lambda: till.authorize(amount=10**8)),
        (OutOfBounds, lambda: till.authorize(amount=0)),
        (OutOfBounds, lambda: till.authorize(attempt=0)),
        (OutOfBounds, lambda: till.cancel(row, "x" * 501)),
        (InvalidPaymentMethod, lambda: till.authorize("4242424242424242")),
        (InvalidPaymentMethod, lambda: till.authorize("tok_4242424242424242")),
    ):
        with pytest.raises(refusal):
            act()
    taken = till.capture(row)
    for act in (till.capture, till.cancel):
        with pytest.raises(InvalidTransition):
            act(taken)
    refund = {"refund_id": uuid.uuid4(), "intent_id": row.id, "amount": Money(1, "EUR")}
    with pytest.raises(CurrencyDiffers):
        refunds.refund_create(**refund, **WHO)


def test_refusal_does_not_repeat_a_card_number(till):
    for number in ("4242424242424242", "tok_4242_4242_4242_4242"):
        with pytest.raises(InvalidPaymentMethod) as refusal:
            till.authorize(number)
        assert "4242" not in f"{refusal.value} {refusal.value.context}"


def test_authorisation_that_lapses_is_given_back(till):
    row, other = till.authorize(), till.authorize("tok_declined_lost_card")
    kept = till.captured()
    till.late()
    with till.committed():
        assert expire_intents() == 2
    assert (till.seen(row).status, till.seen(row).cancel_reason) == ("canceled", "authorization expired")
    assert till.first.charges(row.id) == [("voided", 1, 0, 0)]
    assert (till.seen(other).cancel_reason, till.seen(kept).status) == ("not finished in time", "succeeded")


@pytest.mark.parametrize(
    "change",
    [
        {"amount_captured": 1001},
        {"amount_refunded": 1001},
        {"amount_refund_pending": 1001},
        {"amount_refunded": 600, "amount_refund_pending": 401},
        {"amount_authorized": 1001},
        {"amount_capturable": 1},
        {"status": "paid"},
    ],
)
def test_database_itself_refuses_what_cannot_be(till, change):
    """P1 and P2 hold when somebody goes past everything of ours."""
    row = till.captured()
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentIntent.objects.filter(id=row.id).update(**change)


def test_what_happened_is_never_rewritten(till):
    till.authorize()
    event = PaymentEvent.objects.first()
    for act in (
        event.save,
        event.delete,
        PaymentEvent.objects.all().delete,
        lambda: PaymentEvent.objects.update(amount=1),
    ):
        with pytest.raises(AppendOnlyError):
            act()


def test_every_attempt_has_a_key_of_its_own(till):
    row = till.captured()
    till.refund(row, 1)
    till.refund(row, 1)
    keys = list(PaymentAttempt.objects.order_by("created_at").values_list("key", flat=True))
    assert keys == [f"{row.id}:{what}" for what in ("authorize:1", "capture:1", "refund:1", "refund:2")]
    assert Refund.objects.count() == 2
