"""One at a time: a repeat of what is under way is told so at once, instead of waiting for it (R13)."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connections, transaction

from strangler.errors import ContractError, StranglerError

log = logging.getLogger(__name__)
_acts: ContextVar[list[Callable[[], None]] | None] = ContextVar("strangler_on_refusal", default=None)


class Busy(StranglerError):
    """Somebody else does the same right now."""


@contextmanager
def alone(using: str, *name: str) -> Iterator[None]:
    """
    Run a block as one transaction of the database *using* in which nobody else does what *name* says.

    An insert of the same key would wait for the first transaction, so a lock is tried before it: PostgreSQL's
    advisory lock, which ends with the transaction. SQLite admits one writer at a time and would wait as early as
    BEGIN IMMEDIATE; there the processes' own threads are told apart by a set in memory.

    Raises:
        Busy: the block was not entered.
    """
    key = lock_id(*name)
    with _refusals_told():
        if connections[using].vendor == "postgresql":
            with transaction.atomic(using=using):
                with connections[using].cursor() as cursor:
                    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key])
                    if not cursor.fetchone()[0]:
                        raise Busy("it is under way already")
                yield
        else:
            with _in_memory(key), transaction.atomic(using=using):
                yield


def on_refusal(act: Callable[[], None]) -> None:
    """
    Have *act* done once a refusal has rolled back the block that runs `alone`: what it writes stays.

    It is done once at best: a process that dies at that moment has refused, and done nothing else. Outside of such a
    block nobody knows when the transaction has ended, and it is not done.
    """
    if (acts := _acts.get()) is not None:
        acts.append(act)


@contextmanager
def _refusals_told() -> Iterator[None]:
    acts: list[Callable[[], None]] = []
    token = _acts.set(acts)
    try:
        yield
    except ContractError:
        for act in acts:
            try:
                act()
            except Exception:  # the refusal is the answer, whatever becomes of this
                log.exception("nothing else was done about a refusal")
        raise
    finally:
        _acts.reset(token)


def lock_id(*name: str) -> int:
    """Return a signed 64-bit number for the advisory lock; a collision costs one needless refusal."""
    return int.from_bytes(hashlib.sha256("\0".join(name).encode()).digest()[:8], "big", signed=True)


_busy: set[int] = set()
_busy_guard = threading.Lock()


@contextmanager
def _in_memory(key: int) -> Iterator[None]:
    with _busy_guard:
        if key in _busy:
            raise Busy("it is under way already")
        _busy.add(key)
    try:
        yield
    finally:
        with _busy_guard:
            _busy.discard(key)
