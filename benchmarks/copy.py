"""
The first copy of a table by each mover, on a real PostgreSQL: two databases of one server, rows of about 200 bytes.

The peer is what one would write by hand: COPY out of one database into the other, in binary, which knows nothing of
rows that change meanwhile. `verify` compares the copy that `logical` has made, with its stream running. After every
copy the servers are asked for the number of rows and a sum over all of them, and the run ends if they differ. With
--record the figures are kept as docs/evidence/rows-copied.json.
Run: python -m benchmarks.copy [--rows 1000000] [--rounds 3] [--record]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.harness import commit, table
from benchmarks.large_table import ALIASES, TABLE, do, fill, two_databases
from tests.support.evidence import record as keep
from tests.support.processes import eventually

PATIENCE_S = 3_600.0
SOURCE, TARGET = ALIASES
SUM = f"SELECT count(*), sum(hashtextextended({TABLE}::text, 0)::numeric)::text FROM {TABLE}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="keep the figures under docs/evidence/")
    given = parser.parse_args()
    ways: dict[str, Callable[[], dict[str, float]]] = {
        "COPY by hand": by_hand,
        "logical": lambda: by_stream("logical"),
        "keylog": lambda: by_stream("keylog"),
    }
    seconds: dict[str, list[float]] = {}
    with two_databases():
        fill(SOURCE, given.rows)
        for _ in range(given.rounds):
            for way, run in ways.items():
                for what, taken in run().items():
                    seconds.setdefault(f"{way}: {what}", []).append(taken)
                do(TARGET, f"TRUNCATE {TABLE}")
    medians = {way: statistics.median(taken) for way, taken in seconds.items()}
    print(f"commit {commit()}, {given.rows:,} rows, medians of {given.rounds} rounds\n")
    rows = [[way, f"{given.rows / median:,.0f}", f"{median:.2f}"] for way, median in medians.items()]
    print(table(["way", "rows/s", "seconds"], rows))
    if given.record:
        keep("rows-copied", seed=0, rows=given.rows, rounds=given.rounds, seconds=medians)


def by_hand() -> dict[str, float]:
    """One connection to each database, and what the one gives goes into the other."""
    began = time.perf_counter()
    with (
        _cursor(SOURCE) as source,
        _cursor(TARGET) as target,
        source.copy(f"COPY {TABLE} TO STDOUT (FORMAT binary)") as out,
        target.copy(f"COPY {TABLE} FROM STDIN (FORMAT binary)") as into,
    ):
        for block in out:
            into.write(block)
    taken = time.perf_counter() - began
    _assert_equal()
    return {"copy": taken}


def by_stream(kind: str) -> dict[str, float]:
    """Armed first, so that what changes meanwhile is not missed; until the table is in step."""
    from strangler.replication import stream_of

    stream = stream_of(kind, _flow())
    try:
        stream.arm()
        began = time.perf_counter()
        stream.start(copy=True)
        eventually(lambda: stream.progress().done, what="the table is in step", timeout_s=PATIENCE_S, every_s=0.05)
        figures = {"copy": time.perf_counter() - began}
        _assert_equal()
        if kind == "logical":
            figures["verify afterwards"] = _verify(stream)
    finally:
        stream.stop()
    return figures


def _verify(stream: Any) -> float:
    from strangler.replication.verify import Record, compare

    began = time.perf_counter()
    record = Record.begin(stream.flow, 1, stream=0, actor="benchmark")
    compare(stream, record, lambda _: None)
    record.finish()
    if found := record.tables[TABLE].differences:
        raise SystemExit(f"verify finds {found} differences between equal tables")
    return time.perf_counter() - began


def _flow() -> Any:
    from strangler.replication import Flow
    from strangler.state.connection import connection_of

    ends = (connection_of("sample", "monolith"), connection_of("sample", "service"))
    return Flow("sample", "monolith", "service", (TABLE,), *ends)


def _cursor(alias: str) -> Any:
    """Return a cursor of the driver's own."""
    from django.db import connections

    connections[alias].ensure_connection()
    return connections[alias].connection.cursor()


def _assert_equal() -> None:
    found = []
    for alias in ALIASES:
        with _cursor(alias) as cursor:
            found.append(cursor.execute(SUM).fetchone())
    if found[0] != found[1]:
        raise SystemExit(
            f"the figures are worth nothing: {found[0]} rows and sum at the source, {found[1]} at the copy"
        )


if __name__ == "__main__":
    main()
