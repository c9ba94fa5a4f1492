"""Writes of refunds: never more than was captured, however many are asked for at once (P2)."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from monolith.kernel.money import Money
from monolith.payments import journal
from monolith.payments.contract import RefundDiffers
from monolith.payments.domain import Kind, Operation, check_currency, check_refund, check_text
from monolith.payments.models import PaymentAttempt, Refund
from monolith.payments.services.attempts import attempt_begin


@transaction.atomic
def refund_create(
    *, refund_id: UUID, intent_id: UUID, actor: str, amount: Money | None = None, reason: str = ""
) -> tuple[Refund, PaymentAttempt | None]:
    """
    Have captured money given back; a repeat of the id returns the refund as it is now.

    Args:
        amount: all that is left unless given.

    Returns:
        The refund, and what was asked of the provider for it; None for a repeat.

    Raises:
        UnknownPayment, RefundExceedsCaptured, RefundDiffers, CurrencyDiffers, OutOfBounds: nothing was asked.
    """
    check_text(reason)
    intent = journal.locked(intent_id)
    if amount is not None:
        check_currency(amount, intent.currency)
    known = Refund.objects.filter(id=refund_id).first()
    if known is not None:
        return _same(known, intent_id, amount), None
    left = intent.figures.refundable
    wanted = left if amount is None else amount.amount
    check_refund(wanted, left)
    journal.post(intent, Kind.REFUND_BEGUN, actor=actor, amount=wanted, reason=reason)
    refund = Refund(id=refund_id, intent=intent, amount=wanted, reason=reason)
    # The same id for another payment, at this very moment: only the database can see that.
    Refund.objects.bulk_create([refund], ignore_conflicts=True)
    if Refund.objects.get(id=refund_id).intent_id != intent.id:
        raise _differs()
    attempt = attempt_begin(intent=intent, operation=Operation.REFUND, amount=wanted, actor=actor, refund=refund)
    return refund, attempt


def _same(known: Refund, intent_id: UUID, amount: Money | None) -> Refund:
    if known.intent_id != intent_id or (amount is not None and known.amount != amount.amount):
        raise _differs()
    return known


def _differs() -> RefundDiffers:
    return RefundDiffers("The refund's id belongs to another refund: make a new id for a new one.")
