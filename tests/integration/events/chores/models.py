from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from strangler.events.records import InboxCursor, InboxMessage


class Effect(models.Model):
    """
    One run of a task that committed.

    Attributes:
        home: where.
        hops: how often the task had been handed over.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    what = models.CharField(max_length=100)
    task_id = models.CharField(max_length=100)
    home = models.CharField(max_length=16)
    hops = models.IntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "chores_effect"

    def __str__(self) -> str:
        return f"{self.what} at {self.home}"


class ChoresInboxMessage(InboxMessage):
    class Meta(InboxMessage.Meta):
        db_table = "chores_inbox"


class ChoresInboxCursor(InboxCursor):
    class Meta(InboxCursor.Meta):
        db_table = "chores_inbox_cursor"
