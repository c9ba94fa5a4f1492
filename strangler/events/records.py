"""
The tables behind events, apart from the machinery, so that models can import them.

An app adds one concrete table of each that it needs, which moves with its rows (R7). Ids are made in the application
and no sequence of a database is used.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from strangler.contract.event import NAME_LENGTH_MAX

ID_LENGTH_MAX = 255
AGGREGATE_LENGTH_MAX = NAME_LENGTH_MAX + 1 + ID_LENGTH_MAX
STREAM_LENGTH_MAX = NAME_LENGTH_MAX + 1 + AGGREGATE_LENGTH_MAX
_UNCONFIRMED = Q(confirmed_at__isnull=True, dead_at__isnull=True)
_UNHANDLED = Q(handled_at__isnull=True, dead_at__isnull=True)


def aggregate_of(aggregate_type: str, aggregate_id: str) -> str:
    """Return the name of an aggregate among all of its publisher."""
    return f"{aggregate_type}:{aggregate_id}"


def stream_of(publisher: str, aggregate: str) -> str:
    """Return the name of what a subscriber gets of one aggregate, in order."""
    return f"{publisher}:{aggregate}"


class OutboxEvent(models.Model):
    """
    Something that has happened; the row commits with it.

    Attributes:
        sequence: counts the events of its aggregate, from 1 and without gaps.
        payload: JSON, as the contract encodes it.
        headers: JSON object of text: trace context, correlation and cause.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    aggregate_type = models.CharField(max_length=NAME_LENGTH_MAX)
    aggregate_id = models.CharField(max_length=ID_LENGTH_MAX)
    sequence = models.BigIntegerField()
    type = models.CharField(max_length=NAME_LENGTH_MAX)
    payload = models.TextField()
    headers = models.TextField(default="{}")
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["aggregate_type", "aggregate_id", "sequence"], name="%(app_label)s_outbox_order"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="%(app_label)s_outbox_by_age")]


class OutboxCopy(models.Model):
    """
    One event for one subscriber.

    Attributes:
        previous: the sequence of the event of this aggregate that the subscriber got before; 0 for its first.
        available_at: not to be published before.
        published_at: when it was first handed on.
        attempts: how often it was sent; *refusals* how often its subscriber said that it cannot take it.
        confirmed_at: when the subscriber said that it has it for good.
        dead_at: when it was given up, because the subscriber refuses it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event_id = models.UUIDField()
    subscriber = models.CharField(max_length=NAME_LENGTH_MAX)
    aggregate = models.CharField(max_length=AGGREGATE_LENGTH_MAX)
    sequence = models.BigIntegerField()
    previous = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    available_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    refusals = models.PositiveIntegerField(default=0)
    published_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    last_error = models.TextField(default="")

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event_id", "subscriber"], name="%(app_label)s_outbox_copy_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["available_at"], condition=_UNCONFIRMED, name="%(app_label)s_outbox_copy_due"),
            models.Index(
                fields=["subscriber", "aggregate", "sequence"],
                condition=Q(confirmed_at__isnull=True),
                name="%(app_label)s_outbox_copy_order",
            ),
        ]


class OutboxStream(models.Model):
    """
    How far one aggregate has come.

    Attributes:
        sequence: of its last event.
        given: JSON object: subscriber to the sequence of the last event that it was given.
    """

    aggregate = models.CharField(primary_key=True, max_length=AGGREGATE_LENGTH_MAX)
    sequence = models.BigIntegerField()
    given = models.TextField(default="{}")

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        abstract = True


class InboxMessage(models.Model):
    """
    An event that this subscriber has, or something else that must have its effect once: a task, a tick.

    Attributes:
        consumer: `events`, or the name of a task.
        event_id: of the event, or the key of the task's run.
        stream: publisher and aggregate, in which order counts.
        previous: the sequence that must have been handled before.
        envelope: the event as it came, JSON.
        available_at: not to be handled before; null while it waits for its predecessor.
        dead_at: when it was given up, because its handler fails; what follows in its stream waits.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    consumer = models.CharField(max_length=NAME_LENGTH_MAX)
    event_id = models.CharField(max_length=ID_LENGTH_MAX)
    type = models.CharField(max_length=NAME_LENGTH_MAX, default="")
    stream = models.CharField(max_length=STREAM_LENGTH_MAX, default="")
    sequence = models.BigIntegerField(default=0)
    previous = models.BigIntegerField(default=0)
    envelope = models.TextField(default="")
    received_at = models.DateTimeField(default=timezone.now)
    available_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    handled_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    last_error = models.TextField(default="")

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["consumer", "event_id"], name="%(app_label)s_inbox_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["available_at"], condition=_UNHANDLED, name="%(app_label)s_inbox_due"),
            models.Index(
                fields=["stream", "previous"],
                condition=Q(handled_at__isnull=True),
                name="%(app_label)s_inbox_order",
            ),
            models.Index(fields=["handled_at"], name="%(app_label)s_inbox_by_age"),
        ]


class InboxCursor(models.Model):
    """How far this subscriber has handled one stream; its change commits with the handler's effect."""

    stream = models.CharField(primary_key=True, max_length=STREAM_LENGTH_MAX)
    sequence = models.BigIntegerField()

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        abstract = True
