"""
Rows as JSON: plain functions; a test holds every answer against OpenAPI.

Raise `REPRESENTATION` when a payment comes out differently: validators are made of it (R11).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monolith.payments import providers
from monolith.payments.models import PaymentIntent, PaymentMethod, Reconciliation, Refund

REPRESENTATION = 1


def intent_json(row: PaymentIntent) -> dict[str, Any]:
    """A payment; of its method, what may be shown."""
    return {
        "id": str(row.id),
        "order_id": str(row.order_id),
        "attempt": row.attempt,
        "customer": row.customer,
        "status": row.status,
        "amount": _money(row.amount, row),
        "amount_capturable": _money(row.amount_capturable, row),
        "amount_captured": _money(row.amount_captured, row),
        "amount_refunded": _money(row.amount_refunded, row),
        "amount_refund_pending": _money(row.amount_refund_pending, row),
        "capture_method": row.capture_method,
        "payment_method": None if row.payment_method is None else _method(row.payment_method),
        "provider": row.provider,
        "last_error": row.last_error,
        "next_action": row.next_action,
        "cancel_reason": row.cancel_reason,
        "created_at": _moment(row.created_at),
        "expires_at": _moment(row.expires_at),
        "version": row.version,
    }


def refund_json(row: Refund) -> dict[str, Any]:
    """A refund."""
    return {
        "id": str(row.id),
        "payment_intent": str(row.intent_id),
        "order_id": str(row.intent.order_id),
        "amount": _money(row.amount, row.intent),
        "reason": row.reason,
        "status": row.status,
        "last_error": row.last_error,
        "created_at": _moment(row.created_at),
        "version": row.version,
    }


def provider_json(name: str) -> dict[str, Any]:
    """A provider as this process sees it."""
    adapter = providers.provider(name)
    return {"name": name, "asynchronous": adapter.asynchronous, "available": not providers.breaker(name).open}


def reconciliation_json(row: Reconciliation) -> dict[str, Any]:
    """A comparison with a provider's books."""
    return {
        "id": str(row.id),
        "provider": row.provider,
        "date": row.day.isoformat(),
        "compared": row.compared,
        "differences": row.differences,
        "error": row.error,
        "created_at": _moment(row.created_at),
        "finished_at": None if row.finished_at is None else _moment(row.finished_at),
    }


def _method(row: PaymentMethod) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "brand": row.brand,
        "last4": row.last4,
        "exp_month": row.exp_month,
        "exp_year": row.exp_year,
    }


def _money(amount: int, row: PaymentIntent) -> dict[str, Any]:
    return {"amount": amount, "currency": row.currency}


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
