"""Counters that give out keys: the target's stand ahead of the source's before it gives any out itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

HEADROOM = 10_000
"""Numbers that the source may still give out before it is closed."""


class _Counter(NamedTuple):
    name: str
    step: int
    least: int
    most: int
    last: int


def leap_counters(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    """
    Let what gives out the keys of *tables* on the target go on where the source cannot come any more.

    On PostgreSQL: sequences of serial and identity columns, and those that defaults draw from. None is ever lowered.
    """
    if target.vendor == "postgresql":
        _leap_sequences(source, target, tables)
    else:
        _follow_autoincrement(source, target, tables)


def _leap_sequences(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    mine, theirs = _sequences(source, tables), _sequences(target, tables)
    goals = {}
    for column in mine.keys() & theirs.keys():
        there, goal = theirs[column], _ahead_of(mine[column])
        if (goal > there.last) if there.step > 0 else (goal < there.last):
            goals[there.name] = goal
    if goals:
        with target.cursor() as cursor:
            calls = ", ".join("setval(%s::regclass, %s)" for _ in goals)
            cursor.execute(f"SELECT {calls}", [part for goal in goals.items() for part in goal])


def _ahead_of(counter: _Counter) -> int:
    """Return a number that lies ahead by the headroom, or by half of what is left where that is less."""
    if counter.step > 0:
        return counter.last + min(HEADROOM * counter.step, (counter.most - counter.last) // 2)
    return counter.last - min(HEADROOM * -counter.step, (counter.last - counter.least) // 2)


def _sequences(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> dict[tuple[str, str], _Counter]:
    """Return the sequence behind each column, by table and column; one that was never used stands at its start."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH behind(sequence, relid, attnum) AS ("
            " SELECT objid, refobjid, refobjsubid FROM pg_depend"
            "  WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')"
            " UNION SELECT d.refobjid, f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid"
            "  WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass)"
            " SELECT c.relname, a.attname, s.seqrelid::regclass::text, s.seqincrement, s.seqmin, s.seqmax,"
            " coalesce(pg_sequence_last_value(s.seqrelid), s.seqstart)"
            " FROM behind b JOIN pg_sequence s ON s.seqrelid = b.sequence JOIN pg_class c ON c.oid = b.relid"
            " JOIN pg_attribute a ON a.attrelid = b.relid AND a.attnum = b.attnum"
            " WHERE b.relid = ANY(%s::regclass[])",
            [[connection.ops.quote_name(table) for table in tables]],
        )
        return {(table, column): _Counter(*counter) for table, column, *counter in cursor.fetchall()}


def _follow_autoincrement(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    mine, theirs = _autoincrements(source, tables), _autoincrements(target, tables)
    for table, last in mine.items():
        with target.cursor() as cursor:
            if table not in theirs:
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last])
            elif theirs[table] < last:
                cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s", [last, table])


def _autoincrements(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
        if cursor.fetchone() is None:
            return {}
        cursor.execute("SELECT name, seq FROM sqlite_sequence")
        return {name: last for name, last in cursor.fetchall() if name in tables}
