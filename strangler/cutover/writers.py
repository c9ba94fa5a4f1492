"""Who stands in the way of a switch."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.fence.postgresql import LOCK_CLASS


def blockers(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> list[str]:
    """Return one sentence per transaction that holds a lock on the tables or has asserted ownership, oldest first."""
    if connection.vendor != "postgresql":
        return []
    try:
        return _blockers(connection, tables)
    except OperationalError as error:
        return [f"{connection.alias!r} does not answer: {str(error).strip()}"]


def _blockers(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT a.pid, a.usename, coalesce(nullif(a.application_name, ''), 'unnamed'), a.state,"
            " round(extract(epoch from clock_timestamp() - a.xact_start)::numeric, 1), left(a.query, 80), a.xact_start"
            " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE a.pid <> pg_backend_pid() AND l.granted AND a.xact_start < clock_timestamp() - interval '50 ms'"
            " AND ((l.relation IN (SELECT to_regclass(name) FROM unnest(%s::text[]) name)"
            "   AND l.mode <> 'AccessShareLock')"
            f"   OR (l.locktype = 'advisory' AND l.classid = {LOCK_CLASS}))"
            " ORDER BY a.xact_start",
            [[connection.ops.quote_name(table) for table in tables]],
        )
        return [
            f"backend {pid} of role {role} ({name}, {state}) has held it for {age} s: {query}"
            for pid, role, name, state, age, query, _ in cursor.fetchall()
        ]


def elders(connection: BaseDatabaseWrapper, _: Sequence[str]) -> list[str]:
    """Return one sentence per transaction of the whole server that a new replication slot has to outwait."""
    if connection.vendor != "postgresql":
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid, usename, datname, coalesce(nullif(application_name, ''), 'unnamed'),"
                " round(extract(epoch from clock_timestamp() - xact_start)::numeric, 1), left(query, 80)"
                " FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
                " AND xact_start < clock_timestamp() - interval '50 ms' ORDER BY xact_start"
            )
            found = cursor.fetchall()
    except OperationalError as error:
        return [f"{connection.alias!r} does not answer: {str(error).strip()}"]
    return [
        f"backend {pid} of role {role} ({name}) has written in {database} for {age} s and goes on: {query}"
        for pid, role, database, name, age, query in found
    ]
