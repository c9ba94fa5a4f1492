"""The adapters against the sandbox over real HTTP: every magic outcome, and what may be asked elsewhere."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from monolith.payments.providers import Instruction, NotSent, OutcomeUnknown, WebhookInvalid
from monolith.payments.providers.sandbox import SandboxA, SandboxB
from monolith.payments.sandbox.deliveries import Deliveries
from monolith.payments.sandbox.ledger import Ledger
from monolith.payments.sandbox.server import Manner, Sandbox
from monolith.payments.sandbox.tokens import DECLINE_CODES, behaviour
from tests.support.processes import eventually, free_port

KEY, HOOK = "k" * 32, "h" * 32
ANSWER_S = 0.3


class Receiver(ThreadingHTTPServer):
    """Takes webhooks; refuses the first `refuse`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", free_port()), _Taker)
        self.taken = []
        self.refuse = 0


class _Taker(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 200
        if self.server.refuse:
            self.server.refuse, status = self.server.refuse - 1, 503
        else:
            self.server.taken.append((body, self.headers["Webhook-Signature"]))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def sandbox(receiver):
    """Both providers; a request without an answer hangs as long as the client waits."""
    ledger, port = Ledger(), free_port()
    url = f"http://127.0.0.1:{receiver.server_port}/hooks"
    deliveries = Deliveries(ledger, url, HOOK, public=f"http://127.0.0.1:{port}")
    manner = Manner(KEY, settle_s=0.05, hang_s=5, slow_s=0.1)
    with Sandbox(("127.0.0.1", port), ledger, deliveries, manner) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        deliveries.start()
        yield server
        server.stopping.set()
        deliveries.stop()
        server.shutdown()


@pytest.fixture
def url(sandbox):
    return f"http://127.0.0.1:{sandbox.server_port}"


@pytest.fixture
def first(url):
    return SandboxA(url, KEY, HOOK, answer_s=ANSWER_S)


@pytest.fixture
def second(url):
    return SandboxB(url, KEY, HOOK, answer_s=ANSWER_S)


def asked(token="tok_visa", **more):
    values = {"key": f"{uuid.uuid4()}:authorize:1", "reference": str(uuid.uuid4()), "amount": 500, "currency": "USD"}
    return Instruction(**{**values, "token": token, **more})


def later(outcome, what, amount=500):
    return asked(key=f"{uuid.uuid4()}:{what}:1", authorization=outcome.authorization, amount=amount)


def charges(sandbox, instruction, provider="sandbox_a"):
    rows = sandbox.ledger.authorizations(provider, instruction.reference)
    return [(row["state"], row["charged"], row["captured"], row["refunded"]) for row in rows]


def test_life_of_a_payment(sandbox, first):
    one = asked()
    outcome = first.authorize(one)
    assert (outcome.state, outcome.amount, outcome.card.last4) == ("succeeded", 500, "4242")
    assert first.capture(later(outcome, "capture", 400)).state == "succeeded"
    assert first.refund(later(outcome, "refund", 300)).state == "succeeded"
    assert first.refund(later(outcome, "refund", 101)).code == "amount_too_large"
    assert first.void(later(outcome, "void")).code == "already_captured"
    assert charges(sandbox, one) == [("captured", 1, 400, 300)]


def test_repeat_of_a_key_is_charged_once_and_another_request_refused(sandbox, first):
    one = asked()
    assert first.authorize(one) == first.authorize(one) == first.fetch(one.key)
    other = asked(key=one.key, amount=501)
    assert first.authorize(other).code == "idempotency_key_reused"
    assert charges(sandbox, one) == [("authorized", 1, 0, 0)]
    assert charges(sandbox, other) == []


def test_new_key_would_charge_again(sandbox, first):
    """The judge sees it: this is what a retry with a new key does."""
    one = asked()
    for _ in range(2):
        first.authorize(asked(reference=one.reference))
    assert len(charges(sandbox, one)) == 2


@pytest.mark.parametrize("code", DECLINE_CODES)
def test_every_decline_has_its_code(first, code):
    outcome = first.authorize(asked(f"tok_declined_{code}"))
    assert (outcome.state, outcome.code, outcome.decline_code) == ("failed", "card_declined", code)


@pytest.mark.parametrize(
    ("fault", "charged"), [("timeout_before", 0), ("error", 0), ("timeout_after", 1), ("error_after", 1)]
)
def test_no_answer_is_unknown_and_the_key_finds_out(sandbox, first, fault, charged):
    """Once for each key; the repeat gets through, and nothing is charged twice."""
    one = asked(f"tok_{fault}")
    with pytest.raises(OutcomeUnknown):
        first.authorize(one)
    eventually(lambda: len(charges(sandbox, one)) == charged, what="it had its effect, or none")
    assert (first.fetch(one.key) is None) == (not charged)
    assert first.authorize(one).state == "succeeded"
    assert charges(sandbox, one) == [("authorized", 1, 0, 0)]


@pytest.mark.parametrize("step", ["capture", "void", "refund"])
def test_later_steps_have_their_faults(sandbox, first, step):
    one = asked(f"tok_{step}_timeout_after")
    outcome = first.authorize(one)
    if step == "refund":
        first.capture(later(outcome, "capture"))
    instruction = later(outcome, step)
    with pytest.raises(OutcomeUnknown):
        getattr(first, step)(instruction)
    assert first.fetch(instruction.key).state == "succeeded"
    assert getattr(first, step)(instruction).state == "succeeded"
    expected = {"capture": ("captured", 1, 500, 0), "void": ("voided", 1, 0, 0), "refund": ("captured", 1, 500, 500)}
    assert charges(sandbox, one) == [expected[step]]


def test_what_was_not_sent_may_be_asked_elsewhere(sandbox, url):
    """No connection, a provider that says so, and a key that it does not know."""
    nobody = SandboxA(f"http://127.0.0.1:{free_port()}", KEY, HOOK, answer_s=ANSWER_S)
    stranger = SandboxA(url, "x" * 32, HOOK, answer_s=ANSWER_S)
    known = SandboxA(url, KEY, HOOK, answer_s=ANSWER_S)
    for adapter, token in ((nobody, "tok_visa"), (stranger, "tok_visa"), (known, "tok_unavailable")):
        one = asked(token)
        with pytest.raises(NotSent):
            adapter.authorize(one)
        assert charges(sandbox, one) == []


def test_slow_answer_is_an_answer(first):
    began = time.monotonic()
    assert first.authorize(asked("tok_slow")).state == "succeeded"
    assert time.monotonic() - began > 0.09


def test_customer_decides_on_the_providers_page(sandbox, first, url):
    for answer, state, code in ((b"approve", "succeeded", ""), (b"reject", "failed", "authentication_required")):
        outcome = first.authorize(asked("tok_3ds"))
        page = outcome.action_url.removeprefix(url)
        connection = http.client.HTTPConnection("127.0.0.1", sandbox.server_port, timeout=5)
        connection.request("GET", page)
        assert b"approve" in connection.getresponse().read()
        connection.request("POST", page, b"answer=" + answer)
        assert connection.getresponse().read()
        connection.close()
        rows = sandbox.ledger.day("sandbox_a", datetime.now(UTC).date().isoformat())
        (key,) = (row["key"] for row in rows if row["authorization"] == outcome.authorization)
        assert (first.fetch(key).state, first.fetch(key).code) == (state, code)


def notices(receiver, second, key):
    found = [second.parse_webhook(body, signature) for body, signature in list(receiver.taken)]
    return [one for one in found if one.key == key]


@pytest.mark.parametrize(
    ("token", "types"),
    [
        ("tok_visa", ["authorization.pending", "authorization.succeeded"]),
        ("tok_reordered", ["authorization.succeeded", "authorization.pending"]),
        ("tok_duplicate", ["authorization.pending", "authorization.succeeded", "authorization.succeeded"]),
        ("tok_declined_lost_card", ["authorization.pending", "authorization.failed"]),
        ("tok_3ds", ["authorization.pending", "authorization.requires_action"]),
    ],
)
def test_asynchronous_outcome_comes_by_signed_webhook(receiver, second, token, types):
    """Told as pending at first; then twice or in the other order, where the token says so."""
    one = asked(token)
    assert second.authorize(one).state == "pending"
    eventually(lambda: len(notices(receiver, second, one.key)) == len(types), what=f"{types} have come")
    told = notices(receiver, second, one.key)
    assert [notice.type for notice in told] == types
    assert len({notice.event_id for notice in told}) == 2
    assert second.fetch(one.key).state == types[-1].partition(".")[2] or token == "tok_reordered"


def test_delivery_that_was_not_taken_comes_again(receiver, second):
    receiver.refuse = 2
    one = asked()
    second.authorize(one)
    eventually(lambda: len(notices(receiver, second, one.key)) == 2, what="both came in the end")


def test_captured_payment_is_disputed(receiver, second):
    outcome = second.authorize(asked("tok_dispute", at_once=True))
    eventually(
        lambda: any(outcome.authorization in body.decode() and b"dispute.opened" in body for body, _ in receiver.taken),
        what="the dispute is told",
    )


def test_webhook_that_was_changed_is_refused(receiver, first, second):
    body, signature = json.dumps({"id": "e", "type": "t", "data": {}}).encode(), "t=1,v1=00"
    for adapter in (first, second):
        with pytest.raises(WebhookInvalid):
            adapter.parse_webhook(body, signature)


def test_books_of_a_day_are_told(first):
    one = asked()
    first.authorize(one)
    (entry,) = (entry for entry in first.books(datetime.now(UTC).date()) if entry.key == one.key)
    assert (entry.operation, entry.state, entry.amount, entry.currency) == ("authorize", "succeeded", 500, "USD")


@pytest.mark.parametrize("token", ["visa", "tok_nonsense", "tok_declined_nonsense", "tok_capture_nonsense", "tok_"])
def test_unknown_token_is_declined(first, token):
    assert behaviour(token) is None
    assert first.authorize(asked(token)).decline_code == "invalid_token"


def test_books_survive_a_restart(tmp_path):
    file = str(tmp_path / "books")
    wanted = {"amount": 5, "currency": "USD", "reference": "r", "payment_method": "tok_visa", "capture": True}
    books = Ledger(file)
    books.begin("sandbox_a", "authorize", "k", wanted, due_at=0)
    books.settle("sandbox_a", "k")
    assert Ledger(file).authorizations("sandbox_a", "r")[0]["captured"] == 5
