"""Bringing over the rows under the keys that are logged, as they are by now."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial

from django.db import IntegrityError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.copy import TooSlow
from strangler.replication.keylog.log import Batch, Log
from strangler.replication.keylog.rows import rows_of
from strangler.replication.keylog.tables import read_tables, with_heirs
from strangler.replication.keylog.transactions import snapshot, writing
from strangler.replication.silence import silenced
from strangler.replication.stream import Flow
from strangler.state.connection import dedicated

_REPORT_S = 0.5


class Applier:
    """
    Brings over what the log names: in one transaction of the target, from one state of the source.

    The rows are brought as they are then, not as they were when they were logged: the order in which transactions
    logged is not the one in which they were committed. The entries are removed once the target has the rows; whoever
    dies between the two leaves them to be brought over again, which changes nothing.

    Args:
        source: a connection to the source; if it is inside a transaction, that one keeps every writer out.
        target: a connection to the target, outside of any transaction.

    Attributes:
        batch_entries: a longer log is brought over in pieces, unless its rows fit together only as a whole.
    """

    batch_entries = 20_000

    def __init__(self, flow: Flow, source: BaseDatabaseWrapper, target: BaseDatabaseWrapper) -> None:
        self.flow = flow
        self.source = source
        self.target = target

    def apply(self) -> int:
        """
        Bring over the oldest entries, or all where only all of them fit; return their number.

        It is 0 when nothing waits, and when another applier is at work.

        Raises:
            Opened: the target writes by itself.
        """
        if self._log.is_empty():
            return 0
        try:
            return self._apply(self.batch_entries, None)
        except IntegrityError:
            return self._apply(None, None)

    def apply_all(self, timeout_s: float) -> None:
        """
        Bring over every entry that was committed before the call.

        Raises:
            TooSlow: it took longer than *timeout_s*.
            OperationalError: another applier, or a server, did.
        """
        if not self._log.is_empty():
            self._apply(None, timeout_s)

    def copies(self) -> bool:
        """Return whether all rows of a table are still asked for."""
        return bool(self._log.unfinished())

    @cached_property
    def _log(self) -> Log:
        return Log(self.source, self.flow.capability, with_heirs(self.source, self.flow.tables))

    def _apply(self, limit: int | None, timeout_s: float | None) -> int:
        with (
            self.target.wrap_database_errors,
            writing(self.flow, self.source, self.target, timeout_s) as alone,
            snapshot(self.source, timeout_s),
        ):
            batch = self._log.read(limit) if alone else Batch()
            if batch.ids:
                self._bring(batch, timeout_s)
        self._clear(batch)
        return len(batch.ids)

    def _bring(self, batch: Batch, timeout_s: float | None) -> None:
        """Remove from children to parents, then insert from parents to children."""
        tables = read_tables(self.source, [table for table in self._log.tables if table in batch.tables])
        with silenced(self.target, list(tables)), _Reports(self.flow, batch, timeout_s) as reports:
            ways = [(rows_of(self.source, self.target, tables[name]), batch.wanted(name)) for name in tables]
            for rows, keys in reversed(ways):
                rows.delete(keys)
            for rows, keys in ways:
                rows.bring(keys, reports.of(rows.table.name))

    def _clear(self, batch: Batch) -> None:
        """Remove from the log what the target has committed."""
        if batch.ids:
            self._log.remove(batch.ids)


class _Reports:
    """
    Tells the log now and then how far the copy of a whole table is, through a connection of its own.

    Under a limit of time it looks at the clock instead, and tells nobody.
    """

    def __init__(self, flow: Flow, batch: Batch, timeout_s: float | None) -> None:
        self.flow = flow
        self.batch = batch
        self.timeout_s = timeout_s
        self.began = self.told = time.monotonic()
        self.connection: BaseDatabaseWrapper | None = None

    def __enter__(self) -> _Reports:
        return self

    def __exit__(self, *_: object) -> None:
        if self.connection is not None:
            self.connection.close()

    def of(self, table: str) -> Callable[[int], None]:
        """Return what hears how many rows of *table* were brought over."""
        return partial(self._hear, table)

    def _hear(self, table: str, rows: int) -> None:
        now = time.monotonic()
        if self.timeout_s is not None:
            if now - self.began > self.timeout_s:
                raise TooSlow(f"{table} was not brought over within {self.timeout_s:g} s.")
        elif table in self.batch.whole and now - self.told > _REPORT_S:
            self.told = now
            self._tell(table, rows)

    def _tell(self, table: str, rows: int) -> None:
        if self.connection is None:
            self.connection = dedicated(self.flow.source_connection.alias)
        with suppress(OperationalError):  # a writer was in the way: the next report says more
            Log(self.connection, self.flow.capability, [table]).report(self.batch.whole[table], rows)
