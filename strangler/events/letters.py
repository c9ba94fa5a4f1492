"""
Events on their way, one letter for each place where one lies: looking at them, and mending what stands still.

A letter is a copy in its publisher's outbox, or a message in its subscriber's inbox. Only the owner's rows say what is
true, so whoever looks asks for ownership first; whoever mends asserts it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from strangler.events import waking
from strangler.events.catalogue import inbox_of, needed_inbox, needed_outbox, outbox_of
from strangler.events.envelope import unseal
from strangler.events.inbox import EVENTS
from strangler.events.records import aggregate_of, stream_of
from strangler.fence import own_connection, owning

Side = Literal["outbox", "inbox"]
Place = tuple[datetime, UUID]
"""Where a letter stands in a list: oldest first."""
_DEAD = Q(dead_at__isnull=False)
_OPEN = {"outbox": Q(confirmed_at__isnull=True), "inbox": Q(handled_at__isnull=True, consumer=EVENTS)}
_PARKED = Q(dead_at__isnull=True, available_at__isnull=True)


@dataclass(frozen=True, slots=True)
class Letter:
    """
    One event at one place of its way.

    Attributes:
        capability: whose outbox or inbox it lies in.
        previous: the sequence of the event that the subscriber must have handled before.
        state: in an outbox `pending`, `dead`, `confirmed`; in an inbox `due`, `parked`, `dead`, `handled`; in both
            `skipped`, when a person decided so and it is done.
        since: when it came to this place.
        next_attempt_at: None when nobody will try by itself.
        ended_at: when it was confirmed or handled.
        note: the last error, or what a person has noted.
    """

    id: UUID
    side: Side
    capability: str
    event_id: str
    type: str
    publisher: str
    subscriber: str
    aggregate: str
    sequence: int
    previous: int
    state: str
    since: datetime
    attempts: int
    next_attempt_at: datetime | None
    dead_at: datetime | None
    ended_at: datetime | None
    note: str

    @property
    def is_open(self) -> bool:
        """Whether it has not had its effect here."""
        return self.ended_at is None


class Content(NamedTuple):
    """
    What an event says, whichever place it was read from.

    Attributes:
        origin: trace, correlation and cause, where they are known.
    """

    event_id: str
    type: str
    publisher: str
    aggregate: str
    sequence: int
    happened_at: datetime
    payload: Any
    origin: Mapping[str, str]


# -- reading ----------------------------------------------------------------------------------------------------


def letters(capability: str, state: str, *, after: Place | None = None, limit: int) -> list[Letter]:
    """
    Return what is open in a capability's outbox and inbox, oldest first.

    Args:
        state: `dead`, `parked`, `pending` (somebody will try again), `all` of these, or `attention`: what is dead, and
            what is parked behind it.
        after: the place of the last letter that the caller has.
    """
    found: list[Letter] = []
    if outbox_of(capability):
        found += _copies(capability, _wanted(capability, "outbox", state), after, limit)
    if inbox_of(capability):
        found += _messages(capability, _wanted(capability, "inbox", state), after, limit)
    return sorted(found, key=place_of)[:limit]


def place_of(letter: Letter) -> Place:
    """Return where a letter stands in a list."""
    return letter.since, letter.id


def lying_at(capability: str, event_id: str) -> list[Letter]:
    """Return the letters of one event in a capability's outbox and inbox, done or not."""
    return [
        *_copies(capability, Q(event_id=event_id)),
        *_messages(capability, Q(event_id=event_id, consumer=EVENTS)),
    ]


def behind(letter: Letter, limit: int) -> list[Letter]:
    """Return what cannot be handled before *letter* is, as far as this place knows; in order."""
    if letter.side == "outbox":
        later = Q(subscriber=letter.subscriber, aggregate=letter.aggregate, sequence__gt=letter.sequence)
        return list(_copies(letter.capability, later, limit=limit, order=("sequence",)))
    return list(_messages(letter.capability, _later_messages(letter), limit=limit, order=("sequence",)))


def count_behind(letter: Letter) -> int:
    """Return how many that are."""
    if letter.side == "outbox":
        later = Q(subscriber=letter.subscriber, aggregate=letter.aggregate, sequence__gt=letter.sequence)
        return int(_rows(letter.capability, "outbox").filter(later).count())
    return int(_rows(letter.capability, "inbox").filter(_later_messages(letter)).count())


def handled_up_to(letter: Letter) -> int:
    """Return the sequence up to which the subscriber of a letter in an inbox has handled its stream."""
    cursors = needed_inbox(letter.capability).cursor.objects.using(own_connection(letter.capability).alias)
    stream = stream_of(letter.publisher, letter.aggregate)
    return int(cursors.filter(stream=stream).values_list("sequence", flat=True).first() or 0)


def blocker_of(letter: Letter) -> Letter | None:
    """Return what a parked letter waits for in the end; None when that has not come to its inbox."""
    before = _OPEN["inbox"] & ~_PARKED & Q(stream=stream_of(letter.publisher, letter.aggregate))
    found = _messages(letter.capability, before & Q(sequence__lt=letter.sequence), limit=1, order=("sequence",))
    return next(found, None)


def content_of(capability: str, event_id: str) -> Content | None:
    """Return what an event says, from the outbox or the inbox of a capability; None when neither has it."""
    return _published(capability, event_id) or _received(capability, event_id)


def _published(capability: str, event_id: str) -> Content | None:
    outbox = outbox_of(capability)
    rows = outbox.event.objects.using(own_connection(capability).alias).filter(id=event_id) if outbox else ()
    for event in rows:
        return Content(
            event_id,
            event.type,
            capability,
            aggregate_of(event.aggregate_type, event.aggregate_id),
            event.sequence,
            event.created_at,
            json.loads(event.payload),
            json.loads(event.headers),
        )
    return None


def _received(capability: str, event_id: str) -> Content | None:
    rows = _rows(capability, "inbox").filter(event_id=event_id, consumer=EVENTS) if inbox_of(capability) else ()
    for row in rows:
        envelope = unseal(row.envelope)
        origin = {name: getattr(envelope, name) for name in ("traceparent", "correlationid", "causationid")}
        return Content(
            event_id,
            envelope.type,
            envelope.publisher,
            envelope.aggregate,
            envelope.number,
            envelope.time,
            json.loads(bytes(envelope.data)),
            {name: value for name, value in origin.items() if value},
        )
    return None


def _wanted(capability: str, side: Side, state: str) -> Q:
    alive = Q(dead_at__isnull=True)
    nothing = Q(pk__in=[])
    if state == "all":
        return _OPEN[side]
    if state == "dead":
        return _OPEN[side] & _DEAD
    if side == "outbox":
        return _OPEN[side] & {"pending": alive, "attention": _DEAD}.get(state, nothing)
    if state == "attention":
        return _OPEN[side] & (_DEAD | _PARKED & Q(stream__in=_dead_streams(capability)))
    return _OPEN[side] & {"parked": _PARKED, "pending": alive & Q(available_at__isnull=False)}[state]


def _dead_streams(capability: str) -> QuerySet[Any]:
    dead: QuerySet[Any] = _rows(capability, "inbox").filter(_OPEN["inbox"] & _DEAD).values("stream")
    return dead


def _later_messages(letter: Letter) -> Q:
    stream = stream_of(letter.publisher, letter.aggregate)
    return _OPEN["inbox"] & Q(stream=stream, sequence__gt=letter.sequence)


def _rows(capability: str, side: Side) -> Any:
    table = needed_outbox(capability).copy if side == "outbox" else needed_inbox(capability).message
    return table.objects.using(own_connection(capability).alias)


def _page(rows: Any, by: str, after: Place | None, limit: int | None, order: Sequence[str]) -> Any:
    if after:
        rows = rows.filter(Q(**{f"{by}__gt": after[0]}) | Q(**{by: after[0], "id__gt": after[1]}))
    return rows.order_by(*(order or (by, "id")))[:limit]


def _copies(
    capability: str, wanted: Q, after: Place | None = None, limit: int | None = None, order: Sequence[str] = ()
) -> Iterator[Letter]:
    outbox = outbox_of(capability)
    if outbox is None:
        return
    rows = list(_page(_rows(capability, "outbox").filter(wanted), "created_at", after, limit, order))
    events = outbox.event.objects.using(own_connection(capability).alias).in_bulk({row.event_id for row in rows})
    for row in rows:
        event = events.get(row.event_id)
        if event is None:  # purged between the two looks
            continue
        headers = json.loads(event.headers)
        skipped = row.subscriber in headers.get("skippedfor", "").split(",")
        pending = "dead" if row.dead_at else "pending"
        yield Letter(
            id=row.id,
            side="outbox",
            capability=capability,
            event_id=str(row.event_id),
            type=event.type,
            publisher=capability,
            subscriber=row.subscriber,
            aggregate=row.aggregate,
            sequence=row.sequence,
            previous=row.previous,
            state=("skipped" if skipped else "confirmed") if row.confirmed_at else pending,
            since=row.created_at,
            attempts=row.attempts,
            next_attempt_at=row.available_at if pending == "pending" and not row.confirmed_at else None,
            dead_at=row.dead_at,
            ended_at=row.confirmed_at,
            note=row.last_error or (headers["skipped"] if skipped else ""),
        )


def _messages(
    capability: str, wanted: Q, after: Place | None = None, limit: int | None = None, order: Sequence[str] = ()
) -> Iterator[Letter]:
    if inbox_of(capability) is None:
        return
    for row in _page(_rows(capability, "inbox").filter(wanted), "received_at", after, limit, order):
        waiting = "dead" if row.dead_at else "due" if row.available_at else "parked"
        publisher, _, aggregate = row.stream.partition(":")
        yield Letter(
            id=row.id,
            side="inbox",
            capability=capability,
            event_id=row.event_id,
            type=row.type,
            publisher=publisher,
            subscriber=capability,
            aggregate=aggregate,
            sequence=row.sequence,
            previous=row.previous,
            state=("skipped" if row.last_error else "handled") if row.handled_at else waiting,
            since=row.received_at,
            attempts=row.attempts,
            next_attempt_at=row.available_at if waiting == "due" and not row.handled_at else None,
            dead_at=row.dead_at,
            ended_at=row.handled_at,
            note=row.last_error,
        )


# -- mending ----------------------------------------------------------------------------------------------------


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
    chosen = _DEAD if event_ids is None else Q(event_id__in=list(event_ids))
    with owning(capability):
        if outbox_of(capability):
            whose = Q(subscriber=subscriber) if subscriber else Q()
            count += _rows(capability, "outbox").filter(_OPEN["outbox"] & chosen & whose).update(**fresh)
        if inbox_of(capability) and subscriber in (None, capability):
            tried = chosen & ~_PARKED
            count += _rows(capability, "inbox").filter(_OPEN["inbox"] & tried).update(**fresh)
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
    dead = _rows(letter.capability, "outbox").filter(_OPEN["outbox"] & _DEAD, id=letter.id)
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
    rows = _rows(letter.capability, "inbox").filter(_OPEN["inbox"])
    rows.filter(id=letter.id).update(handled_at=now, available_at=None, dead_at=None, last_error=note)
    rows.filter(_PARKED, stream=stream, previous=letter.sequence).update(available_at=now)
    return True
