"""
Bring a copy into line with its owner, row by row.

Each batch is done while writers wait and nothing is under way to the copy: rows taken from the owner at any other
moment could undo what the stream has brought since. Rows are deleted first and inserted then, in one transaction, so
that unique values may have changed places; the owner is only read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.errors import Refused
from strangler.fence import fence_of
from strangler.replication.silence import may_replicate, silenced
from strangler.replication.stream import Flow, Stream
from strangler.replication.verify.comparison import Pace, Report, differences
from strangler.replication.verify.pair import shapes_between, side_of
from strangler.replication.verify.position import ATTEMPTS, PAUSE_S, VACUUM_MS, Sides, position, standstill
from strangler.replication.verify.record import Tally
from strangler.replication.verify.side import Key, Shape

BATCH_ROWS = 500
TARGET_LOCK_MS = 250
ROWS_MAX = 1_000_000

Batch = list[tuple[Shape, Key]]


def repair(stream: Stream, epoch: int, found: dict[str, Tally], report: Report) -> int:
    """
    Bring the rows of unequal ranges into line, and return how many there were; those that have become equal count not.

    Raises:
        Refused: the copy's tables change rows by themselves, hold too many differences, or cannot take the rows.
    """
    flow = stream.flow
    flow.target_connection.ensure_connection()
    if faults := [*_acting_keys(flow.target_connection, flow.tables)]:
        raise Refused(faults)
    rows = _rows(stream, epoch, found, report)
    done = start = 0
    size = BATCH_ROWS
    while batch := rows[start : start + size]:
        report(Pace(batch[0][0].table, start, len(rows)))
        try:
            done += _patiently(stream, epoch, batch, report)
        except IntegrityError as error:
            if len(batch) == len(rows):
                raise Refused(f"The copy does not take the rows in: {str(error).strip()}") from error
            start, size = 0, 4 * size  # rows that belong together stood apart
        else:
            start += len(batch)
    return done


def _rows(stream: Stream, epoch: int, found: dict[str, Tally], report: Report) -> Batch:
    """Look at the unequal ranges again; parents come before children."""
    flow = stream.flow
    rows: Batch = []
    shapes = shapes_between(flow.source_connection, flow.target_connection, flow.tables)
    with position(stream, epoch, lambda why: report(Pace("", 0, 0, why))) as sides:
        for shape in shapes:
            for keys in found[shape.table].unequal():
                for kind in differences(sides, shape, keys):
                    rows += ((shape, key) for key in kind)
                if len(rows) > ROWS_MAX:
                    raise Refused(
                        f"More than {ROWS_MAX:,} rows are not equal: a new copy is quicker. "
                        f"`strangler cancel {flow.capability}`, then `strangler prepare {flow.capability}`."
                    )
    return rows


def _patiently(stream: Stream, epoch: int, batch: Batch, report: Report) -> int:
    """Try again at a distance while somebody holds locks on the copy's tables."""
    for attempt in range(1, ATTEMPTS + 1):
        done: int | None = None
        try:
            _send_vacuum_away(stream.flow)
            with standstill(stream, epoch, lambda why: report(Pace("", 0, 0, why))):
                done = _bring_into_line(stream.flow, batch)
        except OperationalError as error:
            if done is None and attempt == ATTEMPTS:
                raise Refused(f"The copy's tables could not be locked: {str(error).strip()}. Repeat it.") from error
            report(Pace("", 0, 0, str(error).strip().split("\n")[0]))
        if done is not None:
            return done  # the copy has committed; the owner has nothing to
        time.sleep(PAUSE_S)
    raise AssertionError("unreachable")


def _send_vacuum_away(flow: Flow) -> None:
    """A vacuum that is in the way of a lock ends itself, but only for who has the time to wait."""
    with transaction.atomic(using=flow.target_connection.alias):
        _limit(flow.target_connection, VACUUM_MS)
        fence_of(flow.target_connection).keep_vacuum_out(flow.tables)


def _bring_into_line(flow: Flow, batch: Batch) -> int:
    sides = Sides(side_of(flow.source_connection), side_of(flow.target_connection))
    by_shape: dict[Shape, list[Key]] = {}
    for shape, key in batch:
        by_shape.setdefault(shape, []).append(key)
    with _admitted(flow), flow.target_connection.wrap_database_errors:
        for side in sides:
            side.settle()
        found = {shape: _differing(sides, shape, keys) for shape, keys in by_shape.items()}
        for shape in reversed(found):
            if found[shape]:
                sides.copy.delete(shape, found[shape])
        for shape, keys in found.items():
            if keys:
                sides.copy.insert_from(sides.owner, shape, keys)
        for shape, keys in found.items():
            if keys and (still := _differing(sides, shape, keys)):
                raise Refused(
                    f"{shape.table} of the copy changes rows that it takes in, {', '.join(still[0])} for one: "
                    "look for rules and triggers that are enabled ALWAYS, then repeat."
                )
    return sum(map(len, found.values()))


def _differing(sides: Sides, shape: Shape, keys: list[Key]) -> list[Key]:
    return [key for kind in differences(sides, shape, keys) for key in kind]


@contextmanager
def _admitted(flow: Flow) -> Iterator[None]:
    """
    Write to the copy, while everybody else is refused there as before.

    The locks keep the stream out too: what it brings later than this process thinks must come after what is repaired.
    """
    connection = flow.target_connection
    with transaction.atomic(using=connection.alias):
        _limit(connection, TARGET_LOCK_MS)
        fence_of(connection).lock_out_writers(flow.capability, flow.tables)
        with silenced(connection, flow.tables):
            yield


def _limit(connection: BaseDatabaseWrapper, lock_ms: int) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {lock_ms}")


def _acting_keys(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Yield a sentence per foreign key that deletes or changes rows by itself when a row is deleted."""
    if connection.vendor == "postgresql" and may_replicate(connection):
        return  # nothing fires
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'"
                " AND confdeltype IN ('c', 'n', 'd') AND confrelid = ANY(%s::regclass[]) AND conparentid = 0",
                [[connection.ops.quote_name(table) for table in tables]],
            )
            found = cursor.fetchall()
        else:
            found = []
            for table in tables:
                cursor.execute(
                    'SELECT %s, "from" FROM pragma_foreign_key_list(%s)'
                    " WHERE on_delete NOT IN ('NO ACTION', 'RESTRICT')",
                    [table, table],
                )
                found += cursor.fetchall()
    for table, name in found:
        yield (
            f"The foreign key {name} of {table} changes rows by itself when another is deleted: the copy cannot be "
            "brought into line row by row. Let it have NO ACTION in both homes, then repeat."
        )
