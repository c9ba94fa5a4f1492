"""Who stands in the way of a switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.fence.postgresql import LOCK_CLASS
from strangler.models import Marker


def blockers(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> list[str]:
    """
    Return one sentence per transaction that is in a writer's way, oldest first: it has asserted ownership, or holds a
    lock on the tables or on the marker that travels with their rows.
    """
    return _said(connection, partial(_holders, reading=False), tables)


def everybody(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> list[str]:
    """Return the same of all that are in the way of DDL: whoever only reads is, too."""
    return _said(connection, partial(_holders, reading=True), tables)


def elders(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> list[str]:
    """Return one sentence per transaction of the whole server that a new replication slot has to outwait."""
    return _said(connection, _older, tables)


Find = Callable[[BaseDatabaseWrapper, Sequence[str]], list[str]]


def _said(connection: BaseDatabaseWrapper, find: Find, tables: Sequence[str]) -> list[str]:
    if connection.vendor != "postgresql":
        return []
    try:
        return find(connection, tables)
    except OperationalError as error:
        return [f"{connection.alias!r} does not answer: {str(error).strip()}"]


# Of other roles' transactions a server shows no times and no statements to a role without pg_read_all_stats.
_WHO = """a.pid, coalesce(a.usename, a.backend_type, 'unknown'), coalesce(nullif(a.application_name, ''), 'unnamed'),
 round(extract(epoch from clock_timestamp() - a.xact_start)::numeric, 1),
 coalesce(left(nullif(nullif(a.query, '<insufficient privilege>'), ''), 80), CASE WHEN v.pid > 0 THEN 'VACUUM' END)"""
_NOT_NEW = "(a.xact_start IS NULL OR a.xact_start < clock_timestamp() - interval '50 ms')"


def _holders(connection: BaseDatabaseWrapper, tables: Sequence[str], *, reading: bool) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT {_WHO}, a.state, a.xact_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " LEFT JOIN pg_stat_progress_vacuum v USING (pid)"
            f" WHERE a.pid <> pg_backend_pid() AND l.granted AND {_NOT_NEW}"
            " AND ((l.relation IN (SELECT to_regclass(name) FROM unnest(%s::text[]) name)"
            "   AND (%s OR l.mode <> 'AccessShareLock'))"
            f"   OR (l.locktype = 'advisory' AND l.classid = {LOCK_CLASS}))"
            " ORDER BY a.xact_start NULLS LAST",
            [[connection.ops.quote_name(table) for table in (*tables, Marker._meta.db_table)], reading],
        )
        return [
            f"backend {pid} of role {role} ({', '.join(filter(None, (name, state)))}) has held it"
            f"{_for(age_s)}{_doing(query)}"
            for pid, role, name, age_s, query, state, _ in cursor.fetchall()
        ]


def _older(connection: BaseDatabaseWrapper, _: Sequence[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_WHO}, a.datname FROM pg_stat_activity a LEFT JOIN pg_stat_progress_vacuum v USING (pid)"
            f" WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid() AND {_NOT_NEW}"
            " ORDER BY a.xact_start NULLS LAST"
        )
        return [
            f"backend {pid} of role {role} ({name}) has written in {database}{_for(age_s)} and goes on{_doing(query)}"
            for pid, role, name, age_s, query, database in cursor.fetchall()
        ]


def _for(age_s: Decimal | None) -> str:
    return "" if age_s is None else f" for {age_s} s"


def _doing(query: str | None) -> str:
    return f": {query}" if query else ""
