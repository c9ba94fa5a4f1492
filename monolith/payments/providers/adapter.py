"""What every provider's adapter does, in the shop's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from monolith.payments.domain import State


class NotSent(Exception):
    """The provider has not got the request, or says that it did nothing: another one may be asked."""


class OutcomeUnknown(Exception):
    """The provider may have done it: ask again with the same key, never another provider."""


class WebhookInvalid(Exception):
    """The signature does not hold; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What may be shown of a card."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """
    One operation, as a provider is asked for it.

    Attributes:
        key: the provider's idempotency key: the same for every repeat (P4).
        reference: the intent's id, which the provider keeps in its books.
        token: of the payment method; of an authorisation alone.
        authorization: the provider's name of it; of every other operation.
        at_once: capture with the authorisation.
    """

    key: str
    reference: str
    amount: int
    currency: str
    token: str = field(default="", repr=False)
    authorization: str = ""
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What a provider says of an operation.

    Attributes:
        authorization: the provider's name of the authorisation that the operation is about.
        code: why it failed; decline_code says more of a decline.
        expires_at: when the authorisation lapses.
    """

    state: State
    authorization: str
    amount: int
    currency: str
    code: str = ""
    decline_code: str = ""
    action_url: str = ""
    expires_at: datetime | None = None
    card: Card | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """A customer's bank asks for money back, or has decided."""

    dispute: str
    authorization: str
    amount: int
    reason: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """
    A webhook, read.

    Attributes:
        event_id: the same for every delivery of one event.
        key: of the operation that it is about; empty for a dispute.
    """

    event_id: str
    type: str
    key: str = ""
    outcome: Outcome | None = None
    disputed: Disputed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a provider's books."""

    key: str
    operation: str
    state: str
    amount: int
    currency: str


class Adapter(Protocol):
    """
    One provider. None of it may be called inside a transaction.

    Attributes:
        asynchronous: outcomes come by webhook.

    Raises:
        NotSent, OutcomeUnknown: instead of an outcome.
    """

    name: str
    asynchronous: bool

    def authorize(self, asked: Instruction) -> Outcome:
        """Have an amount set aside, or captured at once."""
        ...

    def capture(self, asked: Instruction) -> Outcome:
        """Take of what is set aside; the rest is free again."""
        ...

    def void(self, asked: Instruction) -> Outcome:
        """Free what is set aside."""
        ...

    def refund(self, asked: Instruction) -> Outcome:
        """Give captured money back."""
        ...

    def fetch(self, key: str) -> Outcome | None:
        """Return what became of the operation with this key; None when the provider never got it."""
        ...

    def parse_webhook(self, body: bytes, signature: str | None) -> Notice:
        """
        Read a delivery.

        Args:
            body: as it was received.

        Raises:
            WebhookInvalid: it is not by the provider, was changed, is too old, or cannot be read.
        """
        ...

    def read_webhook(self, payload: Mapping[str, Any]) -> Notice:
        """Read a delivery that was proved before and kept."""
        ...

    def books(self, day: date) -> Sequence[Entry]:
        """Return every operation of a day of UTC."""
        ...
