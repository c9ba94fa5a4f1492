"""Whether two homes that stand still hold the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.verify.pair import shape_between, side_of
from strangler.replication.verify.side import Range

_ALL = Range(None, None)


def differing_tables(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """
    Yield the tables whose rows differ in number or content.

    Both sides are read in the caller's transactions and must stand still.
    """
    for table in tables:
        shape = shape_between(source, target, table)
        if side_of(source).digest(shape, _ALL) != side_of(target).digest(shape, _ALL):
            yield table
