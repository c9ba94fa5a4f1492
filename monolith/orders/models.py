"""
The tables of orders.

Ids are made in the application, customers are ids and SKUs are words without references, and nothing relies on a
sequence: rows can move.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from monolith.kernel.ids import uuid7
from monolith.kernel.money import EXPONENTS, Money
from monolith.kernel.words import choices, one_of
from monolith.orders.contract import FulfilmentStatus, PaymentStatus, RejectReason, SagaState
from monolith.orders.contract import OrderStatus as Status
from strangler.bindings.records import CommandRecord
from strangler.events.records import InboxCursor, InboxMessage, OutboxCopy, OutboxEvent, OutboxStream
from strangler.hosting.rest.history import StatusHistory
from strangler.hosting.rest.records import IdempotencyRecord

_CURRENCIES = [(currency, currency) for currency in sorted(EXPONENTS)]
_ACTIVE = (SagaState.RUNNING.value, SagaState.COMPENSATING.value)


class Cart(models.Model):
    """
    What somebody may buy.

    Attributes:
        customer_id: whose it is; None for somebody unknown, who proves with the cart's token that it is theirs.
        token_sha256: of that token.
        order_id: what became of it; then it is empty, and a new one begins.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer_id = models.UUIDField(null=True, db_index=True)
    token_sha256 = models.CharField(max_length=64, blank=True, default="")
    currency = models.CharField(max_length=3, choices=_CURRENCIES)
    expires_at = models.DateTimeField(db_index=True)
    order_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "orders_cart"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(customer_id__isnull=False) | ~Q(token_sha256=""), name="orders_cart_is_somebodys"
            )
        ]

    def __str__(self) -> str:
        return f"cart {self.id}"


class CartLine(models.Model):
    """So many units of a SKU; what they cost, the catalog says."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=64)
    qty = models.PositiveIntegerField()

    class Meta:
        db_table = "orders_cart_line"
        ordering: ClassVar = ["sku"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cart", "sku"], name="orders_cart_line_once"),
            models.CheckConstraint(condition=Q(qty__gt=0), name="orders_cart_line_qty"),
        ]

    def __str__(self) -> str:
        return f"{self.qty} of {self.sku}"


class Order(models.Model):
    """
    What somebody has ordered; amounts are in minor units of its currency.

    Attributes:
        number: as people say it.
        shipping_option_id: of the quote that was chosen.
        refunded_minor: what was given back so far.
        action_url: where the customer must prove who they are, while the payment waits for that.
        delivered_at: when it arrived; the time to send it back counts from then.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20)
    customer_id = models.UUIDField()
    cart_id = models.UUIDField(null=True)
    status = models.CharField(max_length=24, choices=choices(Status), default=Status.DRAFT.value)
    payment_status = models.CharField(max_length=24, choices=choices(PaymentStatus), default=PaymentStatus.NONE.value)
    fulfilment_status = models.CharField(
        max_length=16, choices=choices(FulfilmentStatus), default=FulfilmentStatus.NONE.value
    )
    currency = models.CharField(max_length=3, choices=_CURRENCIES)
    subtotal_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    shipping_address = models.JSONField()
    billing_address = models.JSONField()
    shipping_option_id = models.CharField(max_length=255)
    reject_reason = models.CharField(max_length=24, choices=choices(RejectReason), blank=True, default="")
    cancel_reason = models.CharField(max_length=500, blank=True, default="")
    action_url = models.CharField(max_length=500, blank=True, default="")
    placed_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "orders_order"
        ordering: ClassVar = ["placed_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["number"], name="orders_order_number"),
            one_of("status", Status, "orders_order_status"),
            one_of("payment_status", PaymentStatus, "orders_order_payment"),
            one_of("fulfilment_status", FulfilmentStatus, "orders_order_fulfilment"),
            models.CheckConstraint(
                condition=Q(
                    total_minor=F("subtotal_minor") + F("shipping_minor") + F("tax_minor") - F("discount_minor")
                ),
                name="orders_order_total",
            ),
            models.CheckConstraint(
                condition=Q(
                    subtotal_minor__gte=0,
                    discount_minor__gte=0,
                    shipping_minor__gte=0,
                    tax_minor__gte=0,
                    total_minor__gt=0,
                ),
                name="orders_order_amounts",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=F("total_minor")), name="orders_order_refunded"
            ),
            models.CheckConstraint(
                condition=(Q(status=Status.REJECTED.value) & ~Q(reject_reason=""))
                | (~Q(status=Status.REJECTED.value) & Q(reject_reason="")),
                name="orders_order_rejected_why",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer_id", "placed_at", "id"], name="orders_order_by_customer"),
            models.Index(fields=["placed_at", "id"], name="orders_order_by_age"),
            models.Index(
                fields=["delivered_at", "id"], condition=Q(status=Status.DELIVERED.value), name="orders_order_arrived"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    def money(self, minor: int) -> Money:
        """Return an amount in the order's currency."""
        return Money(minor, self.currency)

    @property
    def total(self) -> Money:
        """What it costs."""
        return self.money(self.total_minor)


class OrderLine(models.Model):
    """So many units of a SKU, as its name and price were when it was ordered."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="lines")
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=300)
    unit_price_minor = models.BigIntegerField()
    qty = models.PositiveIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    returned_qty = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "orders_order_line"
        ordering: ClassVar = ["sku"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "sku"], name="orders_order_line_once"),
            models.CheckConstraint(condition=Q(qty__gt=0, unit_price_minor__gte=0), name="orders_order_line_qty"),
            models.CheckConstraint(
                condition=Q(total_minor=F("unit_price_minor") * F("qty") + F("tax_minor") - F("discount_minor")),
                name="orders_order_line_total",
            ),
            models.CheckConstraint(condition=Q(returned_qty__lte=F("qty")), name="orders_order_line_returned"),
        ]

    def __str__(self) -> str:
        return f"{self.qty} of {self.sku}"


class OrderStatusHistory(StatusHistory):
    """What became of an order: who, when, why."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="status_history")
    from_status = models.CharField(max_length=24, choices=choices(Status))
    to_status = models.CharField(max_length=24, choices=choices(Status))

    class Meta(StatusHistory.Meta):
        db_table = "orders_order_status_history"


class Saga(models.Model):
    """
    How far the checkout of an order is; an order has one, ever (O2).

    Attributes:
        kind: which table of steps it follows.
        step: the step that comes next, or that somebody works on.
        begun: that step may have had its effect.
        context: what steps have learnt that later ones, or their undoing, need; never a token.
        payment_method: the token to pay with, until the payment is authorised or given up.
        attempt: of the step: a person's retry after a refusal is another one.
        tries: how often this attempt was begun, and nothing came of it yet.
        next_run_at: when it goes on by itself.
        deadline_at: by when the step must be done.
        locked_until: until then somebody works on it; whoever it is proves it with the version.
        wakes: how often somebody else had news; one that comes while it is worked on is not lost.
        rejection: why it is undone; empty for a cancellation.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.OneToOneField(Order, models.PROTECT, related_name="saga")
    kind = models.CharField(max_length=16, default="checkout")
    state = models.CharField(max_length=24, choices=choices(SagaState), default=SagaState.RUNNING.value)
    step = models.CharField(max_length=32)
    begun = models.BooleanField(default=False)
    context = models.JSONField(default=dict)
    payment_method = models.CharField(max_length=64, blank=True, default="")
    attempt = models.PositiveIntegerField(default=1)
    tries = models.PositiveIntegerField(default=0)
    next_run_at = models.DateTimeField(default=timezone.now)
    deadline_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)
    wakes = models.PositiveIntegerField(default=0)
    rejection = models.CharField(max_length=24, choices=choices(RejectReason), blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "orders_saga"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [one_of("state", SagaState, "orders_saga_state")]
        indexes: ClassVar = [
            models.Index(fields=["next_run_at", "id"], condition=Q(state__in=_ACTIVE), name="orders_saga_due"),
            models.Index(fields=["state", "created_at", "id"], name="orders_saga_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.state} at {self.step}"


class SagaStepLog(models.Model):
    """What was done for one step of a saga, or to undo it; `key` names the effect that it has once (O6)."""

    class Direction(models.TextChoices):
        ACTION = "action"
        COMPENSATION = "compensation"

    class Outcome(models.TextChoices):
        BEGUN = "begun"
        DONE = "done"
        LATER = "later"
        REFUSED = "refused"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    saga = models.ForeignKey(Saga, models.PROTECT, related_name="log")
    step = models.CharField(max_length=32)
    direction = models.CharField(max_length=16, choices=Direction)
    key = models.CharField(max_length=100)
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.BEGUN)
    tries = models.PositiveIntegerField(default=1)
    detail = models.CharField(max_length=500, blank=True, default="")
    begun_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "orders_saga_step_log"
        ordering: ClassVar = ["begun_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "direction"], name="orders_saga_step_log_key"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} of {self.step}: {self.outcome}"


class OrdersIdempotency(IdempotencyRecord):
    """The keys of the orders' own POSTs: they move with its rows (R7)."""

    class Meta(IdempotencyRecord.Meta):
        db_table = "orders_idempotency"


class OrdersCommand(CommandRecord):
    """What the commands of the contract returned: a repeat finds it in either home (R13)."""

    class Meta(CommandRecord.Meta):
        db_table = "orders_command"


class OrdersOutbox(OutboxEvent):
    """What is said to have happened to orders."""

    class Meta(OutboxEvent.Meta):
        db_table = "orders_outbox"


class OrdersOutboxCopy(OutboxCopy):
    """These events, one row for each subscriber."""

    class Meta(OutboxCopy.Meta):
        db_table = "orders_outbox_copy"


class OrdersOutboxStream(OutboxStream):
    """How far each order's events have come."""

    class Meta(OutboxStream.Meta):
        db_table = "orders_outbox_stream"


class OrdersInbox(InboxMessage):
    """What has had its effect: events of payments, shipping and the inventory, and ticks of the clock."""

    class Meta(InboxMessage.Meta):
        db_table = "orders_inbox"


class OrdersInboxCursor(InboxCursor):
    """How far each stream of others' events was handled."""

    class Meta(InboxCursor.Meta):
        db_table = "orders_inbox_cursor"
