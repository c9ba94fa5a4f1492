"""
The users' tables.

Ids are made in the application and nothing relies on a sequence: rows can move. A customer is no user of Django's.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from monolith.kernel.ids import uuid7
from monolith.kernel.words import choices
from monolith.users.contract import CustomerStatus as Status
from monolith.users.contract import Purpose
from monolith.users.domain import Role
from strangler.events.records import InboxCursor, InboxMessage, OutboxCopy, OutboxEvent, OutboxStream
from strangler.hosting.rest.history import StatusHistory
from strangler.hosting.rest.records import IdempotencyRecord

_STATUSES = choices(Status)
_PURPOSES = choices(Purpose)


def _every_customer() -> list[str]:
    return [Role.CUSTOMER.value]


class Customer(models.Model):
    """
    Somebody's account.

    Attributes:
        email: as it was given; its case tells nobody apart.
        password: hashed, or what no password matches.
        failed_logins: wrong passwords since the last right one.
        locked_until: when a lock ends by itself; null beside `locked`: when staff says so.
        version: grows with what others are shown.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.CharField(max_length=254)
    email_verified_at = models.DateTimeField(null=True, editable=False)
    phone = models.CharField(max_length=32, blank=True, default="")
    password = models.CharField(max_length=128, editable=False)
    first_name = models.CharField(max_length=100, blank=True, default="")
    last_name = models.CharField(max_length=100, blank=True, default="")
    status = models.CharField(max_length=16, choices=_STATUSES, default=Status.PENDING.value)
    roles = models.JSONField(default=_every_customer)
    failed_logins = models.PositiveIntegerField(default=0, editable=False)
    locked_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_login_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        db_table = "users_customer"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="users_customer_email_unique"),
            models.CheckConstraint(condition=Q(status__in=[s.value for s in Status]), name="users_customer_status"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at", "id"], name="users_customer_by_age"),
            models.Index(
                fields=["locked_until"],
                condition=Q(status=Status.LOCKED.value, locked_until__isnull=False),
                name="users_customer_unlock_due",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def name(self) -> str:
        """What to greet somebody by."""
        return self.first_name or self.email


class Address(models.Model):
    """Where something is sent; at most one is the default of each kind."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="addresses")
    label = models.CharField(max_length=50, blank=True, default="")
    line1 = models.CharField(max_length=200)
    line2 = models.CharField(max_length=200, blank=True, default="")
    city = models.CharField(max_length=100)
    region = models.CharField(max_length=100, blank=True, default="")
    postal_code = models.CharField(max_length=20, blank=True, default="")
    country = models.CharField(max_length=2)
    is_default_shipping = models.BooleanField(default=False)
    is_default_billing = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        db_table = "users_address"
        ordering: ClassVar = ["created_at", "id"]
        verbose_name_plural = "addresses"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(is_default_shipping=True), name="users_address_one_shipping"
            ),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(is_default_billing=True), name="users_address_one_billing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line1}, {self.city}"


class RefreshToken(models.Model):
    """
    One link of a session: it is used once and replaced by the next of its family.

    Attributes:
        id: the token's `jti`; *family* is the session that its access tokens name as `sid`.
        token_sha256: all that is kept of the token.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="refresh_tokens")
    family = models.UUIDField(db_index=True)
    token_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    user_agent = models.CharField(max_length=300, blank=True, default="")
    ip = models.CharField(max_length=45, blank=True, default="")

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        db_table = "users_refresh_token"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["token_sha256"], name="users_refresh_token_unique")]

    def __str__(self) -> str:
        return f"{self.id} of {self.family}"


class OneTimeToken(models.Model):
    """
    What a message carries to somebody, to be used once.

    Attributes:
        id: by which the message's writer asks for the token.
        email: the address that it was sent to, and so proves.
        token_sha256: all that is kept of the token.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="one_time_tokens")
    purpose = models.CharField(max_length=16, choices=_PURPOSES)
    email = models.CharField(max_length=254)
    token_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        db_table = "users_one_time_token"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["token_sha256"], name="users_one_time_token_unique"),
            models.UniqueConstraint(fields=["customer", "purpose"], name="users_one_time_token_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.email}"


class CustomerStatusHistory(StatusHistory):
    """How an account came to its status: who, when, why."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="status_history")
    from_status = models.CharField(max_length=16, choices=_STATUSES)
    to_status = models.CharField(max_length=16, choices=_STATUSES)

    class Meta(StatusHistory.Meta):
        db_table = "users_customer_status_history"


class UsersIdempotency(IdempotencyRecord):
    """The keys of the users' own POSTs: they move with its rows (R7)."""

    class Meta(IdempotencyRecord.Meta):
        db_table = "users_idempotency"


class UsersOutbox(OutboxEvent):
    """What the users say has happened."""

    class Meta(OutboxEvent.Meta):
        db_table = "users_outbox"


class UsersOutboxCopy(OutboxCopy):
    """Its events, one row for each subscriber."""

    class Meta(OutboxCopy.Meta):
        db_table = "users_outbox_copy"


class UsersOutboxStream(OutboxStream):
    """How far each account's events have come."""

    class Meta(OutboxStream.Meta):
        db_table = "users_outbox_stream"


class UsersInbox(InboxMessage):
    """What has had its effect: ticks of the clock."""

    class Meta(InboxMessage.Meta):
        db_table = "users_inbox"


class UsersInboxCursor(InboxCursor):
    """How far each stream of others' events was handled."""

    class Meta(InboxCursor.Meta):
        db_table = "users_inbox_cursor"
