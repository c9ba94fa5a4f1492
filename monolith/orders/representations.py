"""
Rows as JSON: plain functions; a test holds every answer against OpenAPI.

Raise `REPRESENTATION` when a cart or an order comes out differently: validators are made of it (R11).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monolith.orders.models import Cart, Order, OrderLine, OrderStatusHistory, Saga, SagaStepLog
from monolith.shipping.contract import Option

REPRESENTATION = 1


def cart_json(row: Cart) -> dict[str, Any]:
    """A cart; what it costs, the catalog says."""
    return {
        "id": str(row.id),
        "currency": row.currency,
        "lines": [{"sku": line.sku, "qty": line.qty} for line in row.lines.all()],
        "order_id": None if row.order_id is None else str(row.order_id),
        "expires_at": _moment(row.expires_at),
        "version": row.version,
    }


def option_json(option: Option) -> dict[str, Any]:
    """One way to send a cart."""
    return {
        "option_id": option.option_id,
        "carrier": option.carrier,
        "service": option.service,
        "price": option.price.to_json(),
        "eta_min": _moment(option.eta_min),
        "eta_max": _moment(option.eta_max),
    }


def order_json(row: Order) -> dict[str, Any]:
    """An order with its lines, as it was ordered."""
    names = ("subtotal", "discount", "shipping", "tax", "total", "refunded")
    return {
        "id": str(row.id),
        "number": row.number,
        "customer_id": str(row.customer_id),
        "status": row.status,
        "payment_status": row.payment_status,
        "fulfilment_status": row.fulfilment_status,
        **{name: row.money(getattr(row, f"{name}_minor")).to_json() for name in names},
        "lines": [_line_json(row, line) for line in row.lines.all()],
        "shipping_address": row.shipping_address,
        "billing_address": row.billing_address,
        "reject_reason": row.reject_reason or None,
        "cancel_reason": row.cancel_reason,
        "action_url": row.action_url,
        "placed_at": _moment(row.placed_at),
        "cancelled_at": None if row.cancelled_at is None else _moment(row.cancelled_at),
        "delivered_at": None if row.delivered_at is None else _moment(row.delivered_at),
        "version": row.version,
    }


def history_json(row: OrderStatusHistory) -> dict[str, Any]:
    """One step of an order's life; who of the staff it was, customers need not know."""
    return {"from": row.from_status, "to": row.to_status, "reason": row.reason, "at": _moment(row.at)}


def saga_json(row: Saga) -> dict[str, Any]:
    """How far a saga is, and how it came there; no token."""
    return {
        "id": str(row.id),
        "order_id": str(row.order_id),
        "kind": row.kind,
        "state": row.state,
        "step": row.step,
        "attempt": row.attempt,
        "error": row.error,
        "next_run_at": _moment(row.next_run_at),
        "deadline_at": _moment(row.deadline_at),
        "created_at": _moment(row.created_at),
        "log": [_log_json(one) for one in row.log.all()],
    }


def _line_json(order: Order, line: OrderLine) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name,
        "qty": line.qty,
        "returned_qty": line.returned_qty,
        "unit_price": order.money(line.unit_price_minor).to_json(),
        "discount": order.money(line.discount_minor).to_json(),
        "tax": order.money(line.tax_minor).to_json(),
        "total": order.money(line.total_minor).to_json(),
    }


def _log_json(row: SagaStepLog) -> dict[str, Any]:
    return {
        "step": row.step,
        "direction": row.direction,
        "key": row.key,
        "outcome": row.outcome,
        "tries": row.tries,
        "detail": row.detail,
        "begun_at": _moment(row.begun_at),
        "ended_at": None if row.ended_at is None else _moment(row.ended_at),
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
