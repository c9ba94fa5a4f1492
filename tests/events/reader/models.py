from __future__ import annotations

import uuid

from django.db import models

from strangler.events.records import InboxCursor, InboxMessage


class Effect(models.Model):
    """
    One run of the handler that committed.

    Attributes:
        before: how many effects of the aggregate were there already.
        at: by the clock of the process that had it.
        home: where.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    aggregate = models.CharField(max_length=100, db_index=True)
    n = models.BigIntegerField()
    before = models.BigIntegerField()
    at = models.DateTimeField()
    home = models.CharField(max_length=16)

    class Meta:
        db_table = "reader_effect"

    def __str__(self) -> str:
        return f"{self.aggregate}/{self.n}"


class Poison(models.Model):
    """A note that the handler cannot stomach as long as this row is there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    aggregate = models.CharField(max_length=100)
    n = models.BigIntegerField()

    class Meta:
        db_table = "reader_poison"

    def __str__(self) -> str:
        return f"{self.aggregate}/{self.n}"


class ReaderInboxMessage(InboxMessage):
    class Meta(InboxMessage.Meta):
        db_table = "reader_inbox"


class ReaderInboxCursor(InboxCursor):
    class Meta(InboxCursor.Meta):
        db_table = "reader_inbox_cursor"
