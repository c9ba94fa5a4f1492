"""How a check asks a database what its tables are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

TREE = (
    "WITH RECURSIVE tree(oid) AS (SELECT to_regclass(name)::oid FROM unnest(%s::text[]) AS name"
    " UNION SELECT inhrelid FROM pg_inherits JOIN tree ON inhparent = oid) "
)
"""The tables of the first parameter that exist, and every partition or inheriting table below them."""
PRESENT = "(SELECT to_regclass(name) FROM unnest(%s::text[]) AS name)"
"""Those tables of a parameter that exist."""


def ask(connection: BaseDatabaseWrapper, statement: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of one query."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        return list(cursor.fetchall())


def quoted(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> list[str]:
    """Return the names as the database reads them."""
    return [connection.ops.quote_name(table) for table in tables]


def missing(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> set[str]:
    """Return those of *tables* that do not exist as anything that can be read."""
    if connection.vendor == "postgresql":
        names = quoted(connection, tables)
        found = ask(connection, "SELECT to_regclass(name) IS NULL FROM unnest(%s::text[]) AS name", [names])
        return {table for table, (absent,) in zip(tables, found, strict=True) if absent}
    present = {name for (name,) in ask(connection, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    return set(tables) - present
