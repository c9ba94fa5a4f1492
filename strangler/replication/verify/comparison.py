"""Compare range by range, and row by row where a range is not equal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from strangler.replication.stream import Stream
from strangler.replication.verify.pair import shapes_between, side_of
from strangler.replication.verify.position import Sides, position
from strangler.replication.verify.record import KINDS, Record, Tally
from strangler.replication.verify.side import Key, Keys, Range, Shape

RANGE_ROWS = 25_000
UNSORTED_TIMES = 8
"""Each range of a table without an index in the right order reads the whole table: they are as many times longer."""
POSITION_S = 10.0
"""A snapshot keeps old rows from being cleaned up, and an emptied table from being emptied: none lasts longer."""
SAVE_S = 0.25
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Pace:
    """How far it is; *total* is an estimate. *waiting*: why nothing moves just now."""

    table: str
    rows: int
    total: int
    waiting: str = ""


Report = Callable[[Pace], None]


def compare(stream: Stream, record: Record, report: Report, *, range_rows: int = RANGE_ROWS) -> None:
    """
    Compare all that *record* has not seen yet, and keep in it what was found.

    Raises:
        Refused: a table has no key, no moment was found, the capability has moved, or another process goes on.
    """
    flow = stream.flow
    shapes = {s.table: s for s in shapes_between(flow.source_connection, flow.target_connection, flow.tables)}
    flow.source_connection.ensure_connection()
    total = sum(map(side_of(flow.source_connection).estimate, flow.tables))

    def tell(waiting: str = "") -> None:
        report(Pace(record.table or "", record.rows, max(total, record.rows), waiting))

    while record.table is not None:
        with position(stream, record.row.epoch, tell) as sides:
            ends = time.monotonic() + POSITION_S
            saved = 0.0
            while record.table is not None:
                shape, tally = shapes[record.table], record.tables[record.table]
                record.passed(compare_range(sides, shape, record.after, tally, range_rows))
                if time.monotonic() - saved > SAVE_S:
                    record.save()
                    saved = time.monotonic()
                tell()
                if time.monotonic() > ends:
                    break
        record.save()


def compare_range(sides: Sides, shape: Shape, after: Key | None, tally: Tally, rows: int) -> Key | None:
    """Compare the next range after a key; return its last key, or None when it was the table's last range."""
    size = rows if shape.indexed else UNSORTED_TIMES * rows
    ends = [end for end in sides.each(lambda side: side.border(shape, after, size)) if end is not None]
    upto = sides.owner.lower(shape, ends[0], ends[-1]) if ends else None
    keys = Range(after, upto)
    mine, theirs = sides.each(lambda side: side.digest(shape, keys))
    tally.rows += mine[0]
    if mine != theirs:
        tally.ranges.append([None if key is None else list(key) for key in keys])
        for kind, differing in zip(KINDS, differences(sides, shape, keys), strict=True):
            setattr(tally, kind, getattr(tally, kind) + len(differing))
            shown = tally.keys.setdefault(kind, [])
            shown += map(sides.owner.readable, differing[: SHOWN - len(shown)])
    return upto


def differences(sides: Sides, shape: Shape, keys: Keys) -> tuple[list[Key], list[Key], list[Key]]:
    """Return the keys of the rows that are missing at the copy, extra there, and different."""
    mine, theirs = sides.each(lambda side: side.rows(shape, keys))
    return (
        _only(mine, lambda key: key not in theirs),
        _only(theirs, lambda key: key not in mine),
        _only(mine, lambda key: key in theirs and mine[key] != theirs[key]),
    )


def _only(keys: Iterable[Key], wanted: Callable[[Key], bool]) -> list[Key]:
    return [key for key in keys if wanted(key)]
