"""Rows where none should be before the first copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.copy import count_rows
from strangler.replication.fitness.catalog import missing


def leftovers(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name tables that hold rows already: a copy would meet them, or wipe out what somebody still needs."""
    absent = missing(connection, tables)
    for table, count in count_rows(connection, [t for t in tables if t not in absent]).items():
        if count:
            yield (
                f"{table} in {connection.alias!r} holds {count:,} rows already: save what is needed, then empty it "
                f"(DELETE FROM {connection.ops.quote_name(table)})."
            )
