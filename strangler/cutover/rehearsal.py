"""
A move and its return, on throw-away copies of the rows in both databases: by the same mover, locks and fences.

On PostgreSQL the copies stand in a schema of their own, on SQLite in files of their own. The real rows are only read.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import Home
from strangler.cutover import ownership
from strangler.cutover.patience import WAITS_MS
from strangler.errors import Refused
from strangler.replication import Flow, Stream, TooSlow, count_rows, empty, fitting, flow_of, stream_of
from strangler.replication.columns import columns_of, quoted_columns
from strangler.state import Owned
from strangler.state.connection import dedicated

SCHEMA = "strangler_rehearsal"
ROUNDS = 3
_OWN_TABLES = ("strangler_ownership", "strangler_marker", "strangler_changed_key")
_DRAIN_S = 30.0
_LOOK_S = 0.05
_TOUCHED_MAX = 200
_TOUCH_S = 0.005

Say = Callable[[str, int, int], None]
"""Hears what is done now, and of how many rows how many are there."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """
    What a move would take.

    Attributes:
        pauses_ms: how long each switch kept its writers waiting, there and back in turn.
    """

    mover: str
    rows: int
    copy_s: float
    pauses_ms: tuple[int, ...]

    @property
    def pause_ms(self) -> int:
        """The pause to expect."""
        return round(median(self.pauses_ms))


def rehearse(capability: str, *, wanted: str, say: Say) -> Rehearsal:
    """
    Move a copy of the monolith's rows to a copy of the service's tables and back, several times, beside a writer.

    Needs room for the rows once more in each database.

    Raises:
        Refused: no mover fits, or the copies could not be made.
    """
    real = flow_of(capability, "monolith", "service")
    kind = fitting(real, wanted=wanted).kind
    with _stage(real) as flow:
        stream = stream_of(kind, flow)
        stream.arm()
        began = time.monotonic()
        stream.start(copy=True)
        _await_copy(stream, say)
        copy_s = time.monotonic() - began
        pauses = tuple(_switches(stream, say))
        rows = sum(count_rows(flow.source_connection, flow.tables).values())
    return Rehearsal(kind, rows, round(copy_s, 3), pauses)


def _await_copy(stream: Stream, say: Say) -> None:
    while not (progress := stream.progress()).done:
        say("copy", progress.rows, progress.total)
        if (lag := stream.lag()).errors:
            raise Refused(f"The copies of the rows could not be brought over: {lag.problem or 'see the server log'}")
        time.sleep(_LOOK_S)


def _switches(stream: Stream, say: Say) -> Iterator[int]:
    epoch = 1
    try:
        for turn in range(2 * ROUNDS):
            say("switch", turn, 2 * ROUNDS)
            back = stream_of(stream.kind, stream.flow.reversed())
            back.arm()
            with _writer(stream.flow):
                yield _switch(stream, back, epoch)
            back.start(copy=False)
            stream.stop()
            stream, epoch = back, epoch + 1
    finally:
        stream.stop()


def _switch(forth: Stream, back: Stream, epoch: int) -> int:
    """Change the writer of the copies, and return the milliseconds for which nobody could write."""
    flow = forth.flow
    expected, new = (flow.source, epoch), Owned(flow.target, epoch + 1, "rehearsal")
    with forth.ready_to_drain():
        for wait_ms in WAITS_MS:
            forth.drain(flow.source_connection, _DRAIN_S)
            try:
                asked_at = ownership.close(
                    flow.source_connection, flow.capability, flow.tables, expected, new,
                    lock_ms=wait_ms, drain=lambda: forth.drain(flow.source_connection, _DRAIN_S),
                )  # fmt: skip
            except (OperationalError, TooSlow):
                continue
            break
        else:
            raise Refused("The copies could not be locked, although nobody else uses them: is the server overloaded?")
    back.forget()
    ownership.Admission(flow.target_connection, flow.capability, flow.tables).commit(expected, new)
    return round((time.time() - asked_at) * 1000)


@contextmanager
def _writer(flow: Flow) -> Iterator[None]:
    """Let somebody write at the source while the block runs; the fence ends it, as it should."""
    over = threading.Event()

    def write() -> None:
        connection = dedicated(flow.source_connection.alias)
        try:
            for statement in _touches(connection, flow.tables):
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                if over.wait(_TOUCH_S):
                    return
        except Exception:
            return  # refused by the fence
        finally:
            connection.close()

    thread = threading.Thread(target=write, name="strangler-rehearsal")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _touches(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Yield statements that write single rows again as they are, over and over."""
    row = "ctid" if connection.vendor == "postgresql" else "rowid"
    targets = []
    for table in tables:
        name = connection.ops.quote_name(table)
        with connection.cursor() as cursor:
            key = connection.introspection.get_primary_key_columns(cursor, table) or []
            stored = list(columns_of(connection, table))
            column = connection.ops.quote_name(next((c for c in stored if c not in key), stored[0]))
            cursor.execute(f"SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT {_TOUCHED_MAX}) AS some")
            count = cursor.fetchone()[0]
        targets += [
            f"UPDATE {name} SET {column} = {column} WHERE {row} = (SELECT {row} FROM {name} LIMIT 1 OFFSET {n})"
            for n in range(count)
        ]
    while targets:
        yield from targets


# -- the stage ----------------------------------------------------------------------------------------------------


@contextmanager
def _stage(real: Flow) -> Iterator[Flow]:
    """Yield the flow between copies: full ones at the source, empty ones at the target; they are gone afterwards."""
    stage = _schemas if real.source_connection.vendor == "postgresql" else _files
    with stage(real) as (source, target):
        flow = replace(
            real, capability=f"{real.capability}_rehearsal", source_connection=source, target_connection=target
        )
        for connection in (source, target):
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM strangler_ownership")
                cursor.execute(
                    "INSERT INTO strangler_ownership (capability, owner, epoch, attempt, owned_epoch, system)"
                    " VALUES (%s, %s, 1, '', 1, '')",
                    [flow.capability, flow.source],
                )
        yield flow


@contextmanager
def _aliased(real: BaseDatabaseWrapper, home: Home, **changes: object) -> Iterator[BaseDatabaseWrapper]:
    """Yield a connection under a name of its own, with settings changed."""
    alias = f"{SCHEMA}_{home}"
    connections.settings[alias] = {**real.settings_dict, **changes, "CONN_MAX_AGE": None}
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]


@contextmanager
def _schemas(real: Flow) -> Iterator[tuple[BaseDatabaseWrapper, BaseDatabaseWrapper]]:
    with _schema(real.source_connection, real.tables, "monolith") as source:
        with real.source_connection.cursor() as cursor:
            for table in real.tables:
                name, columns = source.ops.quote_name(table), quoted_columns(source, table)
                cursor.execute(
                    f"INSERT INTO {SCHEMA}.{name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {name}"
                )
        with _schema(real.target_connection, real.tables, "service") as target:
            yield source, target


@contextmanager
def _schema(real: BaseDatabaseWrapper, tables: Sequence[str], home: Home) -> Iterator[BaseDatabaseWrapper]:
    """Make empty tables like the real ones; they draw from no counter of theirs."""
    options = {name: value for name, value in real.settings_dict["OPTIONS"].items() if name != "pool"}
    path = f"{options.get('options', '')} -c search_path={SCHEMA},public".strip()
    with real.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
        try:
            for table in (*tables, *_OWN_TABLES):
                name = real.ops.quote_name(table)
                cursor.execute(f"CREATE TABLE {SCHEMA}.{name} (LIKE {name} INCLUDING ALL)")
            cursor.execute(
                "SELECT adrelid::regclass::text, quote_ident(attname) FROM pg_attrdef"
                " JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum JOIN pg_class c ON c.oid = adrelid"
                " WHERE relnamespace = %s::regnamespace AND pg_get_expr(adbin, adrelid) LIKE 'nextval%%'",
                [SCHEMA],
            )
            for name, column in cursor.fetchall():
                cursor.execute(f"ALTER TABLE {name} ALTER COLUMN {column} DROP DEFAULT")
            with _aliased(real, home, OPTIONS={**options, "options": path}) as connection:
                yield connection
        finally:
            cursor.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


@contextmanager
def _files(real: Flow) -> Iterator[tuple[BaseDatabaseWrapper, BaseDatabaseWrapper]]:
    folder = Path(tempfile.mkdtemp(prefix=f"{SCHEMA}-", dir=Path(real.source_connection.settings_dict["NAME"]).parent))
    try:
        names = {}
        for home, connection in (("monolith", real.source_connection), ("service", real.target_connection)):
            connection.ensure_connection()
            names[home] = folder / f"{home}.sqlite3"
            copy = sqlite3.connect(names[home])
            connection.connection.backup(copy)
            copy.close()
        with (
            _aliased(real.source_connection, "monolith", NAME=str(names["monolith"])) as source,
            _aliased(real.target_connection, "service", NAME=str(names["service"])) as target,
        ):
            _without_triggers(source)
            _without_triggers(target)
            empty(target, real.tables)
            yield source, target
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _without_triggers(copy: BaseDatabaseWrapper) -> None:
    """Remove what guards and logs the real rows."""
    with copy.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'strangler%'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {copy.ops.quote_name(name)}")
