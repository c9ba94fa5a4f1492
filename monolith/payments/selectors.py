"""Reads of payments; each returns querysets or rows and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from monolith.payments.contract import InvalidFilter, OutOfBounds, UnknownPayment, UnknownRefund
from monolith.payments.domain import ORDERS_MAX
from monolith.payments.models import PaymentAttempt, PaymentIntent, Reconciliation, Refund


def intents() -> QuerySet[PaymentIntent]:
    """Return every payment with its method."""
    return PaymentIntent.objects.select_related("payment_method")


def intent(intent_id: UUID, *, customer: str | None = None) -> PaymentIntent:
    """
    Return a payment.

    Args:
        customer: whose it must be; anybody's unless given.

    Raises:
        UnknownPayment: there is none, or it is somebody else's: nobody learns which.
    """
    row = _of(intents(), customer).filter(id=intent_id).first()
    if row is None:
        raise UnknownPayment(f"There is no payment {intent_id}.")
    return row


def intent_of(order_id: UUID, attempt: int) -> PaymentIntent:
    """Return an order's attempt. Raises UnknownPayment."""
    row = intents().filter(order_id=order_id, attempt=attempt).first()
    if row is None:
        raise UnknownPayment(f"There is no attempt {attempt} to pay for order {order_id}.")
    return row


def intents_of(order_ids: Iterable[UUID]) -> QuerySet[PaymentIntent]:
    """
    Return every payment of some orders, by order and attempt.

    Raises:
        OutOfBounds: no order, or more than `ORDERS_MAX`.
    """
    wanted = set(order_ids)
    if not 1 <= len(wanted) <= ORDERS_MAX:
        raise OutOfBounds(f"Ask for 1 to {ORDERS_MAX} orders, not {len(wanted)}.")
    return intents().filter(order_id__in=wanted).order_by("order_id", "attempt")


def intents_by_order(order_id: str | None, *, customer: str | None) -> QuerySet[PaymentIntent]:
    """
    Return payments, of one order and one customer if given.

    Raises:
        InvalidFilter: *order_id* is no id.
    """
    rows = _of(intents(), customer)
    if order_id is None:
        return rows
    try:
        return rows.filter(order_id=UUID(order_id))
    except ValueError as error:
        raise InvalidFilter("order_id: must be a UUID") from error


def refund(refund_id: UUID, *, customer: str | None = None) -> Refund:
    """Return a refund with its payment. Raises UnknownRefund, as `intent` does."""
    rows = Refund.objects.select_related("intent").filter(id=refund_id)
    row = (rows if customer is None else rows.filter(intent__customer=customer)).first()
    if row is None:
        raise UnknownRefund(f"There is no refund {refund_id}.")
    return row


def attempt(attempt_id: UUID) -> PaymentAttempt | None:
    """Return what was asked of a provider."""
    return PaymentAttempt.objects.filter(id=attempt_id).first()


def reconciliation(reconciliation_id: UUID) -> Reconciliation | None:
    """Return a comparison with a provider."""
    return Reconciliation.objects.filter(id=reconciliation_id).first()


def _of(rows: QuerySet[PaymentIntent], customer: str | None) -> QuerySet[PaymentIntent]:
    return rows if customer is None else rows.filter(customer=customer)
