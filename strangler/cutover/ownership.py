"""Flips of the ownership rows: each compares (owner, epoch) and sets in one transaction with its fence (R1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.errors import StranglerError
from strangler.fence import fence_of
from strangler.state import Owned, read_ownership
from strangler.state.identity import record_identity

LOCK_TIMEOUT_MS = 50
VACUUM_TIMEOUT_MS = 3_000
IDLE_LIMIT_MS = 1_000


class FlipRefused(StranglerError):
    """The row says something else than the flip expected: another attempt has been here."""


def _flip(
    connection: BaseDatabaseWrapper, capability: str, expected: tuple[str, int], new: Owned, *, opens: bool
) -> bool:
    """Compare and set; False when the row holds *new* already, and was left alone."""
    owned = ", owned_epoch = epoch + 1" if opens else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE strangler_ownership SET owner = %s, epoch = %s, attempt = %s{owned}"
            " WHERE capability = %s AND owner = %s AND epoch = %s",
            [new.owner, new.epoch, new.attempt, capability, *expected],
        )
        if cursor.rowcount == 1:
            record_identity(connection, capability)
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
) -> None:
    """
    Shut out the writers of the old home; when this returns nobody may write anywhere.

    Args:
        lock_ms: how long everybody may wait for those who write already.
        drain: brings what they wrote to the other home, while everybody waits.
    """
    fence = fence_of(connection)
    with short_transaction(connection, VACUUM_TIMEOUT_MS):
        fence.keep_vacuum_out(tables)
        limit(connection, lock_ms=lock_ms, idle_ms=IDLE_LIMIT_MS)
        fence.lock_out_writers(capability, tables)
        if _flip(connection, capability, expected, new, opens=False):
            drain()
            fence.enable(capability, tables)


def admit(
    connection: BaseDatabaseWrapper, capability: str, tables: Sequence[str], expected: tuple[str, int], new: Owned
) -> None:
    """Open a home for writing: the commit is the moment. A repeat changes nothing."""
    fence = fence_of(connection)
    with short_transaction(connection, VACUUM_TIMEOUT_MS):
        fence.keep_vacuum_out(tables)
        fence.disable(tables)
        _flip(connection, capability, expected, new, opens=True)


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
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE strangler_ownership SET owner = %s, epoch = %s, attempt = %s"
                " WHERE capability = %s AND epoch <= %s AND NOT (owner = %s AND epoch = %s)",
                [new.owner, new.epoch, new.attempt, capability, new.epoch, *opened],
            )
            refused = bool(cursor.rowcount)
        if refused:
            record_identity(connection, capability)
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
        cursor.execute(
            "UPDATE strangler_ownership SET owner = %s, epoch = %s, attempt = %s, owned_epoch = %s"
            " WHERE capability = %s AND epoch < %s",
            [new.owner, new.epoch, new.attempt, new.epoch, capability, below],
        )
        if cursor.rowcount:
            record_identity(connection, capability)
        elif read_ownership(connection, capability)[:2] != (new.owner, new.epoch):
            raise _surprise(connection, capability, (new.owner, new.epoch))
