"""
Every change of a payment: one place that moves the figures, and writes down what happened, in the same transaction.

The row is locked where the database can lock rows; everywhere, an UPDATE counts only if nobody has changed the row
since it was read, and the database's own CHECKs hold the sums (P1, P2).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from monolith.payments import metrics
from monolith.payments.contract import UnknownPayment
from monolith.payments.domain import Figures, Kind, after
from monolith.payments.models import PaymentEvent, PaymentIntent


class ChangedMeanwhile(RuntimeError):
    """Somebody changed a row that was not locked: the transaction must not commit."""


def locked(intent_id: UUID) -> PaymentIntent:
    """Return an intent that nobody else changes until the transaction ends. Raises UnknownPayment."""
    row = PaymentIntent.objects.select_for_update().filter(id=intent_id).first()
    if row is None:
        raise UnknownPayment(f"There is no payment {intent_id}.")
    return row


def locked_attempt(order_id: UUID, attempt: int) -> PaymentIntent:
    """Return an order's attempt, locked. Raises UnknownPayment."""
    row = PaymentIntent.objects.select_for_update().filter(order_id=order_id, attempt=attempt).first()
    if row is None:
        raise UnknownPayment(f"There is no attempt {attempt} to pay for order {order_id}.")
    return row


def post(
    intent: PaymentIntent,
    kind: Kind,
    *,
    actor: str,
    amount: int = 0,
    reason: str = "",
    webhook_id: UUID | None = None,
    **columns: Any,
) -> None:
    """
    Let something have happened to an intent.

    Args:
        amount: of the authorisation, capture or refund that it is about, in minor units.
        columns: of the intent, that change with it.

    Raises:
        InvalidTransition, AmountTooLarge, RefundExceedsCaptured: it cannot have happened.
        ChangedMeanwhile: *intent* is not what its row says.
    """
    before = intent.figures
    figures = after(before, kind, amount)
    changes = {**_columns(figures), **columns, "version": intent.version + 1}
    if not PaymentIntent.objects.filter(id=intent.id, version=intent.version).update(**changes):
        raise ChangedMeanwhile(f"payment {intent.id} has changed since version {intent.version}")
    for name, value in changes.items():
        setattr(intent, name, value)
    PaymentEvent.objects.create(
        intent=intent,
        sequence=intent.version,
        kind=kind,
        amount=amount,
        from_status=before.status,
        to_status=figures.status,
        actor=actor,
        reason=reason,
        webhook_id=webhook_id,
    )
    if figures.status is not before.status:
        metrics.payments.labels(figures.status.value).inc()


def _columns(figures: Figures) -> dict[str, Any]:
    return {
        "status": figures.status.value,
        "amount_authorized": figures.authorized,
        "amount_capturable": figures.capturable,
        "amount_captured": figures.captured,
        "amount_refund_pending": figures.refund_pending,
        "amount_refunded": figures.refunded,
    }
