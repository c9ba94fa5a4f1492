"""
How far a capability's rows have come on their way to the other home, as numbers that only grow.

A position is asked at the source alone, so a host can compare even when it cannot reach the target. With `logical` it
is a place in the server's log, with `keylog` the id of an entry in the log of changed keys.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import Home
from strangler.errors import StranglerError
from strangler.state.streams import slot_name

NEVER = 2**63 - 1
"""A position that nothing reaches, and what has been applied when nothing waits."""

_PAGE, _PAGE_HEADER = 8192, 24
"""When a record ends with its page, the next one goes behind a header, to where no slot gets before it is there."""


class PositionUnknown(StranglerError):
    """The source cannot say how far its stream has come."""


class Flowing(NamedTuple):
    """A stream as the control database knows it; `strangler.models.Stream` says more."""

    id: int
    source: Home
    target: Home
    kind: str
    state: str

    @property
    def flows(self) -> bool:
        """Whether what changes is brought over."""
        return self.state == "streaming"


def read_streams(control: BaseDatabaseWrapper) -> dict[str, list[Flowing]]:
    """Return the streams of each capability."""
    found: dict[str, list[Flowing]] = {}
    with control.cursor() as cursor:
        cursor.execute("SELECT capability, id, source, target, kind, state FROM strangler_stream ORDER BY id")
        for capability, *rest in cursor.fetchall():
            found.setdefault(capability, []).append(Flowing(*rest))
    return found


def written(source: BaseDatabaseWrapper, kind: str, capability: str) -> int:
    """Return a position that is reached once everything committed before this call has been applied."""
    if kind == "logical":
        place = _number(source, "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint")
        return place - _PAGE_HEADER if place % _PAGE == _PAGE_HEADER else place
    return _number(source, "SELECT coalesce(max(id), 0) FROM strangler_changed_key WHERE capability = %s", capability)


def applied(source: BaseDatabaseWrapper, kind: str, capability: str, target: Home) -> int:
    """
    Return a position up to which everything is visible at the target.

    With `keylog` that is `NEVER` when nothing waits: true of what was written before the call, and of nothing later.

    Raises:
        PositionUnknown: the stream is gone, or has lost what it should have brought.
    """
    if kind == "logical":
        return _confirmed(source, slot_name(source, capability, target))
    waits = "SELECT coalesce(min(id) - 1, %s) FROM strangler_changed_key WHERE capability = %s"
    return _number(source, waits, NEVER, capability)


def _confirmed(source: BaseDatabaseWrapper, slot: str) -> int:
    with source.cursor() as cursor:
        # What is visible is reported at once (replay_lsn), what is safe on disk up to three `wal_writer_delay` later.
        cursor.execute(
            "SELECT (greatest(s.confirmed_flush_lsn, r.replay_lsn) - '0/0'::pg_lsn)::bigint, s.wal_status"
            " FROM pg_replication_slots s LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid"
            " WHERE s.slot_name = %s AND s.database = current_database()",
            [slot],
        )
        row = cursor.fetchone()
    if row is None or row[0] is None:
        raise PositionUnknown(f"There is no slot {slot} at {source.alias!r}: nothing is kept for the other home.")
    if row[1] == "lost":
        raise PositionUnknown(f"The slot {slot} at {source.alias!r} has lost what it should have brought.")
    return int(row[0])


def _number(source: BaseDatabaseWrapper, sql: str, *values: str | int) -> int:
    with source.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.fetchone()[0])
