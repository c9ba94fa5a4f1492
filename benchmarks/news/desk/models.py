"""The publisher's rows; `Plain` is what an outbox written by hand consists of."""

import uuid

from django.db import models
from django.utils import timezone

from strangler.events.records import OutboxCopy, OutboxEvent, OutboxStream


class Row(models.Model):
    """What a transaction is for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    story = models.CharField(max_length=100)
    number = models.IntegerField()

    class Meta:
        db_table = "desk_row"

    def __str__(self) -> str:
        return self.story


class Plain(models.Model):
    """A row for each event, sent in the order of its numbers, by one sender."""

    topic = models.CharField(max_length=100)
    payload = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "desk_plain"
        indexes = [models.Index(fields=["id"], condition=models.Q(sent_at__isnull=True), name="desk_plain_unsent")]

    def __str__(self) -> str:
        return self.topic


class DeskOutboxEvent(OutboxEvent):
    class Meta(OutboxEvent.Meta):
        db_table = "desk_outbox"


class DeskOutboxCopy(OutboxCopy):
    class Meta(OutboxCopy.Meta):
        db_table = "desk_outbox_copy"


class DeskOutboxStream(OutboxStream):
    class Meta(OutboxStream.Meta):
        db_table = "desk_outbox_stream"
