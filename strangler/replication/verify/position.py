"""One moment at which both homes' rows can be compared, while everybody goes on working."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import NamedTuple, TypeVar

from django.db import OperationalError, transaction

from strangler.errors import Refused
from strangler.fence import fence_of
from strangler.replication.copy import TooSlow
from strangler.replication.stream import Stream
from strangler.replication.verify.pair import side_of
from strangler.replication.verify.side import Side
from strangler.state import read_ownership
from strangler.state.connection import dedicated

LOCK_MS = 50
VACUUM_MS = 3_000
IDLE_MS = 1_000
DRAIN_S = 0.25
CATCH_UP_S = 30.0
ATTEMPTS = 20
PAUSE_S = 1.0

T = TypeVar("T")
Waiting = Callable[[str], None]


class Sides(NamedTuple):
    """Both homes' rows."""

    owner: Side
    copy: Side

    def each(self, read: Callable[[Side], T]) -> tuple[T, T]:
        """Ask both sides at the same time."""
        with ThreadPoolExecutor(1) as beside:
            theirs = beside.submit(read, self.copy)
            return read(self.owner), theirs.result()


@contextmanager
def position(stream: Stream, epoch: int, waiting: Waiting) -> Iterator[Sides]:
    """
    See both homes' rows, until the block ends, as they were at one moment.

    Raises:
        Refused: the writers or the stream left no such moment, or the capability has moved since *epoch*.
    """
    connections = [dedicated(c.alias) for c in (stream.flow.source_connection, stream.flow.target_connection)]
    sides = Sides(*map(side_of, connections))
    try:
        for connection in connections:
            connection.ensure_connection()  # takes a while, for which nobody should wait
        with standstill(stream, epoch, waiting):
            see(sides)
        with connections[0].wrap_database_errors:
            yield sides
    finally:
        for connection in connections:
            connection.close()


def see(sides: Sides) -> None:
    """Take a snapshot on each side, one after the other."""
    for side in sides:
        side.begin()


@contextmanager
def standstill(stream: Stream, epoch: int, waiting: Waiting) -> Iterator[None]:
    """
    Keep writers out of the owner's tables, and the copy in step with them, until the block ends.

    Nobody waits for longer than it takes to lock, to bring over what was written last, and for the block (R16).

    Args:
        waiting: hears why it is tried again.

    Raises:
        Refused: as `position`.
    """
    flow = stream.flow
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with ExitStack() as stack:
                stack.enter_context(stream.ready_to_drain())
                stream.drain(flow.source_connection, CATCH_UP_S)  # most of it, while everybody writes
                stack.enter_context(transaction.atomic(using=flow.source_connection.alias))
                _lock_out(stream)
                stream.drain(flow.source_connection, DRAIN_S)
                held = stack.pop_all()
        except (OperationalError, TooSlow) as error:
            reason = str(error).strip().split("\n")[0]
            if attempt == ATTEMPTS:
                raise Refused(
                    f"There was no moment at which both homes could be looked at: {reason}. "
                    f"`strangler doctor` says what is in the way; then repeat."
                ) from error
            waiting(reason)
            time.sleep(PAUSE_S)
        else:
            break
    with held:
        _assert_unmoved(stream, epoch)
        yield


def _lock_out(stream: Stream) -> None:
    fence = fence_of(stream.flow.source_connection)
    _limit(stream, VACUUM_MS)
    fence.keep_vacuum_out(stream.flow.tables)
    _limit(stream, LOCK_MS)
    fence.lock_out_writers(stream.flow.capability, stream.flow.tables)


def _limit(stream: Stream, lock_ms: int) -> None:
    """A process that is stopped while writers wait frees them after a second."""
    connection = stream.flow.source_connection
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                f"SET LOCAL lock_timeout = {lock_ms}; SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS}"
            )


def _assert_unmoved(stream: Stream, epoch: int) -> None:
    flow = stream.flow
    for connection in (flow.source_connection, flow.target_connection):
        owned = read_ownership(connection, flow.capability)
        if (owned.owner, owned.epoch) != (flow.source, epoch):
            raise Refused(
                f"{flow.capability} has moved meanwhile: {connection.alias!r} says that it belongs to the "
                f"{owned.owner} since epoch {owned.epoch}. Repeat `strangler verify {flow.capability}`."
            )
