"""The two transactions of an applier: what it sees of the source, and what it writes to the target."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.errors import StranglerError
from strangler.fence import refuse_restored
from strangler.replication.stream import Flow

_LOCK_CLASS = 0x53F1
_IDLE_MS = 5_000
_LOCK_MS = 2_000


class Opened(StranglerError):
    """The target writes by itself: nothing may be brought over any more."""


@contextmanager
def snapshot(source: BaseDatabaseWrapper, timeout_s: float | None) -> Iterator[None]:
    """
    Run a block that sees one state of the source, however often it reads.

    A transaction that is open already keeps the writers out, so that whatever it reads is one state. (If it did not,
    what was written in between would stay in the log.)
    """
    if source.in_atomic_block:
        yield
    elif source.vendor == "postgresql":
        with _begun(source, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"):
            _limit(source, _LOCK_MS, timeout_s)
            yield
    else:
        with _begun(source, "BEGIN DEFERRED"):
            yield


@contextmanager
def writing(
    flow: Flow, source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, timeout_s: float | None
) -> Iterator[bool]:
    """
    Run a block as the transaction in which rows may be written to a target that is fenced.

    Yields whether it is the only one. The lock comes before any look at the source, and keeps the target from opening
    until the block ends: so an applier that was stopped for a while brings nothing over that is older than what is
    there.

    Args:
        timeout_s: how long to wait for another applier and for the servers; None: not at all for another applier.

    Raises:
        Opened: the target is the owner.
        Restored: one of the databases is not the one that its home knows (R18).
    """
    for connection in (source, target):
        refuse_restored(connection, flow.capability)
    with _pragmas(target, timeout_s), _begun(target, "BEGIN" if target.vendor == "postgresql" else "BEGIN IMMEDIATE"):
        alone = target.vendor != "postgresql" or _alone(flow, target, timeout_s)
        if alone:
            _assert_fenced(flow, target)
        yield alone


def _alone(flow: Flow, target: BaseDatabaseWrapper, timeout_s: float | None) -> bool:
    waiting = "pg_try_advisory_xact_lock" if timeout_s is None else "pg_advisory_xact_lock"
    _limit(target, _LOCK_MS, timeout_s)
    with target.cursor() as cursor:
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = {_IDLE_MS}")
        cursor.execute(f"SELECT {waiting}({_LOCK_CLASS}, hashtext(%s))", [flow.capability])
        return cursor.fetchone()[0] is not False


def _limit(connection: BaseDatabaseWrapper, lock_ms: int, timeout_s: float | None) -> None:
    """Limit the transaction's waits for locks, and with *timeout_s* each of its statements."""
    statement_ms = 0 if timeout_s is None else max(1, int(timeout_s * 1000))
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {lock_ms}; SET LOCAL statement_timeout = {statement_ms}")


def _assert_fenced(flow: Flow, target: BaseDatabaseWrapper) -> None:
    """Hold the target's ownership row as it is until the transaction ends."""
    share = " FOR SHARE" if target.vendor == "postgresql" else ""
    with target.cursor() as cursor:
        cursor.execute(f"SELECT owner FROM strangler_ownership WHERE capability = %s{share}", [flow.capability])
        row = cursor.fetchone()
    if row is None or row[0] == flow.target:
        raise Opened(f"The {flow.target} owns {flow.capability}: no rows are brought to it.")


@contextmanager
def _pragmas(target: BaseDatabaseWrapper, timeout_s: float | None) -> Iterator[None]:
    """
    Let SQLite neither check foreign keys nor act on them: what is brought over was checked where it was written.

    With *timeout_s*, it waits no longer for other writers of the file.
    """
    values = {} if target.vendor == "postgresql" else {"foreign_keys": 0}
    if values and timeout_s is not None:
        values["busy_timeout"] = int(timeout_s * 1000)
    before = {}
    for name, value in values.items():
        with target.cursor() as cursor:
            before[name] = cursor.execute(f"PRAGMA {name}").fetchone()[0]
            cursor.execute(f"PRAGMA {name} = {value}")
    try:
        yield
    finally:
        for name, value in before.items():
            with target.cursor() as cursor:
                cursor.execute(f"PRAGMA {name} = {value}")


@contextmanager
def _begun(connection: BaseDatabaseWrapper, begin: str) -> Iterator[None]:
    """Run a block as one transaction; the connection is closed when it cannot even be rolled back."""
    with connection.cursor() as cursor:
        cursor.execute(begin)
    try:
        yield
        with connection.cursor() as cursor:
            cursor.execute("COMMIT")
    except BaseException:
        try:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
        except Error:
            connection.close()
        raise
