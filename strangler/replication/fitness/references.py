"""Columns that say no more than an id of something that another database does not have, or has otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.fitness.catalog import TREE, ask, quoted

_BASES = (
    "WITH RECURSIVE bases(type, base) AS (SELECT oid, oid FROM pg_type"
    " UNION SELECT type, CASE WHEN typtype = 'd' THEN typbasetype ELSE typelem END FROM bases"
    " JOIN pg_type t ON t.oid = base WHERE typtype = 'd' OR (typcategory = 'A' AND typelem <> 0)), "
)
"""Every type beside what it is made of: a domain over a type, an array of it."""


def object_numbers(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name columns of large objects, and of numbers that a database gives to its own objects."""
    if connection.vendor != "postgresql":
        return
    query = (
        _BASES + TREE.removeprefix("WITH RECURSIVE ") + "SELECT attrelid::regclass::text, quote_ident(attname),"
        " format_type(atttypid, NULL), bool_or(base = 'oid'::regtype) FROM tree"
        " JOIN pg_attribute ON attrelid = tree.oid JOIN bases ON type = atttypid"
        " WHERE attnum > 0 AND NOT attisdropped AND (base = 'oid'::regtype OR format_type(base, NULL) ~ '^reg[a-z]+$')"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2"
    )
    for table, column, kind, large in ask(connection, query, [quoted(connection, tables)]):
        if large:
            yield f"{table}.{column} refers to a large object, which is no row: store the bytes elsewhere."
        else:
            yield f"{table}.{column} ({kind}) is the number of an object of one database alone: store a name."
