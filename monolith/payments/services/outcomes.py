"""What a provider's word makes of a payment; the intent is locked, and its transaction is the caller's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from monolith.kernel.money import Money
from monolith.payments import journal
from monolith.payments.contract import (
    CaptureMethod,
    PaymentActionRequired,
    PaymentAuthorized,
    PaymentCanceled,
    PaymentCaptured,
    PaymentFailed,
    PaymentRefunded,
    PaymentRefundFailed,
    RefundStatus,
)
from monolith.payments.contract import PaymentStatus as Status
from monolith.payments.domain import TEXT_MAX, Kind, Operation, State
from monolith.payments.models import Capture, PaymentAttempt, PaymentIntent, PaymentMethod
from monolith.payments.providers import Outcome
from strangler.events import publish

HOLD = timedelta(days=7)
_UNAVAILABLE = "provider_unavailable"
_GONE = frozenset({"authorization_gone", "authorization_expired", "canceled"})
"""Codes by which a provider says that nothing is set aside any longer."""
_MESSAGES = {
    "card_declined": "The card was declined.",
    "authentication_required": "The customer has not proved who they are.",
    _UNAVAILABLE: "No provider could be reached; nothing was asked for.",
    "authorization_gone": "The authorisation has lapsed.",
}


def settle(
    intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID | None
) -> Operation | None:
    """
    Take an outcome that goes further than what was known of an attempt.

    Returns:
        What is to be asked of the provider next.
    """
    attempt.state = outcome.state.value
    attempt.provider_ref = outcome.authorization
    if outcome.state.final:
        _finish(attempt, outcome)
    else:
        attempt.save(update_fields=["state", "provider_ref"])
    if attempt.operation == Operation.AUTHORIZE:
        _remember_authorization(intent, attempt, outcome)
    word = outcome.state if outcome.state.final else State.REQUIRES_ACTION
    return _EFFECTS[Operation(attempt.operation), word](intent, attempt, outcome, webhook_id)


def nobody_reached(intent: PaymentIntent, attempt: PaymentAttempt) -> None:
    """End an authorisation that no provider has got."""
    outcome = Outcome(
        state=State.FAILED, authorization="", amount=attempt.amount, currency=intent.currency, code=_UNAVAILABLE
    )
    attempt.unknown = False
    settle(intent, attempt, outcome, None)


def cancel(intent: PaymentIntent, *, actor: str, reason: str, webhook_id: UUID | None = None) -> None:
    """End a locked intent of which nothing is set aside."""
    _post(intent, Kind.CANCELED, actor, webhook_id, reason=reason, cancel_reason=reason, next_action=None)
    publish(PaymentCanceled(**_names(intent), reason=reason))


def _finish(attempt: PaymentAttempt, outcome: Outcome) -> None:
    attempt.error = _error(outcome) if outcome.state is State.FAILED else None
    attempt.unknown, attempt.leased_until, attempt.due_at = False, None, None
    attempt.finished_at = timezone.now()
    attempt.save(
        update_fields=[
            "state",
            "provider_ref",
            "passed_by",
            "error",
            "unknown",
            "leased_until",
            "due_at",
            "finished_at",
        ]
    )


def _remember_authorization(intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome) -> None:
    intent.provider, intent.provider_ref = attempt.provider, outcome.authorization
    PaymentIntent.objects.filter(id=intent.id).update(provider=intent.provider, provider_ref=intent.provider_ref)
    if outcome.card is not None and intent.payment_method_id is not None:
        card = outcome.card
        PaymentMethod.objects.filter(id=intent.payment_method_id).update(
            brand=card.brand,
            last4=card.last4,
            exp_month=card.exp_month,
            exp_year=card.exp_year,
            fingerprint=card.fingerprint,
        )


def _action(intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID | None) -> None:
    action = {"type": "redirect", "url": outcome.action_url}
    _post(intent, Kind.ACTION_REQUIRED, attempt.actor, webhook_id, next_action=action)
    publish(PaymentActionRequired(**_names(intent), action_url=outcome.action_url))


def _authorized(
    intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID | None
) -> Operation | None:
    good = {"last_error": None, "next_action": None}
    if intent.capture_method == CaptureMethod.AUTOMATIC:
        _take(intent, attempt, outcome, webhook_id, **good)
        return None
    expires_at = outcome.expires_at or timezone.now() + HOLD
    _post(intent, Kind.AUTHORIZED, attempt.actor, webhook_id, outcome.amount, expires_at=expires_at, **good)
    amount = Money(outcome.amount, intent.currency)
    publish(PaymentAuthorized(**_names(intent), amount=amount, expires_at=expires_at))
    if not intent.void_asked or _is_being_voided(intent):
        return None
    _post(intent, Kind.VOID_BEGUN, attempt.actor, None)
    return Operation.VOID


def _declined(intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID | None) -> None:
    if intent.status == Status.CANCELED:
        return  # given up while the customer was to act
    error = _error(outcome)
    _post(intent, Kind.DECLINED, attempt.actor, webhook_id, reason=error["code"], last_error=error, next_action=None)
    publish(_failed(intent, attempt, outcome))
    if intent.void_asked and not _is_being_voided(intent):
        cancel(intent, actor=attempt.actor, reason=intent.cancel_reason, webhook_id=webhook_id)


def _captured(intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID | None) -> None:
    _take(intent, attempt, outcome, webhook_id, last_error=None)


def _capture_failed(intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID | None) -> None:
    error = _error(outcome)
    _post(intent, Kind.CAPTURE_FAILED, attempt.actor, webhook_id, reason=error["code"], last_error=error)
    publish(_failed(intent, attempt, outcome))
    if outcome.code in _GONE:
        cancel(intent, actor=attempt.actor, reason="authorization lapsed", webhook_id=webhook_id)


def _voided(intent: PaymentIntent, attempt: PaymentAttempt, _: Outcome, webhook_id: UUID | None) -> None:
    if intent.status != Status.CANCELED:
        cancel(intent, actor=attempt.actor, reason=intent.cancel_reason, webhook_id=webhook_id)


def _void_failed(intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID | None) -> None:
    if outcome.code in _GONE:
        _voided(intent, attempt, outcome, webhook_id)
    elif intent.status != Status.CANCELED:
        error = _error(outcome)
        _post(intent, Kind.VOID_FAILED, attempt.actor, webhook_id, reason=error["code"], last_error=error)


def _refunded(intent: PaymentIntent, attempt: PaymentAttempt, _: Outcome, webhook_id: UUID | None) -> None:
    refund = _end_refund(attempt, RefundStatus.SUCCEEDED)
    _post(intent, Kind.REFUNDED, attempt.actor, webhook_id, refund.amount)
    amounts = (Money(amount, intent.currency) for amount in (refund.amount, intent.amount_refunded))
    amount, refunded = amounts
    publish(PaymentRefunded(**_names(intent), refund_id=refund.id, amount=amount, refunded=refunded))


def _refund_failed(intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID | None) -> None:
    refund = _end_refund(attempt, RefundStatus.FAILED, _error(outcome))
    _post(intent, Kind.REFUND_FAILED, attempt.actor, webhook_id, refund.amount, reason=outcome.code)
    amount = Money(refund.amount, intent.currency)
    publish(PaymentRefundFailed(**_names(intent), refund_id=refund.id, amount=amount, code=outcome.code))


def _take(
    intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID | None, **columns: Any
) -> None:
    _post(intent, Kind.CAPTURED, attempt.actor, webhook_id, outcome.amount, **columns)
    Capture.objects.create(
        intent=intent, amount=outcome.amount, provider=attempt.provider, provider_ref=outcome.authorization
    )
    publish(PaymentCaptured(**_names(intent), amount=Money(outcome.amount, intent.currency)))


def _end_refund(attempt: PaymentAttempt, status: RefundStatus, error: dict[str, str] | None = None) -> Any:
    refund = attempt.refund
    assert refund is not None
    refund.status, refund.last_error, refund.version = status.value, error, refund.version + 1
    refund.save(update_fields=["status", "last_error", "version"])
    return refund


def _is_being_voided(intent: PaymentIntent) -> bool:
    return PaymentAttempt.objects.filter(intent=intent, operation=Operation.VOID, finished_at__isnull=True).exists()


def _post(
    intent: PaymentIntent, kind: Kind, actor: str, webhook_id: UUID | None, amount: int = 0, **columns: Any
) -> None:
    journal.post(intent, kind, actor=actor, webhook_id=webhook_id, amount=amount, **columns)


def _error(outcome: Outcome) -> dict[str, str]:
    message = _MESSAGES.get(outcome.code, "The provider refused.")
    return {"code": outcome.code, "decline_code": outcome.decline_code, "message": message[:TEXT_MAX]}


def _failed(intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome) -> PaymentFailed:
    return PaymentFailed(
        **_names(intent), operation=attempt.operation, code=outcome.code, decline_code=outcome.decline_code
    )


def _names(intent: PaymentIntent) -> dict[str, Any]:
    return {"payment_id": intent.id, "order_id": intent.order_id, "attempt": intent.attempt}


_Effect = Callable[[PaymentIntent, PaymentAttempt, Outcome, UUID | None], Operation | None]
_EFFECTS: dict[tuple[Operation, State], _Effect] = {
    (Operation.AUTHORIZE, State.REQUIRES_ACTION): _action,
    (Operation.AUTHORIZE, State.SUCCEEDED): _authorized,
    (Operation.AUTHORIZE, State.FAILED): _declined,
    (Operation.CAPTURE, State.SUCCEEDED): _captured,
    (Operation.CAPTURE, State.FAILED): _capture_failed,
    (Operation.VOID, State.SUCCEEDED): _voided,
    (Operation.VOID, State.FAILED): _void_failed,
    (Operation.REFUND, State.SUCCEEDED): _refunded,
    (Operation.REFUND, State.FAILED): _refund_failed,
}
