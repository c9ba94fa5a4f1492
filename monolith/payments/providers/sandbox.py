"""The two sandbox providers (`monolith.payments.sandbox`): one answers with the outcome, the other tells it later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from monolith.payments.domain import State
from monolith.payments.providers.adapter import (
    Card,
    Disputed,
    Entry,
    Instruction,
    Notice,
    NotSent,
    Outcome,
    OutcomeUnknown,
    WebhookInvalid,
)
from monolith.payments.providers.http import Reply, ask
from strangler.hosting.rest.webhooks import SignatureInvalid, verify

_OK, _ACCEPTED, _DECLINED, _NOT_FOUND = 200, 202, 402, 404
_KINDS = {"authorization", "capture", "void", "refund"}


class SandboxA:
    """Answers with the outcome, and sends no webhooks."""

    name = "sandbox_a"
    asynchronous = False

    def __init__(self, url: str, secret: str, webhook_secret: str, *, answer_s: float) -> None:
        self._url = f"{url.rstrip('/')}/{self.name}/v1"
        self._secret = secret
        self._answer_s = answer_s
        self._webhook_secret = webhook_secret

    def authorize(self, asked: Instruction) -> Outcome:
        particulars = {"payment_method": asked.token, "reference": asked.reference, "capture": asked.at_once}
        return self._operate("authorizations", asked, particulars)

    def capture(self, asked: Instruction) -> Outcome:
        return self._operate(f"authorizations/{asked.authorization}/capture", asked)

    def void(self, asked: Instruction) -> Outcome:
        return self._operate(f"authorizations/{asked.authorization}/void", asked)

    def refund(self, asked: Instruction) -> Outcome:
        return self._operate(f"authorizations/{asked.authorization}/refund", asked)

    def fetch(self, key: str) -> Outcome | None:
        reply = self._read(f"operations/{quote(key, safe='')}")
        return None if reply.status == _NOT_FOUND else _outcome(reply)

    def parse_webhook(self, body: bytes, signature: str | None) -> Notice:
        raise WebhookInvalid(f"{self.name} sends no webhooks.")

    def read_webhook(self, payload: Mapping[str, Any]) -> Notice:
        raise WebhookInvalid(f"{self.name} sends no webhooks.")

    def books(self, day: date) -> Sequence[Entry]:
        reply = self._read(f"operations?day={day.isoformat()}")
        if reply.status != _OK:
            raise NotSent(f"{self.name} answered {reply.status}")
        names = ("key", "state", "amount", "currency")
        return [Entry(operation=one["kind"], **{name: one[name] for name in names}) for one in reply.body["data"]]

    def _read(self, path: str) -> Reply:
        return ask("GET", f"{self._url}/{path}", secret=self._secret, answer_s=self._answer_s, read=True)

    def _operate(self, path: str, asked: Instruction, particulars: Mapping[str, Any] | None = None) -> Outcome:
        body = {"amount": asked.amount, "currency": asked.currency, **(particulars or {})}
        url = f"{self._url}/{path}"
        reply = ask("POST", url, secret=self._secret, answer_s=self._answer_s, body=body, key=asked.key)
        if reply.status in (_OK, _ACCEPTED, _DECLINED):
            return _outcome(reply)
        # The provider understood and refused: nothing was done, and nothing else will come of a repeat.
        return Outcome(
            state=State.FAILED,
            authorization=asked.authorization,
            amount=asked.amount,
            currency=asked.currency,
            code=str(reply.body.get("code", "refused"))[:64],
        )


class SandboxB(SandboxA):
    """Answers "pending", and tells the outcome by webhook."""

    name = "sandbox_b"
    asynchronous = True

    def parse_webhook(self, body: bytes, signature: str | None) -> Notice:
        try:
            verify(body, signature, [self._webhook_secret])
        except SignatureInvalid as error:
            raise WebhookInvalid(str(error)) from error
        try:
            return self.read_webhook(json.loads(body))
        except (KeyError, TypeError, ValueError) as error:
            raise WebhookInvalid("The body cannot be read.") from error

    def read_webhook(self, payload: Mapping[str, Any]) -> Notice:
        return _notice(payload)


def _outcome(reply: Reply) -> Outcome:
    try:
        return _outcome_of(reply.body)
    except (KeyError, TypeError, ValueError) as error:
        raise OutcomeUnknown("the provider's answer cannot be read") from error


def _outcome_of(told: Mapping[str, Any]) -> Outcome:
    return Outcome(
        state=State(told["state"]),
        authorization=str(told["authorization"]),
        amount=int(told["amount"]),
        currency=str(told["currency"]),
        code=str(told["code"])[:64],
        decline_code=str(told["decline_code"])[:64],
        action_url=str(told.get("action_url", "")),
        expires_at=datetime.fromisoformat(told["expires_at"]),
        card=Card(**told["card"]) if told["card"] else None,
    )


def _notice(told: Mapping[str, Any]) -> Notice:
    event_id, kind, data = str(told["id"])[:100], str(told["type"])[:64], told["data"]
    if kind.partition(".")[0] in _KINDS:
        return Notice(event_id=event_id, type=kind, key=str(data["key"]), outcome=_outcome_of(data))
    if kind.startswith("dispute."):
        disputed = Disputed(
            dispute=str(data["id"]),
            authorization=str(data["authorization"]),
            amount=int(data["amount"]),
            reason=str(data["reason"])[:100],
            status=str(data["status"]),
        )
        return Notice(event_id=event_id, type=kind, disputed=disputed)
    return Notice(event_id=event_id, type=kind)  # of the future: kept, and without effect
