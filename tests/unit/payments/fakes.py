"""Providers without HTTP: the sandbox's own books behind the adapter interface."""

from __future__ import annotations

from datetime import date, datetime

from monolith.payments.domain import State
from monolith.payments.providers import Card, Entry, NotSent, Outcome, OutcomeUnknown
from monolith.payments.providers.sandbox import SandboxB
from monolith.payments.sandbox.ledger import KeyReused, Ledger
from monolith.payments.sandbox.tokens import Fault

SECRET = "w" * 40


class FakeProvider:
    """
    Attributes:
        ledger: its books; the judge of what was charged.
        asked: (operation, key) of every request, in order.
        down: nothing gets through.
        before: called with the operation before the books are touched.
    """

    def __init__(self, name, *, asynchronous=False):
        self.name = name
        self.asynchronous = asynchronous
        self.ledger = Ledger()
        self.asked = []
        self.down = False
        self.before = lambda operation: None
        self._reader = SandboxB("http://nobody", "", SECRET, answer_s=1.0)

    def authorize(self, asked):
        particulars = {"payment_method": asked.token, "reference": asked.reference, "capture": asked.at_once}
        return self._operate("authorize", asked, particulars, asked.token)

    def capture(self, asked):
        return self._later("capture", asked)

    def void(self, asked):
        return self._later("void", asked)

    def refund(self, asked):
        return self._later("refund", asked)

    def fetch(self, key):
        self._reach("fetch", key)
        found = self.ledger.find(self.name, key)
        return None if found is None else told(found)

    def parse_webhook(self, body, signature):
        return self._reader.parse_webhook(body, signature)

    def read_webhook(self, payload):
        return self._reader.read_webhook(payload)

    def books(self, day: date):
        self._reach("books", str(day))
        names = ("key", "state", "amount", "currency")
        rows = self.ledger.day(self.name, day.isoformat())
        return [Entry(operation=one["kind"], **{name: one[name] for name in names}) for one in rows]

    def charges(self, reference):
        """What was really set aside and taken for one payment."""
        rows = self.ledger.authorizations(self.name, str(reference))
        return [(row["state"], row["charged"], row["captured"], row["refunded"]) for row in rows]

    def settle(self):
        """Let an asynchronous provider finish what it works on."""
        for provider, key in self.ledger.due_operations(float("inf")):
            self.ledger.settle(provider, key)

    def webhook(self, key):
        """The payload of a delivery about the operation with this key, as it is now."""
        found = self.ledger.find(self.name, key)
        return {"id": f"evt_{key}_{found['state']}", "type": f"authorization.{found['state']}", "data": found}

    def _later(self, kind, asked):
        token = self.ledger.token_of(self.name, asked.authorization)
        return self._operate(kind, asked, {"authorization": asked.authorization}, token)

    def _operate(self, kind, asked, particulars, token):
        self._reach(kind, asked.key)
        self.before(kind)
        fault = self.ledger.fault(self.name, kind, asked.key, token)
        if fault is Fault.UNAVAILABLE:
            raise NotSent("unavailable")
        if fault in (Fault.TIMEOUT_BEFORE, Fault.ERROR):
            raise OutcomeUnknown("no answer")
        wanted = {"amount": asked.amount, "currency": asked.currency, **particulars}
        try:
            done = self.ledger.begin(self.name, kind, asked.key, wanted, due_at=0)
        except KeyReused as error:
            raise AssertionError(f"another request under the key {asked.key}") from error
        if not self.asynchronous:
            done = self.ledger.settle(self.name, asked.key)
        if fault in (Fault.TIMEOUT_AFTER, Fault.ERROR_AFTER):
            raise OutcomeUnknown("no answer")
        return told(done)

    def _reach(self, operation, key):
        self.asked.append((operation, key))
        if self.down:
            raise NotSent("no connection")


def told(found):
    return Outcome(
        state=State(found["state"]),
        authorization=found["authorization"],
        amount=found["amount"],
        currency=found["currency"],
        code=found["code"],
        decline_code=found["decline_code"],
        action_url="http://provider/act" if found["state"] == "requires_action" else "",
        expires_at=datetime.fromisoformat(found["expires_at"]),
        card=Card(**found["card"]) if found["card"] else None,
    )
