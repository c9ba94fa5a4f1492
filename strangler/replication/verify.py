"""Whether two homes hold the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.columns import quoted_columns


def differing_tables(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """
    Yield the tables whose rows differ in number or content.

    Both sides are read in the caller's transactions and must stand still.
    """
    same = _same_hash if source.vendor == "postgresql" else _same_rows
    for table in tables:
        if not same(source, target, table):
            yield table


def _same_hash(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, table: str) -> bool:
    """Compare count and sum of row hashes, over the text form so that it holds across server versions."""
    columns = quoted_columns(source, table)
    sums = []
    for connection in (source, target):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*), sum(hashtextextended(ROW({columns})::text, 0)::numeric)"
                f" FROM {connection.ops.quote_name(table)}"
            )
            sums.append(cursor.fetchone())
    return bool(sums[0] == sums[1])


def _same_rows(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, table: str) -> bool:
    columns = quoted_columns(source, table)
    query = f"SELECT {columns} FROM {source.ops.quote_name(table)} ORDER BY {columns}"

    def rows(connection: BaseDatabaseWrapper) -> Iterator[tuple[Any, ...]]:
        rows: Iterator[tuple[Any, ...]] = connection.connection.execute(query)
        return rows

    return all(mine == theirs for mine, theirs in zip_longest(rows(source), rows(target)))
