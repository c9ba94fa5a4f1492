"""Writes of intents: made, confirmed, captured, given up."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from monolith.kernel.money import Money
from monolith.payments import journal
from monolith.payments.contract import CaptureMethod, InvalidTransition, OrderHasPayment, OutOfBounds, PaymentDiffers
from monolith.payments.contract import PaymentStatus as Status
from monolith.payments.domain import (
    LIVE,
    TRANSITIONS,
    Kind,
    Operation,
    check_amount,
    check_at_most,
    check_attempt,
    check_currency,
    check_text,
    check_token,
)
from monolith.payments.models import PaymentAttempt, PaymentIntent, PaymentMethod
from monolith.payments.services import outcomes
from monolith.payments.services.attempts import attempt_begin

UNFINISHED = timedelta(hours=24)
"""How long a payment waits for somebody to finish it."""
_CUSTOMER_MAX = 255
_EXPIRY = "expiry"
_LAPSED = "authorization expired"
_UNFINISHED_REASON = "not finished in time"
_WAITING = (
    Status.REQUIRES_PAYMENT_METHOD,
    Status.REQUIRES_CONFIRMATION,
    Status.REQUIRES_ACTION,
    Status.REQUIRES_CAPTURE,
)


class Made(NamedTuple):
    """An intent, and whether this call made it."""

    intent: PaymentIntent
    made: bool


class Step(NamedTuple):
    """An intent, and what was asked of a provider for it; None when nothing had to be."""

    intent: PaymentIntent
    attempt: PaymentAttempt | None


@transaction.atomic
def intent_create(
    *,
    order_id: UUID,
    attempt: int,
    customer: str,
    amount: Money,
    actor: str,
    capture_method: CaptureMethod = CaptureMethod.MANUAL,
    payment_method: str | None = None,
) -> Made:
    """
    Make the payment of an order's attempt; nothing is asked of a provider yet.

    A repeat with the same particulars returns it as it is now.

    Raises:
        PaymentDiffers, AmountTooLarge, OutOfBounds, InvalidPaymentMethod: nothing was made.
    """
    check_attempt(attempt)
    check_amount(amount.amount)
    check_text(customer, _CUSTOMER_MAX)
    if not customer:
        raise OutOfBounds("A payment is somebody's: name the customer.")
    new = PaymentIntent(
        order_id=order_id,
        attempt=attempt,
        customer=customer,
        amount=amount.amount,
        currency=amount.currency,
        capture_method=capture_method,
        expires_at=timezone.now() + UNFINISHED,
    )
    # Of two at once for one attempt, the second waits here for the first, and then finds its row.
    PaymentIntent.objects.bulk_create([new], ignore_conflicts=True)
    row = journal.locked_attempt(order_id, attempt)
    if row.id != new.id:
        return Made(_same(row, new), made=False)
    journal.post(row, Kind.CREATED, actor=actor)
    if payment_method is not None:
        _attach(row, payment_method)
        journal.post(row, Kind.METHOD_ATTACHED, actor=actor, payment_method_id=row.payment_method_id)
    return Made(row, made=True)


@transaction.atomic
def intent_confirm(*, intent_id: UUID, actor: str, payment_method: str | None = None) -> Step:
    """
    Have the amount set aside, with the method that was attached or this one.

    Raises:
        UnknownPayment, InvalidTransition, OrderHasPayment, InvalidPaymentMethod: nothing was asked.
    """
    return _confirm(journal.locked(intent_id), payment_method, actor)


@transaction.atomic
def intent_authorize(
    *,
    order_id: UUID,
    attempt: int,
    customer: str,
    amount: Money,
    payment_method: str,
    actor: str,
    capture_method: CaptureMethod = CaptureMethod.MANUAL,
) -> Step:
    """Make a payment and confirm it; one that was confirmed before is returned as it is now."""
    check_token(payment_method)
    made = intent_create(
        order_id=order_id,
        attempt=attempt,
        customer=customer,
        amount=amount,
        capture_method=capture_method,
        actor=actor,
    )
    if not made.made and PaymentAttempt.objects.filter(intent=made.intent).exists():
        return Step(made.intent, None)
    return _confirm(made.intent, payment_method, actor)


@transaction.atomic
def intent_capture(*, intent_id: UUID, actor: str, amount: Money | None = None) -> Step:
    """
    Take what was authorised, once; what is not taken is free again.

    Raises:
        UnknownPayment, InvalidTransition, AmountTooLarge, CurrencyDiffers: nothing was asked.
    """
    intent = journal.locked(intent_id)
    if intent.status != Status.REQUIRES_CAPTURE:
        raise _refusal(intent, Status.SUCCEEDED)
    wanted = intent.amount_capturable if amount is None else amount.amount
    if amount is not None:
        check_currency(amount, intent.currency)
    check_amount(wanted)
    check_at_most(wanted, intent.amount_capturable)
    journal.post(intent, Kind.CAPTURE_BEGUN, actor=actor, amount=wanted)
    return Step(intent, attempt_begin(intent=intent, operation=Operation.CAPTURE, amount=wanted, actor=actor))


@transaction.atomic
def intent_cancel(*, intent_id: UUID, actor: str, reason: str = "") -> Step:
    """
    Give a payment up; one that is given up already is returned.

    While it is unknown whether the provider has authorised, that is found out first, and then undone.

    Raises:
        UnknownPayment, InvalidTransition, OutOfBounds: nothing was asked.
    """
    check_text(reason)
    intent = journal.locked(intent_id)
    if intent.status == Status.CANCELED:
        return Step(intent, None)
    if intent.status == Status.PROCESSING:
        return _cancel_in_flight(intent, actor, reason)
    if intent.status == Status.SUCCEEDED:
        raise _refusal(intent, Status.CANCELED)
    if intent.status not in (Status.REQUIRES_CAPTURE, Status.REQUIRES_ACTION):
        outcomes.cancel(intent, actor=actor, reason=reason)
        return Step(intent, None)
    amount = intent.amount_capturable or intent.amount
    journal.post(intent, Kind.VOID_BEGUN, actor=actor, reason=reason, void_asked=True, cancel_reason=reason)
    return Step(intent, attempt_begin(intent=intent, operation=Operation.VOID, amount=amount, actor=actor))


@transaction.atomic
def intents_expire(*, limit: int) -> int:
    """
    Give up at most *limit* payments whose time has come: authorisations that lapse, and what nobody finished.

    Rows that somebody else works on are skipped where the database can (PostgreSQL).
    """
    due = PaymentIntent.objects.select_for_update(skip_locked=True).filter(
        status__in=_WAITING, expires_at__lte=timezone.now()
    )
    rows = list(due.order_by("expires_at", "id")[:limit])
    for row in rows:
        lapsed = row.status == Status.REQUIRES_CAPTURE
        intent_cancel(intent_id=row.id, actor=_EXPIRY, reason=_LAPSED if lapsed else _UNFINISHED_REASON)
    return len(rows)


def _confirm(intent: PaymentIntent, payment_method: str | None, actor: str) -> Step:
    if Status.PROCESSING not in TRANSITIONS.after(Status(intent.status)) or intent.amount_authorized:
        raise _refusal(intent, Status.PROCESSING)
    if intent.status == Status.REQUIRES_ACTION:
        raise _refusal(intent, Status.PROCESSING)
    if payment_method is not None:
        _attach(intent, payment_method)
    elif intent.status != Status.REQUIRES_CONFIRMATION:
        raise OutOfBounds("Name a payment method: none is attached, or the last one was declined.")
    _refuse_second(intent)
    try:
        with transaction.atomic():
            journal.post(intent, Kind.CONFIRMED, actor=actor, payment_method_id=intent.payment_method_id)
    except IntegrityError as error:  # another attempt of the order became live at this moment
        raise OrderHasPayment("Another payment of the order is under way.") from error
    attempt = attempt_begin(intent=intent, operation=Operation.AUTHORIZE, amount=intent.amount, actor=actor)
    return Step(intent, attempt)


def _attach(intent: PaymentIntent, token: str) -> None:
    check_token(token)
    PaymentMethod.objects.bulk_create([PaymentMethod(customer=intent.customer, token=token)], ignore_conflicts=True)
    intent.payment_method = PaymentMethod.objects.get(customer=intent.customer, token=token)


def _refuse_second(intent: PaymentIntent) -> None:
    """P3; the unique index decides between two at once."""
    other = PaymentIntent.objects.filter(order_id=intent.order_id, status__in=LIVE).exclude(id=intent.id).first()
    if other is not None:
        raise OrderHasPayment("Another payment of the order is under way or made.", payment_id=str(other.id))


def _cancel_in_flight(intent: PaymentIntent, actor: str, reason: str) -> Step:
    open_ones = PaymentAttempt.objects.filter(intent=intent, finished_at__isnull=True)
    operations = set(open_ones.values_list("operation", flat=True))
    captures = intent.capture_method == CaptureMethod.AUTOMATIC and Operation.VOID not in operations
    if Operation.CAPTURE in operations or captures:
        raise _refusal(intent, Status.CANCELED)
    if not intent.void_asked:
        journal.post(intent, Kind.VOID_ASKED, actor=actor, reason=reason, void_asked=True, cancel_reason=reason)
    return Step(intent, open_ones.order_by("created_at").last())


def _same(row: PaymentIntent, new: PaymentIntent) -> PaymentIntent:
    fields = ("customer", "amount", "currency", "capture_method")
    if any(getattr(row, name) != getattr(new, name) for name in fields):
        raise PaymentDiffers("This attempt of the order was made with other particulars.", payment_id=str(row.id))
    return row


def _refusal(intent: PaymentIntent, target: Status) -> InvalidTransition:
    status = Status(intent.status)
    return InvalidTransition(
        f"A payment that is {status} cannot become {target}.",
        **{"from": str(status), "to": str(target), "allowed": sorted(TRANSITIONS.after(status))},
    )
