"""The subscriber's rows; `PlainSeen` is what an inbox written by hand consists of."""

from django.db import models

from strangler.events.records import InboxCursor, InboxMessage


class Heard(models.Model):
    """The effect of an event."""

    story = models.CharField(max_length=100)
    number = models.IntegerField()

    class Meta:
        db_table = "reader_heard"

    def __str__(self) -> str:
        return self.story


class PlainSeen(models.Model):
    """An event that had its effect."""

    event_id = models.BigIntegerField(primary_key=True)

    class Meta:
        db_table = "reader_plain_seen"

    def __str__(self) -> str:
        return str(self.event_id)


class ReaderInboxMessage(InboxMessage):
    class Meta(InboxMessage.Meta):
        db_table = "reader_inbox"


class ReaderInboxCursor(InboxCursor):
    class Meta(InboxCursor.Meta):
        db_table = "reader_inbox_cursor"
