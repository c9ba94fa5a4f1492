"""Foreign keys across the border, which no two databases can keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.fitness.catalog import TREE, ask, quoted


def crossing_keys(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name foreign keys from the capability's tables to others, and from others to them."""
    keys_of = _postgresql if connection.vendor == "postgresql" else _sqlite
    for table, key, other in keys_of(connection, tables):
        yield f"{table} has the foreign key {key} to {other} across the border: replace it by a plain id."


def _postgresql(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> list[tuple[str, ...]]:
    query = (
        TREE + "SELECT conrelid::regclass::text, conname, confrelid::regclass::text FROM pg_constraint"
        " WHERE contype = 'f' AND conparentid = 0 AND confrelid IS NOT NULL AND"
        " (EXISTS (SELECT FROM tree WHERE oid = confrelid)) <> (EXISTS (SELECT FROM tree WHERE oid = conrelid))"
        " ORDER BY 1, 2"
    )
    return ask(connection, query, [quoted(connection, tables)])


def _sqlite(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> list[tuple[str, ...]]:
    query = (
        'SELECT m.name, k."from", k."table" FROM sqlite_master m, pragma_foreign_key_list(m.name) k'
        " WHERE m.type = 'table' ORDER BY 1, 2"
    )
    found = ask(connection, query)
    return [(table, f"on {column}", other) for table, column, other in found if (table in tables) != (other in tables)]
