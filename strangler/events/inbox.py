"""
The subscriber's side: each event has its effect once, in the order of its aggregate (R15).

A stream's cursor is moved by compare-and-set from the previous event to this one, in the transaction of the effect: of
any number of copies, wherever they arrive, one moves it. What comes too early is parked, and made due by the
transaction that handles its predecessor. What fails is tried again later, and is a dead letter in the end; it blocks
its own stream and no other.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import OperationalError, transaction
from django.utils import timezone

from strangler.conf import get_conf
from strangler.contract import WireError
from strangler.errors import StranglerError
from strangler.events import chain
from strangler.events.backoff import backoff
from strangler.events.catalogue import Inbox, needed_inbox
from strangler.events.channels import Receipts
from strangler.events.envelope import Envelope, unseal
from strangler.events.handlers import Handler, Received, handlers_of
from strangler.fence import Moved, observe, own_connection, owner_of, owning
from strangler.transport.errors import RemoteCallError

EVENTS = "events"
_RETRY_S = 0.5
_CHAIN_MAX = 1_000
log = logging.getLogger(__name__)


class _TooEarly(StranglerError):
    """An event before this one has not been handled."""


def receive(capability: str, envelopes: Sequence[str]) -> Receipts:
    """
    Take copies of events, and handle those whose turn it is.

    Raises:
        Moved: another home owns the rows, and nothing has happened.
    """
    owned = owner_of(capability)
    if owned.owner != get_conf().home_of(capability):
        raise Moved(capability, owned.owner, owned.epoch)
    receipts = Receipts([], {})
    for raw in envelopes:
        try:
            envelope = unseal(raw)
        except WireError as error:  # nobody can be named in a receipt: it comes again, and the publisher's lag grows
            log.error("%s: %s", capability, error)
            continue
        try:
            _Stream(capability, envelope.stream).take(_opened(capability, envelope, raw))
        except WireError as error:
            receipts.refused[envelope.id] = str(error)
        except Moved:
            if not receipts.confirmed and not receipts.refused:
                raise
            break  # those before are kept
        else:
            receipts.confirmed.append(envelope.id)
    return receipts


def work(capability: str, limit: int) -> int:
    """
    Handle events that are due for another attempt, and return how many there were.

    Raises:
        Moved: another home owns the rows.
    """
    inbox = needed_inbox(capability)
    due = inbox.message.objects.using(own_connection(capability).alias).filter(
        consumer=EVENTS, handled_at__isnull=True, dead_at__isnull=True, available_at__lte=timezone.now()
    )
    rows = list(due.order_by("available_at")[:limit])
    for row in rows:
        _Stream(capability, row.stream).take(_kept(capability, row.envelope))
    return len(rows)


class _Message(NamedTuple):
    envelope: Envelope
    raw: str
    handler: Handler
    event: Received[Any]


class _PassingOver(Handler):
    """What is done about an event that a person has decided to do without."""

    def apply(self, event: Received[Any], gathered: Any) -> None:
        """Have no effect."""


class _Unable(Handler):
    """What is done about an event that this host took when it was a newer one."""

    def __init__(self, why: WireError) -> None:
        self.why = why

    def apply(self, event: Received[Any], gathered: Any) -> None:
        """Fail, as other handlers do."""
        raise self.why


def _kept(capability: str, raw: str) -> _Message:
    """Return an event that the inbox has for good, with what is to be done about it."""
    envelope = unseal(raw)
    try:
        return _opened(capability, envelope, raw)
    except WireError as error:
        return _Message(envelope, raw, _Unable(error), _bare(envelope))


def _bare(envelope: Envelope) -> Received[Any]:
    return Received(envelope.id, envelope.type, envelope.subject, envelope.number, envelope.time, None)


def _opened(capability: str, envelope: Envelope, raw: str) -> _Message:
    """
    Return an event with what is to be done about it.

    Raises:
        WireError: this host cannot handle it.
    """
    if envelope.is_skipped_for(capability):
        return _Message(envelope, raw, _PassingOver(), _bare(envelope))
    handler = handlers_of(capability).get(envelope.type)
    if handler is None:
        raise WireError(f"{get_conf().host} has no handler for {envelope.type}: is it older than the publisher?")
    return _Message(envelope, raw, handler, handler.received(envelope))


class _Stream:
    """What one subscriber gets of one aggregate."""

    def __init__(self, capability: str, stream: str) -> None:
        self.capability = capability
        self.stream = stream
        self.inbox: Inbox = needed_inbox(capability)
        self.using = own_connection(capability).alias
        self.messages = self.inbox.message.objects.using(self.using).filter(consumer=EVENTS)
        self.cursors = self.inbox.cursor.objects.using(self.using).filter(stream=stream)
        self.woken = 0

    def take(self, message: _Message) -> None:
        """Handle an event and whatever waited for it, or keep it for later."""
        for _ in range(_CHAIN_MAX):
            self.woken = 0
            self._attempt(message)
            row = self._due(message.envelope.number).first() if self.woken else None
            if row is None:
                return
            message = _kept(self.capability, row.envelope)

    def _due(self, previous: int) -> Any:
        rows = self.messages.filter(stream=self.stream, previous=previous)
        return rows.filter(handled_at__isnull=True, dead_at__isnull=True, available_at__lte=timezone.now())

    def _attempt(self, message: _Message) -> None:
        envelope = message.envelope
        asks = type(message.handler).gather is not Handler.gather
        if asks and not self._is_next(envelope):
            self._keep(message)
            return
        with chain.caused_by(envelope):
            try:
                gathered = message.handler.gather(message.event)
                # The observation asserts ownership before the first statement (R2).
                with observe(self.capability) as seen, transaction.atomic(using=self.using):
                    self._apply(message, gathered)
                    if seen.moved:
                        raise seen.moved  # swallowed by the handler (R5)
            except Moved:
                raise
            except _TooEarly:
                self._keep(message)
            except Exception as error:
                self._fail(message, error)

    def _is_next(self, envelope: Envelope) -> bool:
        known = self.cursors.values_list("sequence", flat=True).first() or 0
        return known == envelope.previous

    def _apply(self, message: _Message, gathered: Any) -> None:
        """Inbox first: whoever else has the same event waits here, and then finds that it was handled."""
        envelope = message.envelope
        if not self._advance(envelope.previous, envelope.number):
            raise _TooEarly
        note = envelope.skipped if envelope.is_skipped_for(self.capability) else ""
        self._record(message, handled_at=timezone.now(), available_at=None, dead_at=None, last_error=note)
        waiting = self.messages.filter(stream=self.stream, previous=envelope.number, handled_at__isnull=True)
        self.woken = waiting.filter(available_at__isnull=True).update(available_at=timezone.now())
        message.handler.apply(message.event, gathered)

    def _advance(self, previous: int, sequence: int) -> bool:
        if previous:
            return bool(self.cursors.filter(sequence=previous).update(sequence=sequence))
        connection = own_connection(self.capability)
        table = connection.ops.quote_name(self.inbox.cursor._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (stream, sequence) VALUES (%s, %s) ON CONFLICT (stream)"
                f" DO UPDATE SET sequence = excluded.sequence WHERE {table}.sequence = 0",
                [self.stream, sequence],
            )
            return bool(cursor.rowcount)

    def _keep(self, message: _Message) -> None:
        """Park an event whose turn has not come; one that was handled is forgotten."""
        envelope = message.envelope
        with owning(self.capability):
            known = self._locked()
            if known >= envelope.number:
                return
            due = timezone.now() if known == envelope.previous else None
            parked = self.messages.filter(event_id=envelope.id, previous=envelope.previous)
            if due or not parked.exists():
                self._record(message, available_at=due)

    def _locked(self) -> int:
        """Return how far the stream has come, and let it come no further until the transaction ends."""
        connection = own_connection(self.capability)
        table = connection.ops.quote_name(self.inbox.cursor._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} (stream, sequence) VALUES (%s, 0) ON CONFLICT (stream)"
                f" DO UPDATE SET sequence = {table}.sequence RETURNING sequence",
                [self.stream],
            )
            return int(cursor.fetchone()[0])

    def _fail(self, message: _Message, error: Exception) -> None:
        """Try again later; what others are to blame for is tried for ever."""
        envelope = message.envelope
        log.warning("%s %s failed: %s", envelope.type, envelope.id, error, exc_info=error)
        with owning(self.capability):
            if self._locked() != envelope.previous:
                return
            known = self.messages.filter(event_id=envelope.id).values_list("attempts", flat=True).first() or 0
            now, attempts = timezone.now(), known + 1
            hopeless = attempts >= get_conf().event_attempts_max and not _is_passing(error)
            self._record(
                message,
                attempts=attempts,
                available_at=now + backoff(attempts, _RETRY_S),
                dead_at=now if hopeless else None,
                last_error=f"{type(error).__name__}: {error}",
            )

    def _record(self, message: _Message, **values: Any) -> None:
        envelope = message.envelope
        row = self.inbox.message(
            consumer=EVENTS,
            event_id=envelope.id,
            type=envelope.type,
            stream=self.stream,
            sequence=envelope.number,
            previous=envelope.previous,
            envelope=message.raw,
            **values,
        )
        self.inbox.message.objects.using(self.using).bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["consumer", "event_id"],
            update_fields=["previous", "envelope", *values],
        )


def _is_passing(error: Exception) -> bool:
    """Whether the event is not to blame: another capability, or the database, does not answer."""
    return isinstance(error, RemoteCallError | OperationalError)


def first_time(capability: str, consumer: str, key: str) -> bool:
    """
    Return whether *consumer* has not had *key* before, and remember it with the caller's transaction.

    Of several at once, the others wait for the first one's transaction.
    """
    inbox, using = needed_inbox(capability), own_connection(capability).alias
    row = inbox.message(consumer=consumer, event_id=key, handled_at=timezone.now())
    inbox.message.objects.using(using).bulk_create([row], ignore_conflicts=True)
    return bool(inbox.message.objects.using(using).filter(id=row.id).exists())


def purge(capability: str, older_than: timedelta) -> int:
    """
    Forget what was handled a while ago, and return how many rows that were; cursors stay.

    The caller's transaction has asserted ownership.
    """
    inbox, using = needed_inbox(capability), own_connection(capability).alias
    old = inbox.message.objects.using(using).filter(handled_at__lt=timezone.now() - older_than)
    ids = list(old.values_list("id", flat=True)[:10_000])
    return int(inbox.message.objects.using(using).filter(id__in=ids).delete()[0])
