"""
Events on their way, one letter for each place where one lies.

A letter is a copy in its publisher's outbox, or a message in its subscriber's inbox. Only the owner's rows say what is
true, so whoever looks asks for ownership first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from strangler.events.catalogue import inbox_of, needed_inbox, needed_outbox, outbox_of
from strangler.events.envelope import unseal
from strangler.events.inbox import EVENTS
from strangler.events.records import aggregate_of, stream_of
from strangler.fence import own_connection

Side = Literal["outbox", "inbox"]
Place = tuple[datetime, UUID]
"""Where a letter stands in a list: oldest first."""
DEAD = Q(dead_at__isnull=False)
OPEN = {"outbox": Q(confirmed_at__isnull=True), "inbox": Q(handled_at__isnull=True, consumer=EVENTS)}
PARKED = Q(dead_at__isnull=True, available_at__isnull=True)


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
        return int(rows_of(letter.capability, "outbox").filter(later).count())
    return int(rows_of(letter.capability, "inbox").filter(_later_messages(letter)).count())


def handled_up_to(letter: Letter) -> int:
    """Return the sequence up to which the subscriber of a letter in an inbox has handled its stream."""
    cursors = needed_inbox(letter.capability).cursor.objects.using(own_connection(letter.capability).alias)
    stream = stream_of(letter.publisher, letter.aggregate)
    return int(cursors.filter(stream=stream).values_list("sequence", flat=True).first() or 0)


def blocker_of(letter: Letter) -> Letter | None:
    """Return what a parked letter waits for in the end; None when that has not come to its inbox."""
    before = OPEN["inbox"] & ~PARKED & Q(stream=stream_of(letter.publisher, letter.aggregate))
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
    rows = rows_of(capability, "inbox").filter(event_id=event_id, consumer=EVENTS) if inbox_of(capability) else ()
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
        return OPEN[side]
    if state == "dead":
        return OPEN[side] & DEAD
    if side == "outbox":
        return OPEN[side] & {"pending": alive, "attention": DEAD}.get(state, nothing)
    if state == "attention":
        return OPEN[side] & (DEAD | PARKED & Q(stream__in=_dead_streams(capability)))
    return OPEN[side] & {"parked": PARKED, "pending": alive & Q(available_at__isnull=False)}[state]


def _dead_streams(capability: str) -> QuerySet[Any]:
    dead: QuerySet[Any] = rows_of(capability, "inbox").filter(OPEN["inbox"] & DEAD).values("stream")
    return dead


def _later_messages(letter: Letter) -> Q:
    stream = stream_of(letter.publisher, letter.aggregate)
    return OPEN["inbox"] & Q(stream=stream, sequence__gt=letter.sequence)


def rows_of(capability: str, side: Side) -> Any:
    """Return the table in which the letters of one side lie."""
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
    rows = list(_page(rows_of(capability, "outbox").filter(wanted), "created_at", after, limit, order))
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
    for row in _page(rows_of(capability, "inbox").filter(wanted), "received_at", after, limit, order):
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
