"""Orders as other apps see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from monolith.kernel.money import Money
from strangler.contract import Moment


class OrderStatus(StrEnum):
    """Where an order is in its life; rejected, cancelled, completed and returned are final."""

    DRAFT = "draft"
    PENDING = "pending"
    STOCK_RESERVED = "stock_reserved"
    PAYMENT_AUTHORIZED = "payment_authorized"
    CONFIRMED = "confirmed"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    RETURN_REQUESTED = "return_requested"
    RETURNED = "returned"


class PaymentStatus(StrEnum):
    """What has become of the order's money."""

    NONE = "none"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"


class FulfilmentStatus(StrEnum):
    """What has become of the order's goods."""

    NONE = "none"
    PARTIAL = "partial"
    FULFILLED = "fulfilled"
    RETURNED = "returned"


class RejectReason(StrEnum):
    """Why nothing came of an order."""

    OUT_OF_STOCK = "out_of_stock"
    PAYMENT_DECLINED = "payment_declined"
    RISK_DECLINED = "risk_declined"
    PRICE_CHANGED = "price_changed"
    UNDELIVERABLE = "undeliverable"
    TIMEOUT = "timeout"


class SagaState(StrEnum):
    """What the saga of an order does; the first two are active, the last waits for a person."""

    RUNNING = "running"
    COMPENSATING = "compensating"
    COMPLETED = "completed"
    COMPENSATED = "compensated"
    FAILED_NEEDS_OPERATOR = "failed_needs_operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    Where an order goes.

    Attributes:
        country: ISO 3166-1 alpha-2.
    """

    name: str
    line1: str
    city: str
    country: str
    line2: str = ""
    region: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLine:
    """So many single units of a SKU, as the customer saw them: its name, and what one costs."""

    sku: str
    qty: int
    name: str
    unit_price: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many single units of a SKU."""

    sku: str
    qty: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """A line as it was ordered, whatever the catalog says by now."""

    sku: str
    qty: int
    name: str
    unit_price: Money
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What somebody has ordered.

    Attributes:
        number: as people say it.
        reject_reason: of a rejected one; otherwise None.
        action_url: where the customer must prove who they are, while the payment waits for that; empty otherwise.
    """

    id: UUID
    number: str
    customer_id: UUID
    status: OrderStatus
    payment_status: PaymentStatus
    fulfilment_status: FulfilmentStatus
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money
    lines: tuple[OrderLine, ...]
    reject_reason: RejectReason | None
    cancel_reason: str
    action_url: str
    placed_at: Moment
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaStep:
    """
    One step of a saga as it went, or one that was undone.

    Attributes:
        key: by which the step has its effect once.
        direction: `action` or `compensation`.
        outcome: begun, done, later, refused or failed.
        tries: how often it was begun.
    """

    step: str
    direction: str
    key: str
    outcome: str
    tries: int
    detail: str
    begun_at: Moment
    ended_at: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saga:
    """
    How far the saga of an order is.

    Attributes:
        step: which one comes next, or is under way.
        deadline_at: by when that step must be done; then it is undone, or somebody is asked.
        error: what it waits for, or why it goes no further; empty when nothing is in the way.
    """

    id: UUID
    order_id: UUID
    state: SagaState
    step: str
    attempt: int
    deadline_at: Moment
    next_run_at: Moment
    error: str
    log: tuple[SagaStep, ...]
