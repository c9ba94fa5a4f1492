"""What fits the kind of database that both homes run on."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.errors import Refused
from strangler.replication.verify import postgresql, sqlite
from strangler.replication.verify.side import Shape, Side


def side_of(connection: BaseDatabaseWrapper) -> Side:
    """Return the rows that *connection* sees."""
    kind = postgresql.PostgreSQLSide if connection.vendor == "postgresql" else sqlite.SQLiteSide
    return kind(connection)


def shapes_between(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]) -> list[Shape]:
    """
    Return how the tables' rows are compared.

    Raises:
        Refused: a table has no primary key.
    """
    shapes = [shape_between(source, target, table) for table in tables]
    if keyless := [shape.table for shape in shapes if not shape.key]:
        raise Refused([f"{table} has no primary key: its rows cannot be told apart. Give it one." for table in keyless])
    return shapes


def shape_between(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, table: str) -> Shape:
    """Return how a table's rows are compared; its key is empty when it has none."""
    if source.vendor == "postgresql":
        return postgresql.shape_of(source, target, table)
    return sqlite.shape_of(source, table)
