"""The contract over this app's own rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from monolith.kernel.money import Money
from monolith.payments import selectors
from monolith.payments.contract import CaptureMethod, Failure, Payment, PaymentStatus, Refund, RefundStatus
from monolith.payments.models import PaymentIntent
from monolith.payments.models import Refund as RefundRow
from monolith.payments.services import intents, refunds

_ACTOR = "contract"


class LocalPayments:
    """Implements `Payments`."""

    def payment(self, *, order_id: UUID, attempt: int) -> Payment:
        return _payment(selectors.intent_of(order_id, attempt))

    def payments(self, *, order_ids: tuple[UUID, ...]) -> tuple[Payment, ...]:
        return tuple(_payment(row) for row in selectors.intents_of(order_ids))

    def refund_of(self, *, refund_id: UUID) -> Refund:
        return _refund(selectors.refund(refund_id))

    def authorize(
        self,
        *,
        order_id: UUID,
        attempt: int,
        customer: str,
        amount: Money,
        payment_method: str,
        capture_method: CaptureMethod = CaptureMethod.MANUAL,
    ) -> Payment:
        intents.intent_authorize(
            order_id=order_id,
            attempt=attempt,
            customer=customer,
            amount=amount,
            payment_method=payment_method,
            capture_method=capture_method,
            actor=_ACTOR,
        )
        return self.payment(order_id=order_id, attempt=attempt)

    def capture(self, *, order_id: UUID, attempt: int, amount: Money | None = None) -> Payment:
        row = selectors.intent_of(order_id, attempt)
        intents.intent_capture(intent_id=row.id, amount=amount, actor=_ACTOR)
        return self.payment(order_id=order_id, attempt=attempt)

    def void(self, *, order_id: UUID, attempt: int, reason: str = "") -> Payment:
        row = selectors.intent_of(order_id, attempt)
        intents.intent_cancel(intent_id=row.id, reason=reason, actor=_ACTOR)
        return self.payment(order_id=order_id, attempt=attempt)

    def refund(
        self, *, refund_id: UUID, order_id: UUID, attempt: int, amount: Money | None = None, reason: str = ""
    ) -> Refund:
        row = selectors.intent_of(order_id, attempt)
        refunds.refund_create(refund_id=refund_id, intent_id=row.id, amount=amount, reason=reason, actor=_ACTOR)
        return self.refund_of(refund_id=refund_id)


implementation = LocalPayments()


def _payment(row: PaymentIntent) -> Payment:
    def money(amount: int) -> Money:
        return Money(amount, row.currency)

    return Payment(
        id=row.id,
        order_id=row.order_id,
        attempt=row.attempt,
        customer=row.customer,
        status=PaymentStatus(row.status),
        amount=money(row.amount),
        capturable=money(row.amount_capturable),
        captured=money(row.amount_captured),
        refunded=money(row.amount_refunded),
        refund_pending=money(row.amount_refund_pending),
        provider=row.provider,
        failure=_failure(row.last_error),
        action_url=(row.next_action or {}).get("url", ""),
        expires_at=row.expires_at,
    )


def _refund(row: RefundRow) -> Refund:
    return Refund(
        id=row.id,
        payment_id=row.intent_id,
        order_id=row.intent.order_id,
        amount=Money(row.amount, row.intent.currency),
        status=RefundStatus(row.status),
        failure=_failure(row.last_error),
    )


def _failure(error: Mapping[str, Any] | None) -> Failure | None:
    return None if error is None else Failure(**error)
