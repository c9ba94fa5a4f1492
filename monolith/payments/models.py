"""
The payments' tables.

Ids are made in the application and nothing relies on a sequence: rows can move. There is no card number and no security
code anywhere; a token is in `payments_payment_method` alone.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from monolith.kernel.append_only import AppendOnly
from monolith.kernel.ids import uuid7
from monolith.kernel.words import choices, one_of
from monolith.payments.contract import CaptureMethod, RefundStatus
from monolith.payments.contract import PaymentStatus as Status
from monolith.payments.domain import LIVE, DisputeStatus, Figures, Kind, Operation, State
from strangler.bindings.records import CommandRecord
from strangler.events.records import InboxCursor, InboxMessage, OutboxCopy, OutboxEvent, OutboxStream
from strangler.hosting.rest.records import IdempotencyRecord


class PaymentMethod(models.Model):
    """
    What a customer pays with: a token of the provider's vault, and what may be shown of the card behind it.

    Attributes:
        fingerprint: the same for every token of one card.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.CharField(max_length=255)
    token = models.CharField(max_length=64)
    brand = models.CharField(max_length=32, blank=True, default="")
    last4 = models.CharField(max_length=4, blank=True, default="")
    exp_month = models.PositiveSmallIntegerField(null=True)
    exp_year = models.PositiveSmallIntegerField(null=True)
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "payments_payment_method"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "token"], name="payments_payment_method_once")
        ]

    def __str__(self) -> str:
        return f"{self.brand or 'card'} {self.last4}".strip()


class PaymentIntent(models.Model):
    """
    One attempt of an order to be paid; the figures are in minor units of its currency, which never changes (P7).

    Attributes:
        customer: the subject whose payment it is.
        void_asked: give it up as soon as it is known what the provider made of it.
        expires_at: when the authorisation lapses, or the payment that nobody finishes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_id = models.UUIDField()
    attempt = models.PositiveIntegerField()
    customer = models.CharField(max_length=255)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    capture_method = models.CharField(max_length=16, choices=choices(CaptureMethod))
    status = models.CharField(max_length=32, choices=choices(Status), default=Status.REQUIRES_PAYMENT_METHOD.value)
    payment_method = models.ForeignKey(PaymentMethod, models.PROTECT, null=True, related_name="+")
    provider = models.CharField(max_length=32, blank=True, default="")
    provider_ref = models.CharField(max_length=100, blank=True, default="")
    amount_authorized = models.BigIntegerField(default=0)
    amount_capturable = models.BigIntegerField(default=0)
    amount_captured = models.BigIntegerField(default=0)
    amount_refund_pending = models.BigIntegerField(default=0)
    amount_refunded = models.BigIntegerField(default=0)
    last_error = models.JSONField(null=True)
    next_action = models.JSONField(null=True)
    void_asked = models.BooleanField(default=False)
    cancel_reason = models.CharField(max_length=500, blank=True, default="")
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "payments_intent"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id", "attempt"], name="payments_intent_attempt"),
            models.UniqueConstraint(
                fields=["order_id"],
                condition=Q(status__in=sorted(status.value for status in LIVE)),
                name="payments_intent_one_live",
            ),
            one_of("status", Status, "payments_intent_status"),
            one_of("capture_method", CaptureMethod, "payments_intent_method"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_intent_amount"),
            models.CheckConstraint(
                condition=Q(amount_authorized__gte=0) & Q(amount_authorized__lte=F("amount")),
                name="payments_intent_authorized",
            ),
            models.CheckConstraint(
                condition=Q(amount_captured__gte=0)
                & Q(amount_capturable__gte=0)
                & Q(amount_captured__lte=F("amount_authorized") - F("amount_capturable")),
                name="payments_intent_captured",
            ),
            models.CheckConstraint(
                condition=Q(amount_refunded__gte=0)
                & Q(amount_refund_pending__gte=0)
                & Q(amount_refunded__lte=F("amount_captured") - F("amount_refund_pending")),
                name="payments_intent_refunded",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["expires_at", "id"],
                condition=Q(
                    status__in=[
                        Status.REQUIRES_PAYMENT_METHOD.value,
                        Status.REQUIRES_CONFIRMATION.value,
                        Status.REQUIRES_ACTION.value,
                        Status.REQUIRES_CAPTURE.value,
                    ]
                ),
                name="payments_intent_due",
            ),
            models.Index(fields=["customer", "created_at", "id"], name="payments_intent_by_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.status} for order {self.order_id}"

    @property
    def figures(self) -> Figures:
        """Status and sums."""
        return Figures(
            status=Status(self.status),
            authorized=self.amount_authorized,
            capturable=self.amount_capturable,
            captured=self.amount_captured,
            refund_pending=self.amount_refund_pending,
            refunded=self.amount_refunded,
        )


class Refund(models.Model):
    """Captured money on its way back; the id is whoever asked for it's."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    intent = models.ForeignKey(PaymentIntent, models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=500, blank=True, default="")
    status = models.CharField(max_length=16, choices=choices(RefundStatus), default=RefundStatus.PENDING.value)
    last_error = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "payments_refund"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_refund_amount"),
            one_of("status", RefundStatus, "payments_refund_status"),
        ]

    def __str__(self) -> str:
        return f"{self.status} refund of {self.amount}"


class PaymentAttempt(models.Model):
    """
    One operation asked of a provider, under one idempotency key for ever (P4).

    Attributes:
        number: of the intent's operations of this kind, from 1.
        passed_by: providers that have certainly got nothing of it.
        unknown: the provider was asked, and what came of it is not known: no other provider may be asked instead.
        tries: how often the provider was asked.
        leased_until: somebody asks it right now.
        due_at: when it is to be asked again; None once the state is final.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    intent = models.ForeignKey(PaymentIntent, models.PROTECT, related_name="attempts")
    refund = models.ForeignKey(Refund, models.PROTECT, null=True, related_name="+")
    operation = models.CharField(max_length=16, choices=choices(Operation))
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=100)
    provider = models.CharField(max_length=32)
    amount = models.BigIntegerField()
    actor = models.CharField(max_length=255)
    state = models.CharField(max_length=16, choices=choices(State), default=State.PENDING.value)
    provider_ref = models.CharField(max_length=100, blank=True, default="")
    passed_by = models.JSONField(default=list)
    unknown = models.BooleanField(default=False)
    tries = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    error = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payments_attempt"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], name="payments_attempt_key"),
            one_of("operation", Operation, "payments_attempt_operation"),
            one_of("state", State, "payments_attempt_state"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="payments_attempt_due"),
            models.Index(fields=["provider", "created_at"], name="payments_attempt_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.state} at {self.provider}"


class Capture(models.Model):
    """Money that was taken: at most once of a payment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    intent = models.OneToOneField(PaymentIntent, models.PROTECT, related_name="capture")
    amount = models.BigIntegerField()
    provider = models.CharField(max_length=32)
    provider_ref = models.CharField(max_length=100)
    captured_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "payments_capture"
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="payments_capture_amount")]

    def __str__(self) -> str:
        return f"{self.amount} of {self.intent_id}"


class Dispute(models.Model):
    """The customer's bank asks for captured money back."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    intent = models.ForeignKey(PaymentIntent, models.PROTECT, related_name="disputes")
    provider = models.CharField(max_length=32)
    provider_ref = models.CharField(max_length=100)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=100, blank=True, default="")
    status = models.CharField(max_length=16, choices=choices(DisputeStatus), default=DisputeStatus.NEEDS_RESPONSE.value)
    opened_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "payments_dispute"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "provider_ref"], name="payments_dispute_once"),
            one_of("status", DisputeStatus, "payments_dispute_status"),
        ]

    def __str__(self) -> str:
        return f"{self.status} dispute of {self.amount}"


class PaymentEvent(AppendOnly):
    """
    One thing that happened to a payment, and the history of its status: all of them make the row (P6).

    Attributes:
        sequence: the intent's version after it, so none is missing and none is twice.
        webhook_id: the delivery that told of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    intent = models.ForeignKey(PaymentIntent, models.PROTECT, related_name="events")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=32, choices=choices(Kind))
    amount = models.BigIntegerField(default=0)
    from_status = models.CharField(max_length=32)
    to_status = models.CharField(max_length=32)
    actor = models.CharField(max_length=255)
    reason = models.CharField(max_length=500, blank=True, default="")
    webhook_id = models.UUIDField(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "payments_event"
        ordering: ClassVar = ["intent_id", "sequence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["intent", "sequence"], name="payments_event_order"),
            one_of("kind", Kind, "payments_event_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind}"


class WebhookEvent(models.Model):
    """
    A delivery whose signature held, kept before anything is done about it (P5).

    Attributes:
        note: what became of it, when it had no effect.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=32)
    event_id = models.CharField(max_length=100)
    type = models.CharField(max_length=64)
    payload = models.JSONField()
    received_at = models.DateTimeField(default=timezone.now)
    processed_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "payments_webhook_event"
        ordering: ClassVar = ["received_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="payments_webhook_event_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["received_at"], condition=Q(processed_at__isnull=True), name="payments_webhook_event_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} of {self.provider}"


class Reconciliation(models.Model):
    """
    One comparison of our books with a provider's, for a day of UTC (P8).

    Attributes:
        finished_at: None while the provider has not answered.
        error: why it could not be compared.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=32)
    day = models.DateField()
    compared = models.PositiveIntegerField(default=0)
    differences = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payments_reconciliation"
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [models.Index(fields=["provider", "day"], name="payments_reconciliation_by_day")]

    def __str__(self) -> str:
        return f"{self.provider} on {self.day}"


class PaymentsIdempotency(IdempotencyRecord):
    """The keys of the payments' own POSTs: they move with its rows (R7)."""

    class Meta(IdempotencyRecord.Meta):
        db_table = "payments_idempotency"


class PaymentsCommand(CommandRecord):
    """What the commands of the contract returned: a repeat finds it in either home (R13)."""

    class Meta(CommandRecord.Meta):
        db_table = "payments_command"


class PaymentsOutbox(OutboxEvent):
    """What payments say has happened."""

    class Meta(OutboxEvent.Meta):
        db_table = "payments_outbox"


class PaymentsOutboxCopy(OutboxCopy):
    """Its events, one row for each subscriber."""

    class Meta(OutboxCopy.Meta):
        db_table = "payments_outbox_copy"


class PaymentsOutboxStream(OutboxStream):
    """How far each payment's events have come."""

    class Meta(OutboxStream.Meta):
        db_table = "payments_outbox_stream"


class PaymentsInbox(InboxMessage):
    """What has had its effect: ticks of the clock."""

    class Meta(InboxMessage.Meta):
        db_table = "payments_inbox"


class PaymentsInboxCursor(InboxCursor):
    """How far each stream of others' events was handled."""

    class Meta(InboxCursor.Meta):
        db_table = "payments_inbox_cursor"
