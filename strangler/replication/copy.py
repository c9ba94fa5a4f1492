"""Copy all rows of a capability, inside the caller's transaction on the target."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.errors import StranglerError
from strangler.fence.postgresql import TRIGGER
from strangler.replication.columns import quoted_columns

BATCH_ROWS = 2_000
REPORT_BYTES = 1 << 20


class TooSlow(StranglerError):
    """The copy did not finish within its cap."""


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """How far a copy has come; *rows* and *total* count rows over all tables."""

    rows: int
    total: int
    table: str


Report = Callable[[CopyProgress], None]


def count_rows(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> dict[str, int]:
    """Return the exact number of rows per table."""
    counts = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
            counts[table] = cursor.fetchone()[0]
    return counts


def empty(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    """Remove every row of *tables*, in the caller's transaction; the fence must be disabled."""
    quoted = [connection.ops.quote_name(t) for t in tables]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(quoted)}")
        else:
            for table in reversed(quoted):
                cursor.execute(f"DELETE FROM {table}")


def copy_rows(
    source: BaseDatabaseWrapper,
    target: BaseDatabaseWrapper,
    tables: Sequence[str],
    *,
    report: Report,
    cap_s: float,
) -> int:
    """
    Replace the rows of *tables* on the target by those of the source.

    Both connections are inside transactions of the caller; the target's fence is disabled in its own. Triggers
    of the tables do not fire: the rows arrive as they are.

    Returns:
        The number of rows copied.

    Raises:
        TooSlow: more than *cap_s* seconds have passed.
    """
    deadline = time.monotonic() + cap_s
    counts = count_rows(source, tables)
    total = sum(counts.values())
    done = 0
    empty(target, tables)
    copy_table = _copy_postgresql if target.vendor == "postgresql" else _copy_sqlite
    with _silenced(target, tables):
        for table in tables:
            for part in copy_table(source, target, table, counts[table]):
                if time.monotonic() > deadline:
                    raise TooSlow(f"{done} of {total} rows were copied within {cap_s:g} s")
                report(CopyProgress(min(done + part, total), total, table))
            done += counts[table]
    _copy_counters(source, target, tables)
    return total


def _copy_postgresql(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, table: str, rows: int) -> Iterator[int]:
    """Pipe binary COPY from one server to the other; yields an estimate of the rows so far."""
    columns, name = quoted_columns(source, table), source.ops.quote_name(table)
    moved_bytes = reported = 0
    with (
        source.connection.cursor() as reader,
        target.connection.cursor() as writer,
        reader.copy(f"COPY (SELECT {columns} FROM {name}) TO STDOUT (FORMAT BINARY)") as outgoing,
        writer.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT BINARY)") as incoming,
    ):
        for chunk in outgoing:
            incoming.write(chunk)
            moved_bytes += len(chunk)
            if moved_bytes - reported > REPORT_BYTES:
                reported = moved_bytes
                yield min(rows, moved_bytes // 100)
    yield rows


def _copy_sqlite(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, table: str, rows: int) -> Iterator[int]:
    """Insert in batches through the raw driver: values keep the form in which they are stored."""
    columns, name = quoted_columns(source, table), source.ops.quote_name(table)
    marks = ", ".join("?" * (columns.count(", ") + 1))
    reader = source.connection.cursor()
    reader.execute(f"SELECT {columns} FROM {name}")
    done = 0
    while batch := reader.fetchmany(BATCH_ROWS):
        target.connection.executemany(f"INSERT INTO {name} ({columns}) VALUES ({marks})", batch)
        done += len(batch)
        yield done
    reader.close()


@contextmanager
def _silenced(target: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[None]:
    """Keep the tables' own triggers from changing rows that arrive; they fire again after the copy."""
    if target.vendor != "postgresql":
        yield
        return
    with target.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger WHERE tgrelid = ANY(%s::regclass[])"
            " AND NOT tgisinternal AND tgenabled = 'O' AND tgname <> %s",
            [list(tables), TRIGGER],
        )
        own = cursor.fetchall()
        for table, trigger in own:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with pending checks cannot be altered
        for table, trigger in own:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


def _copy_counters(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    """Let the target's sequences go on where the source's stand."""
    if target.vendor == "postgresql":
        _copy_sequences(source, target, tables)
        return
    with source.cursor() as reader, target.cursor() as writer:
        reader.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
        if reader.fetchone() is None:
            return
        reader.execute("SELECT name, seq FROM sqlite_sequence")
        for name, seq in reader.fetchall():
            if name in tables:
                writer.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s", [seq, name])


def _copy_sequences(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    with source.cursor() as reader, target.cursor() as writer:
        reader.execute(
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE a.attrelid = ANY(%s::regclass[]) AND a.attnum > 0 AND NOT a.attisdropped"
            " AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL",
            [list(tables)],
        )
        for table, column in reader.fetchall():
            name = source.ops.quote_name(table)
            reader.execute("SELECT pg_get_serial_sequence(%s, %s)", [name, column])
            reader.execute(f"SELECT last_value, is_called FROM {reader.fetchone()[0]}")
            value, called = reader.fetchone()
            writer.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)", [name, column, value, called])
