"""
The rules of payments; no I/O.

What a payment is follows from its events alone: `after` is the one place where an event changes status and figures, for
the row that is kept and for the check that adds all events up again (P6).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from monolith.kernel.money import Money
from monolith.kernel.transitions import Transitions
from monolith.payments.contract import (
    AmountTooLarge,
    CurrencyDiffers,
    InvalidPaymentMethod,
    InvalidTransition,
    OutOfBounds,
    RefundExceedsCaptured,
)
from monolith.payments.contract import PaymentStatus as Status

AMOUNT_MAX = 99_999_999
ATTEMPT_MAX = 1_000
ORDERS_MAX = 200
TEXT_MAX = 500
TOKEN_PATTERN = r"^tok_[A-Za-z0-9_]{1,60}$"  # noqa: S105  a form
_TOKEN = re.compile(TOKEN_PATTERN)
_CARD_NUMBER = re.compile(r"(?:[0-9]_?){12,}")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")

TRANSITIONS = Transitions(
    {
        Status.REQUIRES_PAYMENT_METHOD: frozenset({Status.REQUIRES_CONFIRMATION, Status.PROCESSING, Status.CANCELED}),
        Status.REQUIRES_CONFIRMATION: frozenset({Status.PROCESSING, Status.CANCELED}),
        Status.PROCESSING: frozenset(
            {
                Status.REQUIRES_ACTION,
                Status.REQUIRES_PAYMENT_METHOD,
                Status.REQUIRES_CAPTURE,
                Status.SUCCEEDED,
                Status.CANCELED,
            }
        ),
        Status.REQUIRES_ACTION: frozenset(
            {
                Status.PROCESSING,
                Status.REQUIRES_PAYMENT_METHOD,
                Status.REQUIRES_CAPTURE,
                Status.SUCCEEDED,
                Status.CANCELED,
            }
        ),
        Status.REQUIRES_CAPTURE: frozenset({Status.PROCESSING, Status.CANCELED}),
        Status.SUCCEEDED: frozenset(),
        Status.CANCELED: frozenset(),
    }
)
LIVE = frozenset({Status.PROCESSING, Status.REQUIRES_ACTION, Status.REQUIRES_CAPTURE, Status.SUCCEEDED})
"""An order has at most one payment in these (P3)."""


class Operation(StrEnum):
    """What is asked of a provider."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class State(StrEnum):
    """Where an operation is at its provider; the last two are final."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def rank(self) -> int:
        """Of two that arrive in any order, the one that counts is higher."""
        return {State.PENDING: 0, State.REQUIRES_ACTION: 1}.get(self, 2)

    @property
    def final(self) -> bool:
        """Whether nothing can follow."""
        return self.rank == 2


class Kind(StrEnum):
    """What can happen to a payment."""

    CREATED = "created"
    METHOD_ATTACHED = "method_attached"
    CONFIRMED = "confirmed"
    ACTION_REQUIRED = "action_required"
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    CAPTURE_BEGUN = "capture_begun"
    CAPTURED = "captured"
    CAPTURE_FAILED = "capture_failed"
    VOID_ASKED = "void_asked"
    VOID_BEGUN = "void_begun"
    VOID_FAILED = "void_failed"
    CANCELED = "canceled"
    REFUND_BEGUN = "refund_begun"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_CLOSED = "dispute_closed"


class DisputeStatus(StrEnum):
    """Where a dispute is; the last two are final."""

    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


_TO = {
    Kind.METHOD_ATTACHED: Status.REQUIRES_CONFIRMATION,
    Kind.CONFIRMED: Status.PROCESSING,
    Kind.ACTION_REQUIRED: Status.REQUIRES_ACTION,
    Kind.AUTHORIZED: Status.REQUIRES_CAPTURE,
    Kind.DECLINED: Status.REQUIRES_PAYMENT_METHOD,
    Kind.CAPTURE_BEGUN: Status.PROCESSING,
    Kind.CAPTURED: Status.SUCCEEDED,
    Kind.CAPTURE_FAILED: Status.REQUIRES_CAPTURE,
    Kind.VOID_BEGUN: Status.PROCESSING,
    Kind.VOID_FAILED: Status.REQUIRES_CAPTURE,
    Kind.CANCELED: Status.CANCELED,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Status and sums of a payment, in minor units of its currency."""

    status: Status = Status.REQUIRES_PAYMENT_METHOD
    authorized: int = 0
    capturable: int = 0
    captured: int = 0
    refund_pending: int = 0
    refunded: int = 0

    @property
    def refundable(self) -> int:
        """What no refund was asked for yet."""
        return self.captured - self.refunded - self.refund_pending


def after(figures: Figures, kind: Kind, amount: int = 0) -> Figures:
    """
    Return what a payment is after an event.

    Args:
        amount: of the authorisation, capture or refund that the event is about.

    Raises:
        InvalidTransition: the status does not allow it.
        AmountTooLarge: more is captured than was authorised (P1).
        RefundExceedsCaptured: more is refunded than was captured (P2).
    """
    check_step(figures.status, _TO.get(kind, figures.status))
    moved = replace(figures, status=_TO.get(kind, figures.status))
    if kind is Kind.AUTHORIZED:
        return replace(moved, authorized=amount, capturable=amount)
    if kind is Kind.CAPTURED:
        authorized = figures.authorized or amount  # authorised and captured in one step
        check_at_most(amount, authorized)
        return replace(moved, authorized=authorized, captured=amount, capturable=0)
    if kind is Kind.CANCELED:
        return replace(moved, capturable=0)
    if kind is Kind.REFUND_BEGUN:
        check_refund(amount, figures.refundable)
        return replace(moved, refund_pending=figures.refund_pending + amount)
    if kind in (Kind.REFUNDED, Kind.REFUND_FAILED):
        given = amount if kind is Kind.REFUNDED else 0
        return replace(moved, refund_pending=figures.refund_pending - amount, refunded=figures.refunded + given)
    return moved


def fold(events: Iterable[tuple[Kind, int]]) -> Figures:
    """Return what all events of a payment, in their order, make of it (P6)."""
    figures = Figures()
    for kind, amount in events:
        figures = after(figures, kind, amount)
    return figures


def check_step(status: Status, target: Status) -> None:
    """Raise InvalidTransition unless *target* may follow *status*, or is the same."""
    allowed = TRANSITIONS.after(status)
    if target is not status and target not in allowed:
        raise InvalidTransition(
            f"A payment that is {status} cannot become {target}.",
            **{"from": str(status), "to": str(target), "allowed": sorted(allowed)},
        )


def check_amount(amount: int) -> None:
    """Raise OutOfBounds or AmountTooLarge unless *amount* is 1 to `AMOUNT_MAX`."""
    if amount < 1:
        raise OutOfBounds("An amount is at least one minor unit.")
    check_at_most(amount, AMOUNT_MAX)


def check_at_most(amount: int, most: int) -> None:
    """Raise AmountTooLarge when *amount* is more than *most*."""
    if amount > most:
        raise AmountTooLarge(f"At most {most} minor units, not {amount}.", most=most)


def check_refund(amount: int, left: int) -> None:
    """Raise RefundExceedsCaptured unless 1 to *left* is asked for."""
    if not 1 <= amount <= left:
        raise RefundExceedsCaptured(f"{left} minor units are left to refund, not {amount}.", left=left)


def check_currency(money: Money, currency: str) -> None:
    """Raise CurrencyDiffers unless *money* is in *currency* (P7)."""
    if money.currency != currency:
        raise CurrencyDiffers(f"The payment is in {currency}, not in {money.currency}.")


def check_attempt(attempt: int) -> None:
    """Raise OutOfBounds unless *attempt* is 1 to `ATTEMPT_MAX`."""
    if not 1 <= attempt <= ATTEMPT_MAX:
        raise OutOfBounds(f"An attempt is 1 to {ATTEMPT_MAX}, not {attempt}.")


def check_text(text: str, most: int = TEXT_MAX) -> None:
    """Raise OutOfBounds unless every database here can keep *text*."""
    if len(text) > most or _NOT_TEXT.search(text):
        raise OutOfBounds(f"A text here has at most {most} characters, and no control character NUL.")


def check_token(token: str) -> None:
    """Raise InvalidPaymentMethod unless *token* can be one; a card number is refused, and repeated nowhere."""
    if not _TOKEN.fullmatch(token) or _CARD_NUMBER.search(token):
        raise InvalidPaymentMethod("A payment method is a token of the provider's vault, such as tok_visa.")
