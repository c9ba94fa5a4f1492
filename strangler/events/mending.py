"""Mending what stands still: letters that are tried again, or that a person decides to do without."""

from __future__ import annotations

import json
from collections.abc import Collection

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from strangler.events import waking
from strangler.events.catalogue import inbox_of, needed_inbox, needed_outbox, outbox_of
from strangler.events.letters import DEAD, OPEN, PARKED, Letter, rows_of
from strangler.events.records import stream_of
from strangler.fence import own_connection, owning


def replay(capability: str, event_ids: Collection[str] | None, note: str, *, subscriber: str | None = None) -> int:
    """
    Let letters be tried again now, as if for the first time.

    Args:
        event_ids: dead or failing ones; None for all that are dead.
        note: who wants it, and why; it stands with the letter until the next attempt has ended.
        subscriber: only its letters.

    Returns:
        How many that are.

    Raises:
        Moved: another home owns the rows.
    """
    count = 0
    fresh = {"dead_at": None, "attempts": 0, "available_at": timezone.now(), "last_error": note}
    chosen = DEAD if event_ids is None else Q(event_id__in=list(event_ids))
    with owning(capability):
        if outbox_of(capability):
            whose = Q(subscriber=subscriber) if subscriber else Q()
            count += rows_of(capability, "outbox").filter(OPEN["outbox"] & chosen & whose).update(**fresh, refusals=0)
        if inbox_of(capability) and subscriber in (None, capability):
            tried = chosen & ~PARKED
            count += rows_of(capability, "inbox").filter(OPEN["inbox"] & tried).update(**fresh)
        transaction.on_commit(waking.wake, using=own_connection(capability).alias)
    return count


def skip(letter: Letter, note: str) -> bool:
    """
    Let a subscriber do without an event, for good; what waits behind it goes on.

    In an inbox the stream's cursor passes over it. A copy that its subscriber refuses is sent once more, with the word
    that it is to be passed over: the subscriber alone moves its cursor, whatever else is on its way (ADR 0019).

    Returns:
        False when it is not as *letter* says any more; then nothing was changed.

    Raises:
        Moved: another home owns the rows.
    """
    with owning(letter.capability):
        done = _skip_copy(letter, note) if letter.side == "outbox" else _skip_message(letter, note)
        transaction.on_commit(waking.wake, using=own_connection(letter.capability).alias)
    return done


def _skip_copy(letter: Letter, note: str) -> bool:
    using = own_connection(letter.capability).alias
    event = needed_outbox(letter.capability).event.objects.using(using).select_for_update().get(id=letter.event_id)
    dead = rows_of(letter.capability, "outbox").filter(OPEN["outbox"] & DEAD, id=letter.id)
    if not dead.update(dead_at=None, attempts=0, refusals=0, available_at=timezone.now(), last_error=note):
        return False
    headers = json.loads(event.headers)
    names = {*headers.get("skippedfor", "").split(","), letter.subscriber} - {""}
    event.headers = json.dumps(headers | {"skippedfor": ",".join(sorted(names)), "skipped": note})
    event.save(update_fields=["headers"])
    return True


def _skip_message(letter: Letter, note: str) -> bool:
    """Cursor first, as everybody who handles an event does."""
    now, stream = timezone.now(), stream_of(letter.publisher, letter.aggregate)
    cursors = needed_inbox(letter.capability).cursor.objects.using(own_connection(letter.capability).alias)
    if not cursors.filter(stream=stream, sequence=letter.previous).update(sequence=letter.sequence):
        return False
    rows = rows_of(letter.capability, "inbox").filter(OPEN["inbox"])
    rows.filter(id=letter.id).update(handled_at=now, available_at=None, dead_at=None, last_error=note)
    rows.filter(PARKED, stream=stream, previous=letter.sequence).update(available_at=now)
    return True
