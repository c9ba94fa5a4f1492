from __future__ import annotations

import uuid

from django.db import models

from strangler.events.records import OutboxCopy, OutboxEvent, OutboxStream
from strangler.hosting.rest.records import IdempotencyRecord


class Note(models.Model):
    """What was asked for; nothing keeps a repeat from writing it twice but the idempotency key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    aggregate = models.CharField(max_length=100)
    n = models.BigIntegerField()

    class Meta:
        db_table = "press_note"

    def __str__(self) -> str:
        return f"{self.aggregate}/{self.n}"


class PressIdempotency(IdempotencyRecord):
    class Meta(IdempotencyRecord.Meta):
        db_table = "press_idempotency"


class PressOutboxEvent(OutboxEvent):
    class Meta(OutboxEvent.Meta):
        db_table = "press_outbox"


class PressOutboxCopy(OutboxCopy):
    class Meta(OutboxCopy.Meta):
        db_table = "press_outbox_copy"


class PressOutboxStream(OutboxStream):
    class Meta(OutboxStream.Meta):
        db_table = "press_outbox_stream"
