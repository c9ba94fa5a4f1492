"""
Comparing two copies of a table exactly, on a real PostgreSQL: two databases of one server, rows of about 200 bytes.

"verify" is `strangler verify`; "md5" has the servers sum up md5 instead, over the same ranges; "fetch" brings all rows
here and compares them. "1 in 1,000" has that many rows changed at the copy, all over it, so that nearly every range is
looked at row by row. All find the same differences, or the run ends.
Run: python -m benchmarks.verify [--rows 1000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from benchmarks.harness import commit, table
from benchmarks.large_table import ALIASES, TABLE, do, fill, two_databases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with two_databases():
        for alias in ALIASES:
            fill(alias, given.rows)
        rows = _measure("equal", 0, given)
        rows += _measure("1 in 1,000 differ", _spoil(), given)
    print(f"commit {commit()}, {given.rows:,} rows, medians of {given.rounds} rounds\n")
    print(table(["rows, way", "rows/s", "seconds"], rows))


def _spoil() -> int:
    return do("sample_service", f"UPDATE {TABLE} SET stock = -1 WHERE id % 1000 = 0")


def _measure(name: str, differing: int, given: argparse.Namespace) -> list[list[str]]:
    """Run all ways in turn, after one round of warming up, so that a busy moment meets everybody."""
    ways: dict[str, Callable[[], int]] = {"verify": verify, "md5": md5, "fetch": fetch}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(given.rounds + 1):
        for way, compare in ways.items():
            began = time.perf_counter()
            found = compare()
            if turn:
                seconds[way].append(time.perf_counter() - began)
            if found != differing:
                raise SystemExit(f"{way} finds {found} differences; there are {differing}")
    medians = {way: statistics.median(times) for way, times in seconds.items()}
    return [[f"{name}, {way}", f"{given.rows / median:,.0f}", f"{median:.2f}"] for way, median in medians.items()]


def verify() -> int:
    """As the command does it."""
    from strangler.replication.verify import Record, compare

    stream = _stream()
    record = Record.begin(stream.flow, 1, stream=0, actor="benchmark")
    compare(stream, record, lambda _: None)
    record.finish()
    return record.tables[TABLE].differences


def md5() -> int:
    """The same ranges, with the hash that everybody takes; only the sides' statements differ."""
    from strangler.replication.verify.postgresql import PostgreSQLSide

    usual = PostgreSQLSide._hash
    PostgreSQLSide._hash = lambda side, shape: (
        f"('x' || left(md5(ROW({side._columns(shape)})::text), 16))::bit(64)::bigint"
    )
    try:
        return verify()
    finally:
        PostgreSQLSide._hash = usual


def fetch() -> int:
    """Both sides' rows by server-side cursors, in the order of the key."""
    import psycopg
    from django.db import connections

    differing = 0
    with (
        psycopg.connect(**_address(connections["default"])) as here,
        psycopg.connect(**_address(connections["sample_service"])) as there,
        here.cursor("mine") as mine,
        there.cursor("theirs") as theirs,
    ):
        for cursor in (mine, theirs):
            cursor.itersize = 25_000
            cursor.execute(f"SELECT * FROM {TABLE} ORDER BY id")
        while (some := mine.fetchmany(25_000)) + (others := theirs.fetchmany(25_000)):
            differing += sum(one != other for one, other in zip(some, others, strict=True))
    return differing


def _address(connection: object) -> dict[str, object]:
    given = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {name: given[key] for name, key in names.items()}


def _stream() -> object:
    from strangler.replication import Flow
    from strangler.state.connection import connection_of
    from tests.integration.replication.verify.still import Still

    ends = (connection_of("sample", "monolith"), connection_of("sample", "service"))
    return Still(Flow("sample", "monolith", "service", (TABLE,), *ends))


if __name__ == "__main__":
    main()
