"""Whether two homes' tables can hold the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.columns import columns_of


def schema_differences(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]
) -> Iterator[str]:
    """Yield a sentence per table or column in which *target* differs from *source*."""
    there = set(target.introspection.table_names())
    for table in tables:
        if table not in there:
            yield f"{target.alias!r} has no table {table}: run the service's `migrate`."
            continue
        mine, theirs = columns_of(source, table), columns_of(target, table)
        for name in sorted(mine.keys() | theirs.keys()):
            if mine.get(name) != theirs.get(name):
                yield (
                    f"{table}.{name} is {mine.get(name, 'absent')} in {source.alias!r} and "
                    f"{theirs.get(name, 'absent')} in {target.alias!r}: migrate both homes to one state."
                )


def unsupported(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Yield a sentence per table that a move cannot take along, with the reason."""
    if connection.vendor != "postgresql":
        return
    names = list(tables)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, confrelid::regclass::text FROM pg_constraint"
            " WHERE contype = 'f' AND ((confrelid = ANY(%s::regclass[])) <> (conrelid = ANY(%s::regclass[])))",
            [names, names],
        )
        for table, constraint, other in cursor.fetchall():
            yield f"{table} has the foreign key {constraint} to {other} across the border: replace it by a plain id."
        cursor.execute(
            "SELECT attrelid::regclass::text, attname FROM pg_attribute"
            " WHERE attrelid = ANY(%s::regclass[]) AND attnum > 0 AND atttypid = 'oid'::regtype",
            [names],
        )
        for table, column in cursor.fetchall():
            yield f"{table}.{column} refers to a large object, which is no row: store the bytes elsewhere."
