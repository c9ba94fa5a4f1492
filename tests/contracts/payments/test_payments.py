"""Payments: charged once, whatever the provider does, and never more given back than was taken."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.at_once import at_once
from tests.contracts.client import Client, pages
from tests.contracts.expectations import is_problem, names_field
from tests.contracts.payments.conftest import MOUNT, Till
from tests.support.processes import eventually
from tests.support.providers import Providers


def test_payment_is_authorised_taken_and_given_back(staff: Client, till: Till) -> None:
    """The provider's books say the same as ours at every step."""
    row = till.authorized()
    assert (row["amount_capturable"]["amount"], row["payment_method"]["last4"]) == (1999, "4242")
    assert till.charges(row) == [("authorized", 1, 0, 0)]
    till.step(row, "capture", amount={"amount": 1500, "currency": "USD"})
    assert till.until(row, "succeeded")["amount_captured"]["amount"] == 1500
    refund = staff.create("/refunds", {"payment_intent": row["id"], "reason": "broken"})
    assert refund.status in (201, 202)
    path = refund.headers["Location"]
    done = eventually(lambda: (r := staff.get(path).json)["status"] == "succeeded" and r, what="it is given back")
    assert (done["amount"]["amount"], done["reason"]) == (1500, "broken")
    assert till.charges(row) == [("captured", 1, 1500, 1500)]


def test_payment_is_read_by_version(staff: Client, till: Till) -> None:
    """304 until something changes."""
    row = till.made()
    path = f"/payment-intents/{row['id']}"
    seen = staff.get(path)
    assert (seen.json, row["status"]) == (row, "requires_payment_method")
    assert staff.get(path, headers={"If-None-Match": seen.etag}).status == 304
    till.step(row, "cancel", reason="changed my mind")
    changed = staff.get(path, headers={"If-None-Match": seen.etag})
    assert (changed.status, changed.json["cancel_reason"]) == (200, "changed my mind")


def test_payments_of_an_order_are_listed(staff: Client, till: Till) -> None:
    """The latest first, by cursor."""
    order = str(uuid.uuid4())
    made = [till.made(order_id=order, attempt=n)["id"] for n in (1, 2, 3)]
    found = [one["id"] for page in pages(staff, "/payment-intents", order_id=order, limit=2) for one in page["data"]]
    assert found == made[::-1]
    is_problem(staff.get("/payment-intents?order_id=5"), 400, "invalid_filter")


def test_attempt_is_made_once(staff: Client, till: Till) -> None:
    """Whatever the key; other particulars are refused."""
    body = till.body()
    first, again = (staff.create("/payment-intents", body) for _ in range(2))
    assert (first.status, again.status, again.json) == (201, 200, first.json)
    other = {**body, "amount": {"amount": 1, "currency": "USD"}}
    is_problem(staff.create("/payment-intents", other), 409, "payment_differs")


def test_order_is_paid_once(staff: Client, till: Till) -> None:
    """P3: another attempt is refused while the first lives."""
    order = str(uuid.uuid4())
    till.authorized(order_id=order)
    second = till.made(order_id=order, attempt=2)
    is_problem(till.confirm(second, "tok_visa"), 409, "order_has_payment")
    assert till.charges(second) == []


def test_decline_is_told(staff: Client, till: Till) -> None:
    """With its code, and the payment waits for another method."""
    row = till.made()
    answer = till.confirm(row, "tok_declined_insufficient_funds")
    if answer.status == 402:
        assert is_problem(answer, 402, "card_declined")["decline_code"] == "insufficient_funds"
    failed = till.until(row, "requires_payment_method")
    assert failed["last_error"]["decline_code"] == "insufficient_funds"
    till.confirm(row, "tok_visa")
    till.until(row, "requires_capture")
    assert till.charges(row) == [("authorized", 1, 0, 0)]


def test_provider_that_gives_no_answer_is_asked_again_and_charges_once(till: Till) -> None:
    """P4: 202, then the poller finds out."""
    row = till.made()
    answer = till.confirm(row, "tok_timeout_after")
    assert (answer.status, answer.json["status"]) == (202, "processing")
    till.until(row, "requires_capture")
    assert till.charges(row) == [("authorized", 1, 0, 0)]


@pytest.mark.parametrize("token", ["tok_unavailable_sandbox_a", "tok_unavailable_sandbox_b"])
def test_other_provider_takes_over_before_anything_has_happened(till: Till, token: str) -> None:
    """The asynchronous one tells by webhook; only one of them charges."""
    row = till.authorized(token)
    assert (
        row["provider"] == {"tok_unavailable_sandbox_a": "sandbox_b", "tok_unavailable_sandbox_b": "sandbox_a"}[token]
    )
    till.step(row, "capture")
    till.until(row, "succeeded")
    assert till.charges(row) == [("captured", 1, 1999, 0)]


def test_nobody_in_reach_is_told(till: Till) -> None:
    """503, and nothing was charged."""
    row = till.made()
    is_problem(till.confirm(row, "tok_unavailable"), 503, "provider_unavailable")
    assert till.charges(row) == []


def test_customer_proves_who_they_are(till: Till, providers: Providers) -> None:
    """Sent to the provider, and back."""
    row = till.made()
    answer = till.confirm(row, "tok_3ds")
    assert answer.status in (200, 202)
    waiting = till.until(row, "requires_action")
    providers.act(waiting["next_action"]["url"], approve=True)
    assert till.until(row, "requires_capture")["next_action"] is None


def test_authorisation_is_given_up(till: Till) -> None:
    """What was set aside is free again; a repeat changes nothing, and it cannot be taken any more."""
    row = till.authorized()
    till.step(row, "cancel", reason="out of stock")
    till.until(row, "canceled")
    assert till.charges(row) == [("voided", 1, 0, 0)]
    assert till.step(row, "cancel").status == 200
    is_problem(till.step(row, "capture"), 409, "invalid_transition")


def test_refunds_never_exceed_the_capture(staff: Client, till: Till) -> None:
    """P2: eight at once, four fit."""
    row = till.captured()
    body = {"payment_intent": row["id"], "amount": {"amount": 499, "currency": "USD"}}
    outcomes = at_once(lambda _: staff.create("/refunds", body))
    refused = outcomes.pop((409, "refund_exceeds_captured"))
    assert (refused, sum(outcomes.values()), {status for status, _ in outcomes} <= {201, 202}) == (4, 4, True)
    eventually(lambda: till.charges(row) == [("captured", 1, 1999, 1996)], what="four were given back")


def test_parallel_confirmations_charge_once(till: Till) -> None:
    """Eight keys for one payment."""
    row = till.made()
    outcomes = at_once(lambda _: till.confirm(row, "tok_visa"))
    accepted = sum(count for (status, _), count in outcomes.items() if status in (200, 202))
    assert (accepted, outcomes[(409, "invalid_transition")]) == (1, 7)
    till.until(row, "requires_capture")
    assert till.charges(row) == [("authorized", 1, 0, 0)]


def test_repeat_is_told_what_came_of_the_first(till: Till) -> None:
    """One key, one request to the provider."""
    row, key = till.made(), str(uuid.uuid4())
    till.confirm(row, "tok_visa", key)
    till.until(row, "requires_capture")
    again = till.confirm(row, "tok_visa", key)
    assert (again.status, again.replayed, again.json["status"]) == (200, True, "requires_capture")
    is_problem(till.confirm(row, "tok_mastercard", key), 422, "idempotency_key_reused")


def test_bad_bodies_are_refused(staff: Client, till: Till) -> None:
    """Field by field; a card number is no token, and is not repeated."""
    good = till.body()
    for change, field in (
        ({"order_id": "5"}, "order_id"),
        ({"attempt": 0}, "attempt"),
        ({"customer": ""}, "customer"),
        ({"amount": 5}, "amount"),
        ({"amount": {"amount": "5", "currency": "USD"}}, "amount.amount"),
        ({"amount": {"amount": 5, "currency": "XXX"}}, "amount.currency"),
        ({"capture_method": "later"}, "capture_method"),
        ({"card": "x"}, "card"),
    ):
        names_field(staff.create("/payment-intents", {**good, **change}), field)
    too_large = {**good, "amount": {"amount": 10**8, "currency": "USD"}}
    is_problem(staff.create("/payment-intents", too_large), 422, "amount_too_large")
    answer = staff.create("/payment-intents", {**good, "payment_method": "4242424242424242"})
    is_problem(answer, 422, "invalid_payment_method")
    assert b"4242" not in answer.content


def test_nobody_reads_or_writes_without_a_token(anybody: Client, till: Till) -> None:
    """Every route but the webhooks', which is proved by its signature."""
    row = till.made()["id"]
    for path in (
        f"/payment-intents/{row}",
        "/payment-intents",
        f"/refunds/{row}",
        "/providers",
        f"/reconciliations/{row}",
    ):
        is_problem(anybody.get(path), 401, "not_authenticated")
    for path in ("", f"/{row}:confirm", f"/{row}:capture", f"/{row}:cancel"):
        is_problem(anybody.create(f"/payment-intents{path}", {}), 401, "not_authenticated")
    for path in ("/refunds", "/reconciliations"):
        is_problem(anybody.create(path, {}), 401, "not_authenticated")
    is_problem(anybody.create("/webhooks/sandbox_b", {}), 400, "signature_invalid")


def test_every_post_needs_a_key(staff: Client) -> None:
    """Of 1 to 255 characters."""
    row = uuid.uuid4()
    paths = ("/payment-intents", *(f"/payment-intents/{row}:{step}" for step in ("confirm", "capture", "cancel")))
    for path in (*paths, "/refunds", "/reconciliations"):
        is_problem(staff.send("POST", path, body={}), 400, "idempotency_key_required")


def test_providers_are_listed(staff: Client) -> None:
    """In the order in which they are asked."""
    data = staff.get("/providers").json["data"]
    assert [(one["name"], one["asynchronous"]) for one in data] == [("sandbox_a", False), ("sandbox_b", True)]


def test_docs_are_served(anybody: Client) -> None:
    """The page and the schema that it shows."""
    page = anybody.get("/docs")
    assert (page.status, f"{MOUNT}/openapi.json".encode() in page.content) == (200, True)
    assert anybody.get("/openapi.json").json["info"]["title"] == "Payments"
