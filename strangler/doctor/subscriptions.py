"""A stream by logical replication that stands still although nothing is lost, and why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from strangler.conf import get_conf
from strangler.cutover.ownership import limit
from strangler.doctor.case import Case
from strangler.doctor.fences import LOCK_MS
from strangler.doctor.finding import Finding, Mend
from strangler.doctor.serverlog import last_error
from strangler.fence import fence_of
from strangler.replication import Stream, count_rows, schema_differences
from strangler.state.streams import stream_name

_LOOK_AGAIN_S = 0.5


class _Worker(NamedTuple):
    """What a subscription is doing, and how often it has failed."""

    enabled: bool
    running: bool
    apply_errors: int
    sync_errors: int

    @property
    def errors(self) -> int:
        return self.apply_errors + self.sync_errors


def subscription(case: Case, stream: Stream, renewed_by: str) -> Iterator[Finding]:
    """Find why *stream* brings nothing over, and rows that did not fit."""
    source, target = stream.flow.source_connection, stream.flow.target_connection
    name = stream_name(case.name, stream.flow.target)
    worker = _worker(target, name)
    if worker is None or not _rows(source, "SELECT 1 FROM pg_publication WHERE pubname = %s", [name]):
        missing = "subscription" if worker is None else "publication"
        yield Finding(
            "stream-broken",
            "error",
            case.name,
            f"The {missing} {name} is gone: changes since then cannot be told from those that have arrived.",
            renewed_by,
        )
    elif not worker.enabled:
        yield Finding(
            "subscription-disabled",
            "error",
            case.name,
            f"The subscription {name} in {target.alias!r} is disabled: no rows arrive at the {stream.flow.target}.",
            "The log that the other server keeps for it grows until it is enabled.",
            Mend("enable it", partial(_enable, target, name)),
        )
    else:
        yield from _outside(case, stream, name)
        yield from _waiting(case, stream, name)
        yield from _standing(case, stream, name, worker)
        yield from _conflicts(case, target, name)


def _enable(connection: BaseDatabaseWrapper, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ALTER SUBSCRIPTION {} ENABLE").format(sql.Identifier(name)))


# -- tables that take no part ----------------------------------------------------------------------------------------


def _outside(case: Case, stream: Stream, name: str) -> Iterator[Finding]:
    published = {
        table
        for (table,) in _rows(
            stream.flow.source_connection, "SELECT tablename FROM pg_publication_tables WHERE pubname = %s", [name]
        )
    }
    taken = {table for table, _ in _tables(stream.flow.target_connection, name)}
    outside = [table for table in case.tables if table not in published & taken]
    if outside:
        differing = list(schema_differences(stream.flow.source_connection, stream.flow.target_connection, outside))
        yield Finding(
            "table-outside",
            "error",
            case.name,
            f"Rows of {', '.join(outside)} do not flow to the {stream.flow.target}: the stream began without it.",
            "Tables that come during a move join by `strangler migrate`.",
            None if differing else Mend("let it join, with the rows it has", stream.refresh),
        )


# -- standing still --------------------------------------------------------------------------------------------------


def _standing(case: Case, stream: Stream, name: str, first: _Worker) -> Iterator[Finding]:
    """Look twice: a worker that fails is started again every few seconds, and may be seen alive."""
    if first.running and not first.errors:
        return
    target = stream.flow.target_connection
    time.sleep(_LOOK_AGAIN_S)
    again = _worker(target, name)
    if again is None or not again.enabled:
        return
    waiting = [table for table, state in _tables(target, name) if state not in "rs"]
    copying = bool(waiting) and again.sync_errors > 0 and not _copies(target, name)
    if again.running and again.apply_errors == first.apply_errors and not copying:
        return
    if copying:
        yield _copy_stopped(case, stream, name, waiting, again)
    elif again.apply_errors or not again.running:
        yield _apply_stopped(case, stream, name, again)


def _apply_stopped(case: Case, stream: Stream, name: str, worker: _Worker) -> Finding:
    flow = stream.flow
    said = last_error(flow.target_connection, name)
    causes = list(schema_differences(flow.source_connection, flow.target_connection, case.tables))
    cause = " ".join(causes) or f"The log of the {flow.target}'s server says which row it cannot take in."
    failed = f"{worker.apply_errors} attempts have failed" if worker.apply_errors else "its worker does not run"
    return Finding(
        "apply-stopped",
        "error",
        case.name,
        f"The {flow.target} takes no rows in: {failed}. {said}".strip(),
        f"{cause} It goes on by itself once the cause is gone.",
    )


def _copy_stopped(case: Case, stream: Stream, name: str, waiting: list[str], worker: _Worker) -> Finding:
    """A table whose copy fails again and again; rows that stand in its way are none of anybody's."""
    target = stream.flow.target_connection
    said = last_error(target, name)
    in_the_way = {table: rows for table, rows in count_rows(target, waiting).items() if rows}
    what = f"The copy of {', '.join(waiting)} fails again and again ({worker.sync_errors} times). {said}".strip()
    mend = None
    if in_the_way:
        named = ", ".join(f"{rows} in {table}" for table, rows in in_the_way.items())
        advice = f"Rows stand in its way: {named}. The {stream.flow.target} is not the owner, so they are left over."
        mend = Mend("remove them", partial(_make_room, case, stream, list(in_the_way)))
    else:
        causes = list(schema_differences(stream.flow.source_connection, target, waiting))
        advice = " ".join(causes) or f"The log of the {stream.flow.target}'s server says why."
    return Finding("copy-stopped", "error", case.name, what, advice, mend)


def _make_room(case: Case, stream: Stream, tables: list[str]) -> None:
    """Remove rows, children first, from a home that is not the owner; tables that others refer to are not truncated."""
    target = stream.flow.target_connection
    fence = fence_of(target)
    with transaction.atomic(using=target.alias), target.cursor() as cursor:
        limit(target, lock_ms=LOCK_MS, idle_ms=LOCK_MS)
        fence.disable(tables)
        for table in reversed(case.tables):
            if table in tables:
                cursor.execute(f"DELETE FROM {target.ops.quote_name(table)}")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with pending checks cannot be altered
        fence.enable(case.name, tables)


def _waiting(case: Case, stream: Stream, name: str) -> Iterator[Finding]:
    """Find who has held a lock for too long that a worker needs; the server tells no lag meanwhile."""
    target, limit_s = stream.flow.target_connection, get_conf().lag_limit_s
    found = _rows(
        target,
        "SELECT extract(epoch FROM clock_timestamp() - l.waitstart)::float, a.pid, a.usename,"
        " coalesce(nullif(a.application_name, ''), 'unnamed'), coalesce(a.state, 'unknown')"
        " FROM pg_stat_subscription w JOIN pg_locks l ON l.pid = w.pid AND NOT l.granted"
        " CROSS JOIN LATERAL unnest(pg_blocking_pids(l.pid)) b JOIN pg_stat_activity a ON a.pid = b"
        " WHERE w.subname = %s AND l.waitstart IS NOT NULL ORDER BY 1 DESC LIMIT 1",
        [name],
    )
    for seconds, pid, role, application, state in found:
        if seconds > limit_s:
            yield Finding(
                "apply-waiting",
                "error",
                case.name,
                f"The {stream.flow.target} has waited for {seconds:.1f} s to take a row in: backend {pid} of role "
                f"{role} ({application}, {state}) holds a lock on it.",
                f"End that transaction: `SELECT pg_terminate_backend({pid})` at {target.alias!r}.",
            )


def _conflicts(case: Case, connection: BaseDatabaseWrapper, name: str) -> Iterator[Finding]:
    """Servers from 18 on count changes that met other rows than expected, and were applied or skipped all the same."""
    kinds = [
        column
        for (column,) in _rows(
            connection,
            "SELECT attname FROM pg_attribute WHERE attrelid = 'pg_stat_subscription_stats'::regclass"
            " AND attname LIKE 'confl_%' ORDER BY attnum",
            [],
        )
    ]
    if not kinds:
        return
    counts = _rows(connection, f"SELECT {', '.join(kinds)} FROM pg_stat_subscription_stats WHERE subname = %s", [name])
    met = {kind.removeprefix("confl_"): count for kind, count in zip(kinds, counts[0], strict=True) if count}
    if met:
        named = ", ".join(f"{count} {kind}" for kind, count in met.items())
        yield Finding(
            "stream-conflicts",
            "warning",
            case.name,
            f"Changes met rows that should not have been there, or missed rows that should: {named}.",
            f"Somebody has written past the fence: `strangler verify {case.name} --repair` compares and mends.",
        )


# -- what the catalogs say -------------------------------------------------------------------------------------------


def _worker(connection: BaseDatabaseWrapper, name: str) -> _Worker | None:
    found = _rows(
        connection,
        "SELECT s.subenabled, EXISTS (SELECT 1 FROM pg_stat_subscription w WHERE w.subid = s.oid AND w.relid IS NULL"
        " AND w.pid IS NOT NULL), coalesce(e.apply_error_count, 0), coalesce(e.sync_error_count, 0)"
        " FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid AND d.datname = current_database()"
        " LEFT JOIN pg_stat_subscription_stats e ON e.subid = s.oid WHERE s.subname = %s",
        [name],
    )
    return _Worker(*found[0]) if found else None


def _tables(connection: BaseDatabaseWrapper, name: str) -> list[tuple[str, str]]:
    """Return the tables that a subscription takes in, and how far each copy is; `r` and `s` have ended it."""
    return _rows(
        connection,
        "SELECT c.relname, r.srsubstate::text FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid"
        " JOIN pg_class c ON c.oid = r.srrelid WHERE s.subname = %s ORDER BY 1",
        [name],
    )


def _copies(connection: BaseDatabaseWrapper, name: str) -> bool:
    """Return whether the copy of a table gets on at this moment."""
    statement = (
        "SELECT count(*) FROM pg_stat_progress_copy p JOIN pg_subscription_rel r ON r.srrelid = p.relid"
        " JOIN pg_subscription s ON s.oid = r.srsubid WHERE s.subname = %s AND p.tuples_processed > 0"
        " AND p.datname = current_database()"
    )
    return bool(_rows(connection, statement, [name])[0][0])


def _rows(connection: BaseDatabaseWrapper, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return list(cursor.fetchall())
