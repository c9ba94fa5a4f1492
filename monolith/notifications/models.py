"""
The notifications' tables.

Ids are made in the application, a recipient is an id and no reference into the users, and nothing relies on a sequence:
rows can move. No table has a name, a secret or a message; an address is kept where nothing may be sent to it any more.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from monolith.kernel.ids import uuid7
from monolith.kernel.words import choices, one_of
from monolith.notifications.contract import Category, DeliveryStatus, Status
from strangler.bindings.records import CommandRecord
from strangler.events.records import InboxCursor, InboxMessage, OutboxCopy, OutboxEvent, OutboxStream
from strangler.hosting.rest.records import IdempotencyRecord

EMAIL = "email"


class Notification(models.Model):
    """
    Something that somebody is to be told, once.

    Attributes:
        dedupe_key: the same one is accepted once for each recipient; an event's id, usually.
        data: the template's variables, but the name and the secret, which are asked for when it is sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recipient = models.UUIDField()
    dedupe_key = models.CharField(max_length=255)
    template = models.CharField(max_length=64)
    category = models.CharField(max_length=16, choices=choices(Category))
    data = models.JSONField(default=dict)
    status = models.CharField(max_length=16, choices=choices(Status), default=Status.ACCEPTED.value)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        db_table = "notifications_notification"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["recipient", "dedupe_key"], name="notifications_notification_once"),
            one_of("status", Status, "notifications_notification_status"),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at", "id"], name="notifications_by_age")]

    def __str__(self) -> str:
        return f"{self.template} for {self.recipient}"


class Delivery(models.Model):
    """
    A notification on one channel: at most one for each.

    Attributes:
        tries: how often it was begun; whoever sends has begun the latest, or sends nothing.
        handed_over_at: when the message itself was about to be sent: from then on it may have arrived.
        leased_until: until when somebody works on it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notification = models.ForeignKey(Notification, models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=16, default=EMAIL)
    status = models.CharField(max_length=24, choices=choices(DeliveryStatus), default=DeliveryStatus.QUEUED.value)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, default="")
    provider_message_id = models.CharField(max_length=255, blank=True, default="")
    due_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True)
    handed_over_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        db_table = "notifications_delivery"
        verbose_name_plural = "deliveries"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notification", "channel"], name="notifications_delivery_once"),
            one_of("status", DeliveryStatus, "notifications_delivery_status"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(status__in=[DeliveryStatus.QUEUED.value, DeliveryStatus.SENDING.value]),
                name="notifications_delivery_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.status} by {self.channel}"


class Preference(models.Model):
    """Whether somebody wants marketing; without a row they do not."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recipient = models.UUIDField()
    marketing = models.BooleanField(default=False)
    changed_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        db_table = "notifications_preference"
        constraints: ClassVar = [models.UniqueConstraint(fields=["recipient"], name="notifications_preference_once")]

    def __str__(self) -> str:
        return f"{self.recipient}: {'marketing' if self.marketing else 'no marketing'}"


class Suppression(models.Model):
    """
    An address to which nothing is sent.

    Attributes:
        address: in small letters.
        recipient: whose it was, so that it is erased with the account.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    address = models.CharField(max_length=254)
    reason = models.CharField(max_length=32)
    detail = models.CharField(max_length=300, blank=True, default="")
    recipient = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        db_table = "notifications_suppression"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["address"], name="notifications_suppression_once")]

    def __str__(self) -> str:
        return self.reason


class KnownOrder(models.Model):
    """Whose an order is, and how people call it: events of payments and shipments do not say."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_id = models.UUIDField()
    recipient = models.UUIDField()
    number = models.CharField(max_length=64)
    placed_at = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        db_table = "notifications_known_order"
        constraints: ClassVar = [models.UniqueConstraint(fields=["order_id"], name="notifications_known_order_once")]

    def __str__(self) -> str:
        return self.number


class NotificationsIdempotency(IdempotencyRecord):
    """The keys of the notifications' own POSTs: they move with its rows (R7)."""

    class Meta(IdempotencyRecord.Meta):
        db_table = "notifications_idempotency"


class NotificationsCommand(CommandRecord):
    """What the commands of the contract returned: a repeat finds it in either home (R13)."""

    class Meta(CommandRecord.Meta):
        db_table = "notifications_command"


class NotificationsOutbox(OutboxEvent):
    """What the notifications say has happened."""

    class Meta(OutboxEvent.Meta):
        db_table = "notifications_outbox"


class NotificationsOutboxCopy(OutboxCopy):
    """Its events, one row for each subscriber."""

    class Meta(OutboxCopy.Meta):
        db_table = "notifications_outbox_copy"
        indexes: ClassVar = [  # as everywhere, but that Django takes no name of more than 30 characters
            *OutboxCopy.Meta.indexes[:1],
            models.Index(
                fields=["subscriber", "aggregate", "sequence"],
                condition=Q(confirmed_at__isnull=True),
                name="notifications_copy_order",
            ),
        ]


class NotificationsOutboxStream(OutboxStream):
    """How far each notification's events have come."""

    class Meta(OutboxStream.Meta):
        db_table = "notifications_outbox_stream"


class NotificationsInbox(InboxMessage):
    """What has had its effect: others' events, and ticks of the clock."""

    class Meta(InboxMessage.Meta):
        db_table = "notifications_inbox"


class NotificationsInboxCursor(InboxCursor):
    """How far each stream of others' events was handled."""

    class Meta(InboxCursor.Meta):
        db_table = "notifications_inbox_cursor"
