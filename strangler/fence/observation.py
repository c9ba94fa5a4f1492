"""
What happened to one request's writes: asserted, committed, refused.

An execute wrapper on every connection asserts ownership before the first statement of each transaction (R2),
turns both databases' refusals into `Moved`, and remembers them, so that swallowing one does not help (R5). In a
database that is not the one its home knows, it sends no write at all (R18).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import get_conf
from strangler.fence.moved import Moved, moved_from
from strangler.fence.owner import assert_owner, own_connection, owner_of, owning
from strangler.fence.restored import is_suspect, refuse_restored, refuse_statement
from strangler.state import text_of
from strangler.state.identity import Restored

_READS = ("SELECT", "BEGIN", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "SHOW", "EXPLAIN", "PRAGMA", "SET")
_current: ContextVar[Observation | None] = ContextVar("strangler_observation", default=None)


class Observation:
    """
    The writes of one request.

    Attributes:
        capability: whose route it is; None when no route matched.
        epoch: the epoch in which this home was known to own it when the request began.
        moved: the first refusal, wherever it was swallowed.
        restored: the last write that was not sent to a database which is not what it should be.
        clean: nothing was committed and no external effect declared, so the request may still run elsewhere.
    """

    def __init__(self, capability: str | None, epoch: int) -> None:
        self.capability = capability
        self.epoch = epoch
        self.alias = get_conf().database_of(capability) if capability else None
        self.moved: Moved | None = None
        self.restored: Restored | None = None
        self.clean = True
        self.asserted = False
        self._asserting = False

    def assert_now(self) -> None:
        """Assert ownership in a short transaction of its own; used before a body too long to keep is read (R6)."""
        assert self.capability
        with owning(self.capability):
            pass
        self.asserted = False  # reading a long body takes time, so what is answered after it needs its own proof

    def confirm(self) -> None:
        """
        Make sure that the answer was made by the owner.

        A transaction that asserted ownership has done so. An answer made without one is good only if the row
        names the same owner and epoch as when the request began.

        Raises:
            Moved: the answer may come from an old copy.
            Restored: the row that would prove it may be old (R18).
        """
        if refusal := self.moved or self.restored:
            raise refusal
        if self.capability is None or self.asserted:
            return
        refuse_restored(own_connection(self.capability), self.capability)
        owned = owner_of(self.capability)
        if owned.owner != get_conf().home_of(self.capability) or owned.epoch != self.epoch:
            raise Moved(self.capability, owned.owner, owned.epoch)

    def before(self, connection: BaseDatabaseWrapper) -> None:
        """Assert ownership if this is the first statement of a transaction on the capability's database."""
        if connection.alias != self.alias or self._asserting or not connection.in_atomic_block:
            return
        if self._registered(connection, self._committed):
            return
        assert self.capability
        self._asserting = True
        try:
            assert_owner(self.capability)
        except Moved as moved:
            self.moved = self.moved or moved
            raise
        finally:
            self._asserting = False
        # A rollback to a savepoint releases the lock and forgets this; the next statement asserts again.
        transaction.on_commit(self._committed, using=connection.alias)

    def after(self, connection: BaseDatabaseWrapper, sql: Any) -> None:
        """Notice what can no longer be taken back."""
        if not self.clean or self._asserting or text_of(connection, sql).lstrip()[:9].upper().startswith(_READS):
            return
        if not connection.in_atomic_block:
            self.clean = False
        elif not self._registered(connection, self._wrote):
            transaction.on_commit(self._wrote, using=connection.alias)

    def _registered(self, connection: BaseDatabaseWrapper, callback: Callable[[], None]) -> bool:
        return any(entry[1] == callback for entry in connection.run_on_commit)

    def _committed(self) -> None:
        self.asserted = True

    def _wrote(self) -> None:
        self.clean = False


@contextmanager
def observe(capability: str | None, epoch: int = 0) -> Iterator[Observation]:
    """
    Observe one request's writes in this context.

    Args:
        capability: whose route it is, or None.
        epoch: the epoch in which this home is known to own it, from the table or the row.
    """
    observation = Observation(capability, epoch)
    token = _current.set(observation)
    try:
        yield observation
    finally:
        _current.reset(token)


def external_effect() -> None:
    """Declare that the current request has done something outside the database that cannot be taken back (R4)."""
    if observation := _current.get():
        observation.clean = False


def guard_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Install the execute wrapper on a new connection."""
    if _guard not in connection.execute_wrappers:
        connection.execute_wrappers.append(_guard)


def _guard(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    observation = _current.get()
    connection = context["connection"]
    if is_suspect(connection):
        _refuse_in_suspect(observation, connection, sql)
    if observation:
        observation.before(connection)
    try:
        result = execute(sql, params, many, context)
    except DatabaseError as error:
        moved = moved_from(error)
        if moved is None:
            raise
        if observation and observation.moved is None:
            observation.moved = moved
        raise moved from error
    if observation:
        observation.after(connection, sql)
    return result


def _refuse_in_suspect(observation: Observation | None, connection: BaseDatabaseWrapper, sql: Any) -> None:
    try:
        refuse_statement(connection, text_of(connection, sql))
    except Restored as restored:
        if observation:
            observation.restored = restored
        raise
