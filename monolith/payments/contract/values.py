"""The payments' values as other apps see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from monolith.kernel.money import Money
from strangler.contract import Moment


class PaymentStatus(StrEnum):
    """Where a payment is in its life; the last two are final."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    REQUIRES_CAPTURE = "requires_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class CaptureMethod(StrEnum):
    """Whether the money is taken with the authorisation, or by a command of its own."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class RefundStatus(StrEnum):
    """Where a refund is; all but the first are final."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """
    Why a step at a provider failed.

    Attributes:
        code: card_declined, authentication_required, provider_unavailable, or what the provider says.
        decline_code: of a decline, such as insufficient_funds; empty otherwise.
    """

    code: str
    decline_code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """
    One attempt to pay for an order.

    Attributes:
        attempt: of the order, counted from 1.
        capturable: authorised and not yet captured.
        refund_pending: asked back, and not yet given back.
        failure: of the last step that failed, as long as nothing has succeeded since.
        action_url: where the customer must prove who they are, while that is what it waits for.
        expires_at: when an authorisation lapses, or a payment that nobody finishes.
    """

    id: UUID
    order_id: UUID
    attempt: int
    customer: str
    status: PaymentStatus
    amount: Money
    capturable: Money
    captured: Money
    refunded: Money
    refund_pending: Money
    provider: str
    failure: Failure | None
    action_url: str
    expires_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money on its way back to a customer."""

    id: UUID
    payment_id: UUID
    order_id: UUID
    amount: Money
    status: RefundStatus
    failure: Failure | None
