"""What has happened to payments, for whoever wants to hear of it; no event has a token in it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from monolith.kernel.money import Money
from strangler.contract import Events, Moment

events = Events("payments")


@events.declare("shop.payment.requires_action.v1", aggregate="payment", key="payment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentActionRequired:
    """The customer must prove who they are at *action_url*."""

    payment_id: UUID
    order_id: UUID
    attempt: int
    action_url: str


@events.declare("shop.payment.authorized.v1", aggregate="payment", key="payment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAuthorized:
    """The amount is set aside until *expires_at*."""

    payment_id: UUID
    order_id: UUID
    attempt: int
    amount: Money
    expires_at: Moment


@events.declare("shop.payment.captured.v1", aggregate="payment", key="payment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCaptured:
    """The amount was taken; it may be less than what was set aside."""

    payment_id: UUID
    order_id: UUID
    attempt: int
    amount: Money


@events.declare("shop.payment.failed.v1", aggregate="payment", key="payment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed:
    """
    An authorisation or a capture failed for good.

    Attributes:
        operation: authorize, or capture: then it is still authorised, unless a cancellation follows.
        code: card_declined, authentication_required, provider_unavailable, or what the provider says.
        decline_code: of a decline; empty otherwise.
    """

    payment_id: UUID
    order_id: UUID
    attempt: int
    operation: str
    code: str
    decline_code: str


@events.declare("shop.payment.canceled.v1", aggregate="payment", key="payment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCanceled:
    """Nothing is set aside any longer, and nothing was taken."""

    payment_id: UUID
    order_id: UUID
    attempt: int
    reason: str


@events.declare("shop.payment.refunded.v1", aggregate="payment", key="payment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefunded:
    """
    Money was given back.

    Attributes:
        refunded: in all, with this one.
    """

    payment_id: UUID
    order_id: UUID
    attempt: int
    refund_id: UUID
    amount: Money
    refunded: Money


@events.declare("shop.payment.refund_failed.v1", aggregate="payment", key="payment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefundFailed:
    """The provider did not give the money back; another refund may be asked for."""

    payment_id: UUID
    order_id: UUID
    attempt: int
    refund_id: UUID
    amount: Money
    code: str


@events.declare("shop.payment.dispute_opened.v1", aggregate="payment", key="payment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDisputed:
    """The customer's bank asks for the money back; somebody must answer."""

    payment_id: UUID
    order_id: UUID
    attempt: int
    dispute_id: UUID
    amount: Money
    reason: str
