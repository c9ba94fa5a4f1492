"""
The publisher's side: events written with what they tell of, and what becomes of their copies.

The row of an aggregate's stream is locked before anything else, so its events get their sequence in the order in which
their transactions commit. Each copy says what its subscriber got before (R15), whatever it subscribed to meanwhile.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from strangler.conf import get_conf
from strangler.contract import EventType, event_type_of
from strangler.events import chain, waking
from strangler.events.backoff import backoff
from strangler.events.catalogue import Outbox, needed_outbox, subscribers_of
from strangler.events.envelope import seal
from strangler.events.records import ID_LENGTH_MAX, OutboxCopy, OutboxEvent, OutboxStream, aggregate_of
from strangler.fence import own_connection, owning

_RETRY_S = 0.2
PAYLOAD_BYTES_MAX = 256 << 10


class _Draft(NamedTuple):
    kind: EventType
    aggregate_id: str
    happened: object

    @property
    def aggregate(self) -> str:
        return aggregate_of(self.kind.aggregate, self.aggregate_id)


class Sent(NamedTuple):
    """A copy that is to be handed on: its row's id, its event's and the envelope."""

    copy_id: UUID
    event_id: str
    subscriber: str
    envelope: str


def publish(*happened: object) -> None:
    """
    Record events in the transaction that makes them true; subscribers get them after it has committed.

    Args:
        happened: payloads of declared events, in the order in which they happened.

    Raises:
        TransactionManagementError: there is no transaction on the publisher's database.
        Moved: another home owns the rows.
        WireError: a payload cannot cross a border.
        ValueError: a payload or the id of its aggregate is too long.
    """
    by_capability: dict[str, list[_Draft]] = defaultdict(list)
    for one in happened:
        kind = event_type_of(type(one))
        by_capability[kind.capability].append(_Draft(kind, _id_of(kind, one), one))
    for capability, drafts in by_capability.items():
        _record(capability, drafts)


def _id_of(kind: EventType, happened: object) -> str:
    aggregate_id = kind.aggregate_id(happened)
    if not 0 < len(aggregate_id) <= ID_LENGTH_MAX:
        raise ValueError(f"{kind.name}: {kind.key} must have 1 to {ID_LENGTH_MAX} characters, not {len(aggregate_id)}.")
    return aggregate_id


def _record(capability: str, drafts: Sequence[_Draft]) -> None:
    connection = own_connection(capability)
    if not connection.in_atomic_block:
        names = ", ".join(sorted({draft.kind.name for draft in drafts}))
        raise transaction.TransactionManagementError(
            f"{names} must be published inside the transaction of {connection.alias!r} that makes it true."
        )
    outbox, now, headers = needed_outbox(capability), timezone.now(), json.dumps(chain.headers())
    streams = _advance(connection, outbox, Counter(draft.aggregate for draft in drafts))
    before = {aggregate: stream.given for aggregate, stream in streams.items()}
    events: list[OutboxEvent] = []
    copies: list[OutboxCopy] = []
    for draft in drafts:
        stream = streams[draft.aggregate]
        stream.sequence += 1
        payload = draft.kind.encode(draft.happened)
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise ValueError(f"{draft.kind.name} has {len(payload)} bytes; an event has at most {PAYLOAD_BYTES_MAX}.")
        event = outbox.event(
            aggregate_type=draft.kind.aggregate,
            aggregate_id=draft.aggregate_id,
            sequence=stream.sequence,
            type=draft.kind.name,
            payload=payload.decode(),
            headers=headers,
            created_at=now,
        )
        events.append(event)
        copies.extend(_copies(outbox, draft, event, stream))
    outbox.event.objects.using(connection.alias).bulk_create(events)
    if copies:
        outbox.copy.objects.using(connection.alias).bulk_create(copies)
        changed = [s for aggregate, s in streams.items() if s.given != before[aggregate]]
        outbox.stream.objects.using(connection.alias).bulk_create(
            changed, update_conflicts=True, unique_fields=["aggregate"], update_fields=["given"]
        )
        transaction.on_commit(waking.wake, using=connection.alias)


def _advance(connection: BaseDatabaseWrapper, outbox: Outbox, counts: Counter[str]) -> dict[str, OutboxStream]:
    """Lock the streams, in one order, count them up, and return them as they were before."""
    table = connection.ops.quote_name(outbox.stream._meta.db_table)
    found: dict[str, OutboxStream] = {}
    values = sorted(counts.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (aggregate, sequence, given) VALUES {', '.join(['(%s, %s, %s)'] * len(values))}"
            f" ON CONFLICT (aggregate) DO UPDATE SET sequence = {table}.sequence + excluded.sequence"
            " RETURNING aggregate, sequence, given",
            [part for aggregate, count in values for part in (aggregate, count, "{}")],
        )
        for aggregate, sequence, given in cursor.fetchall():
            found[aggregate] = outbox.stream(aggregate=aggregate, sequence=sequence - counts[aggregate], given=given)
    return found


def _copies(outbox: Outbox, draft: _Draft, event: OutboxEvent, stream: OutboxStream) -> list[OutboxCopy]:
    subscribers = subscribers_of(draft.kind.capability, event.type)
    if not subscribers:
        return []
    given = json.loads(stream.given)
    copies = [
        outbox.copy(
            event_id=event.id,
            subscriber=subscriber,
            aggregate=draft.aggregate,
            sequence=event.sequence,
            previous=given.get(subscriber, 0),
        )
        for subscriber in subscribers
    ]
    stream.given = json.dumps(given | dict.fromkeys(subscribers, event.sequence), sort_keys=True)
    return copies


def claim(capability: str, limit: int) -> list[Sent]:
    """
    Take up to *limit* copies that are due, so that no other relay takes them for a while, and return them.

    The claim is committed before anything is sent: nobody waits for a broker inside a transaction, and what a relay
    that dies has not sent is due again later.

    Raises:
        Moved: another home owns the rows.
    """
    outbox, using = needed_outbox(capability), own_connection(capability).alias
    now = timezone.now()
    due = outbox.copy.objects.using(using).filter(
        confirmed_at__isnull=True, dead_at__isnull=True, available_at__lte=now
    )
    if not due.exists():
        return []
    with owning(capability):
        taken = list(due.select_for_update(skip_locked=True).order_by("available_at", "sequence")[:limit])
        for attempts in {copy.attempts for copy in taken}:
            ids = [copy.id for copy in taken if copy.attempts == attempts]
            outbox.copy.objects.using(using).filter(id__in=ids).update(
                attempts=F("attempts") + 1,
                published_at=Coalesce("published_at", now),
                available_at=now + backoff(attempts + 1, get_conf().republish_s),
            )
        events = outbox.event.objects.using(using).in_bulk({copy.event_id for copy in taken})
    return [
        Sent(copy.id, str(copy.event_id), copy.subscriber, seal(capability, events[copy.event_id], copy))
        for copy in sorted(taken, key=lambda copy: (copy.created_at, copy.sequence))
    ]


def postpone(capability: str, copies: Collection[UUID]) -> None:
    """
    Let copies that could not be handed on be due again soon, later each time.

    Raises:
        Moved: another home owns the rows, and will find them due.
    """
    outbox, now = needed_outbox(capability), timezone.now()
    with owning(capability):
        rows = outbox.copy.objects.using(own_connection(capability).alias).filter(
            id__in=copies, confirmed_at__isnull=True
        )
        for attempts in set(rows.values_list("attempts", flat=True)):
            rows.filter(attempts=attempts).update(available_at=now + backoff(attempts, _RETRY_S))


def settle(capability: str, subscriber: str, confirmed: Collection[str], refused: Mapping[str, str]) -> None:
    """
    Note what a subscriber says of its copies.

    Args:
        confirmed: ids of the events that it has for good.
        refused: ids of those that it cannot take, with the reason; after too many refusals they are dead letters.

    Raises:
        Moved: another home owns the rows.
    """
    outbox, now = needed_outbox(capability), timezone.now()
    with owning(capability):
        mine = outbox.copy.objects.using(own_connection(capability).alias).filter(subscriber=subscriber)
        mine.filter(event_id__in=confirmed, confirmed_at__isnull=True).update(
            confirmed_at=now, dead_at=None, last_error=""
        )
        for event_id, reason in refused.items():
            one = mine.filter(event_id=event_id, confirmed_at__isnull=True, dead_at__isnull=True)
            one.update(last_error=reason, refusals=F("refusals") + 1)
            one.filter(refusals__gte=get_conf().event_attempts_max).update(dead_at=now)


def purge(capability: str, older_than: timedelta) -> int:
    """
    Delete events that every subscriber has had for a while, and return how many rows that were.

    The caller's transaction has asserted ownership.
    """
    outbox, using = needed_outbox(capability), own_connection(capability).alias
    before = timezone.now() - older_than
    copies = outbox.copy.objects.using(using)
    open_ones = copies.filter(confirmed_at__isnull=True).values("event_id")
    old = outbox.event.objects.using(using).filter(created_at__lt=before).exclude(id__in=open_ones)
    ids = list(old.values_list("id", flat=True)[:10_000])
    gone: int = copies.filter(event_id__in=ids).delete()[0]
    return gone + int(outbox.event.objects.using(using).filter(id__in=ids).delete()[0])
