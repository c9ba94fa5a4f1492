"""
One direction of the keylog.

Triggers at the source note the key of every row that changes. An applier takes the keys, and in one transaction of the
target replaces the rows under them by what one state of the source has there. The first copy is an entry per table
that stands for all of its rows, so whoever applies makes it, and a copy that was cut off is still asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import ClassVar

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.copy import TooSlow
from strangler.replication.counters import leap_counters
from strangler.replication.keylog.applier import Applier
from strangler.replication.keylog.applying import KIND, Attendant, failures
from strangler.replication.keylog.faults import faults_of
from strangler.replication.keylog.log import Log
from strangler.replication.keylog.tables import read_tables, row_counts, with_heirs
from strangler.replication.keylog.triggers import triggers_of
from strangler.replication.stream import Flow, Lag, Progress, Stream
from strangler.state.connection import dedicated

_POLL_S = 0.02


class KeylogStream(Stream):
    """Rows of one capability, between two SQLite files or two PostgreSQL databases, by triggers of our own."""

    kind: ClassVar[str] = KIND

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow)
        self.source = flow.source_connection
        self.triggers = triggers_of(self.source, flow.capability)
        self._copier = _Copier(flow)

    @property
    def tables(self) -> list[str]:
        """The tables at the source, those that inherit included, parents before children."""
        return with_heirs(self.source, self.flow.tables)

    @property
    def log(self) -> Log:
        """What waits at the source."""
        return Log(self.source, self.flow.capability, self.tables)

    def faults(self) -> Iterator[str]:
        """Yield what the tables, the databases or their roles lack."""
        return faults_of(self.flow)

    # -- begin ------------------------------------------------------------------------------------------------------

    def arm(self) -> None:
        """
        Let every table log, each in a short transaction.

        Raises:
            OperationalError: somebody writes a table for so long that others would have to wait; repeat later.
        """
        for table in read_tables(self.source, self.tables).values():
            with self.triggers.briefly():
                self.triggers.install(table)

    def start(self, *, copy: bool) -> None:
        """
        Ask for all rows, with *copy*, and begin to bring them over beside what this process does.

        What was kept and what comes is brought over by whoever applies (`strangler.replication.keylog.applying`).
        """
        self.arm()
        leap_counters(self.source, self.flow.target_connection, self.flow.tables)
        if copy:
            self.log.ask_for_all(self.tables)
            self._copier.start()

    def forget(self) -> None:
        """Do nothing: what an applier brings is not logged where it arrives."""

    def adapt(self) -> None:
        """Let tables log by their new definition; one that did not log is brought over as a whole."""
        tables = read_tables(self.source, self.tables)
        self.log.ask_for_all([name for name, table in tables.items() if self.triggers.install(table)])

    def refresh(self) -> None:
        """Remove what is logged of tables that are gone; new ones are in the log."""
        self.log.remove_others()

    # -- look -------------------------------------------------------------------------------------------------------

    def progress(self) -> Progress:
        """Tell from the log, where a table stands as long as its rows are on their way."""
        totals, unfinished = row_counts(self.source, self.tables), self.log.unfinished()
        rows = sum(min(unfinished.get(table, total), total) for table, total in totals.items())
        under_way = max(unfinished, key=unfinished.__getitem__, default="")
        return Progress(rows, sum(totals.values()), under_way, not unfinished)

    def lag(self) -> Lag:
        """Count what waits, and tell how long it has."""
        changes, seconds = self.log.waiting()
        failed = failures(self.flow.capability, self.flow.target)
        return Lag(None, changes, seconds, failed.times, failed.problem)

    def is_whole(self) -> bool:
        """Look whether every table logs."""
        return set(self.tables) <= set(self.triggers.armed())

    def drain(self, holder: BaseDatabaseWrapper, timeout_s: float) -> None:
        """Bring over by itself whatever is logged, and let the target's counters stand ahead."""
        with ExitStack() as stack:
            source = holder
            if not holder.in_atomic_block:
                source = dedicated(self.source.alias)
                stack.callback(source.close)
            try:
                Applier(self.flow, source, self.flow.target_connection).apply_all(timeout_s)
            except OperationalError as error:
                raise TooSlow(f"The {self.flow.target} has not caught up within {timeout_s:g} s: {error}") from error
        leap_counters(holder, self.flow.target_connection, self.flow.tables)

    # -- end --------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """
        Remove triggers, table by table, then the log.

        Raises:
            OperationalError: somebody is in the way; repeat later.
        """
        self._copier.stop()
        for table in self.triggers.armed():
            with self.triggers.briefly():
                self.triggers.remove(table)
        self.log.remove_all()

    def traces(self) -> list[str]:
        """Name the tables that log, and what is in the log."""
        alias = self.source.alias
        found = [f"{alias!r} logs the changed keys of {table}." for table in self.triggers.armed()]
        if count := self.log.count_all():
            found.append(f"{alias!r} has {count} entries of {self.flow.capability} in strangler_changed_key.")
        return found


class _Copier:
    """A thread that applies until all rows that were asked for have been brought over."""

    def __init__(self, flow: Flow) -> None:
        self._attendant = Attendant(flow)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless it runs."""
        if self._thread is None or not self._thread.is_alive():
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="strangler-keylog-copy", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, and wait for what has begun."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set() and self._attendant.copies():
                if not self._attendant.apply():
                    self._stopping.wait(_POLL_S)
        finally:
            self._attendant.close()
