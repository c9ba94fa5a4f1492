"""Flips of the ownership rows: each compares (owner, epoch) and sets in one transaction with its fence (R1)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.errors import StranglerError
from strangler.fence import fence_of
from strangler.state import Owned, read_ownership
from strangler.state.identity import keep_epoch, recognise

LOCK_TIMEOUT_MS = 50
VACUUM_TIMEOUT_MS = 3_000
IDLE_LIMIT_MS = 1_000


class FlipRefused(StranglerError):
    """The row says something else than the flip expected: another attempt has been here."""


def _flip(
    connection: BaseDatabaseWrapper, capability: str, expected: tuple[str, int], new: Owned, *, system: str, opens: bool
) -> bool:
    """Compare and set; False when the row holds *new* already, and was left alone."""
    owned = ", owned_epoch = epoch + 1" if opens else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE strangler_ownership SET owner = %s, epoch = %s, attempt = %s, system = %s{owned}"
            " WHERE capability = %s AND owner = %s AND epoch = %s",
            [new.owner, new.epoch, new.attempt, system, capability, *expected],
        )
        if cursor.rowcount == 1:
            keep_epoch(connection, capability, new.epoch)
            return True
    found = read_ownership(connection, capability)
    if (found.owner, found.epoch) != (new.owner, new.epoch):
        raise _surprise(connection, capability, expected)
    return False


def _surprise(connection: BaseDatabaseWrapper, capability: str, expected: tuple[str, int]) -> FlipRefused:
    found = read_ownership(connection, capability)
    return FlipRefused(
        f"{connection.alias!r} says that {capability} belongs to the {found.owner} since epoch {found.epoch} "
        f"(attempt {found.attempt or 'none'}); expected was {expected[0]}, epoch {expected[1]}."
    )


def hold(connection: BaseDatabaseWrapper, capability: str, expected: tuple[str, int]) -> None:
    """
    Make sure, until the caller's transaction ends, that the row says what the operation began with.

    So a mover that was stopped and wakes up late touches no home that has moved on (R1).

    Raises:
        FlipRefused: the row says something else.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE strangler_ownership SET epoch = epoch WHERE capability = %s AND owner = %s AND epoch = %s",
            [capability, *expected],
        )
        if cursor.rowcount == 1:
            return
    raise _surprise(connection, capability, expected)


@contextmanager
def short_transaction(connection: BaseDatabaseWrapper, lock_ms: int = LOCK_TIMEOUT_MS) -> Iterator[None]:
    """Run a block that stands in nobody's way for long, even if this process is stopped inside it (R16)."""
    with transaction.atomic(using=connection.alias):
        limit(connection, lock_ms=lock_ms, idle_ms=IDLE_LIMIT_MS)
        yield


def limit(connection: BaseDatabaseWrapper, *, lock_ms: int, idle_ms: int) -> None:
    """Limit the current transaction's waits for locks and for its own client."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                f"SET LOCAL lock_timeout = {lock_ms}; SET LOCAL idle_in_transaction_session_timeout = {idle_ms}"
            )


def close(
    connection: BaseDatabaseWrapper,
    capability: str,
    tables: Sequence[str],
    expected: tuple[str, int],
    new: Owned,
    *,
    lock_ms: int,
    drain: Callable[[], None],
) -> float:
    """
    Shut out the writers of the old home, and return since when they wait (Unix time); now nobody may write anywhere.

    Args:
        lock_ms: how long everybody may wait for those who write already.
        drain: brings what they wrote to the other home, while everybody waits.
    """
    fence = fence_of(connection)
    with short_transaction(connection, VACUUM_TIMEOUT_MS):
        fence.keep_vacuum_out(tables)
        system = recognise(connection, capability)
        enable = fence.enabling(capability, tables, new)
        limit(connection, lock_ms=lock_ms, idle_ms=IDLE_LIMIT_MS)
        asked_at = time.time()
        fence.lock_out_writers(capability, tables)
        if _flip(connection, capability, expected, new, system=system, opens=False):
            drain()
            enable()
    return asked_at


class Admission:
    """What opens a home for writing, with everything found out in advance that can be."""

    def __init__(self, connection: BaseDatabaseWrapper, capability: str, tables: Sequence[str]) -> None:
        """
        Raises:
            Restored: the database is another one than the home knows (R18).
        """
        self.connection, self.capability, self.tables = connection, capability, tables
        self._system = recognise(connection, capability)
        self._disable = fence_of(connection).disabling(tables)

    def commit(self, expected: tuple[str, int], new: Owned) -> None:
        """Open the home: the commit is the moment. A repeat changes nothing."""
        with short_transaction(self.connection, VACUUM_TIMEOUT_MS):
            fence_of(self.connection).keep_vacuum_out(self.tables)
            self._disable()
            _flip(self.connection, self.capability, expected, new, system=self._system, opens=True)


def refuse_attempt(
    connection: BaseDatabaseWrapper,
    capability: str,
    tables: Sequence[str],
    *,
    opened: tuple[str, int],
    new: Owned,
    lock_ms: int,
) -> bool:
    """
    Record on the target that an attempt may not open it any more, and let its fence name the owner anew.

    Returns:
        False when it has opened already: then there is no undo, only `reverse`.
    """
    with short_transaction(connection, lock_ms):
        system = recognise(connection, capability)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE strangler_ownership SET owner = %s, epoch = %s, attempt = %s, system = %s"
                " WHERE capability = %s AND epoch <= %s AND NOT (owner = %s AND epoch = %s)",
                [new.owner, new.epoch, new.attempt, system, capability, new.epoch, *opened],
            )
            refused = bool(cursor.rowcount)
        if refused:
            keep_epoch(connection, capability, new.epoch)
            fence_of(connection).enable(capability, tables)
        return refused


def reopen(connection: BaseDatabaseWrapper, capability: str, tables: Sequence[str], *, below: int, new: Owned) -> None:
    """
    Give the old home its rows back with an epoch that no mover of the undone attempt can expect.

    Raises:
        FlipRefused: the capability has moved on since.
    """
    with short_transaction(connection), connection.cursor() as cursor:
        fence_of(connection).disable(tables)
        system = recognise(connection, capability)
        cursor.execute(
            "UPDATE strangler_ownership SET owner = %s, epoch = %s, attempt = %s, owned_epoch = %s, system = %s"
            " WHERE capability = %s AND epoch < %s",
            [new.owner, new.epoch, new.attempt, new.epoch, system, capability, below],
        )
        if cursor.rowcount:
            keep_epoch(connection, capability, new.epoch)
        elif read_ownership(connection, capability)[:2] != (new.owner, new.epoch):
            raise _surprise(connection, capability, (new.owner, new.epoch))
