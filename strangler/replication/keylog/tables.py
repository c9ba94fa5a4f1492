"""What the keylog must know of a table, as the database tells it now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

_FIRST_OWN_TYPE = 16384
"""A type made in a database may have no binary form, or one that other servers do not share."""


@dataclass(frozen=True, slots=True)
class Table:
    """
    One table whose rows are brought over.

    Attributes:
        columns: that are stored, in a stable order; generated ones are left out.
        key: columns of the primary key.
        types: of the key's columns.
        rows: what a statement reads the table's own rows from.
        binary: whether its values mean the same on another server in binary form.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    types: tuple[str, ...]
    rows: str
    binary: bool = True


def read_tables(connection: BaseDatabaseWrapper, names: Iterable[str]) -> dict[str, Table]:
    """Return *names* with what the catalog says of them, in the given order; those that do not exist are left out."""
    names = list(names)
    found = (_postgresql if connection.vendor == "postgresql" else _sqlite)(connection, names)
    return {name: found[name] for name in names if name in found}


def with_heirs(connection: BaseDatabaseWrapper, names: Sequence[str]) -> list[str]:
    """Return *names*, each followed by the tables that inherit from it; partitions are part of their table."""
    if connection.vendor != "postgresql":
        return list(names)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE tree(top, oid, depth) AS (SELECT n, t::regclass::oid, 0"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS named(t, n)"
            " UNION SELECT top, inhrelid, depth + 1 FROM pg_inherits JOIN tree ON inhparent = tree.oid)"
            " SELECT relname FROM tree JOIN pg_class USING (oid) WHERE NOT relispartition"
            " GROUP BY relname ORDER BY min(top), min(depth), relname",
            [[connection.ops.quote_name(name) for name in existing(connection, names)]],
        )
        return [name for (name,) in cursor.fetchall()]


def existing(connection: BaseDatabaseWrapper, names: Sequence[str]) -> list[str]:
    """Return those of *names* that are tables."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            quoted = {connection.ops.quote_name(name): name for name in names}
            cursor.execute("SELECT n FROM unnest(%s::text[]) AS n WHERE to_regclass(n) IS NOT NULL", [list(quoted)])
            found = {quoted[name] for (name,) in cursor.fetchall()}
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            found = {name for (name,) in cursor.fetchall()}
    return [name for name in names if name in found]


def row_counts(connection: BaseDatabaseWrapper, names: Sequence[str]) -> dict[str, int]:
    """Return how many rows each table has: PostgreSQL's last estimate, where there is one."""
    counts = {}
    with connection.cursor() as cursor:
        for name, table in read_tables(connection, names).items():
            estimate = -1
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [connection.ops.quote_name(name)]
                )
                (estimate,) = cursor.fetchone()
            if estimate < 0:
                cursor.execute(f"SELECT count(*) FROM {table.rows}")
                (estimate,) = cursor.fetchone()
            counts[name] = estimate
    return counts


def _postgresql(connection: BaseDatabaseWrapper, names: Sequence[str]) -> dict[str, Table]:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.relkind = 'p', array_agg(a.attname ORDER BY a.attname),"
            " array_agg(a.attname ORDER BY k.place) FILTER (WHERE k.place IS NOT NULL),"
            " array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY k.place) FILTER (WHERE k.place IS NOT NULL),"
            f" bool_and(a.atttypid < {_FIRST_OWN_TYPE} AND v.typsend <> 0)"
            " FROM unnest(%s::text[]) AS n JOIN pg_class c ON c.oid = to_regclass(n)"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
            " JOIN pg_type v ON v.oid = a.atttypid"
            " LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
            " LEFT JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place) ON k.attnum = a.attnum"
            " GROUP BY 1, 2",
            [[quote(name) for name in names]],
        )
        return {
            name: Table(
                name,
                tuple(columns),
                tuple(key or ()),
                tuple(types or ()),
                quote(name) if partitioned else f"ONLY {quote(name)}",
                binary,
            )
            for name, partitioned, columns, key, types, binary in cursor.fetchall()
        }


def _sqlite(connection: BaseDatabaseWrapper, names: Sequence[str]) -> dict[str, Table]:
    found = {}
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute("SELECT name, type, pk FROM pragma_table_info(%s) ORDER BY name", [name])
            columns = cursor.fetchall()
            key = sorted((place, column, type_) for column, type_, place in columns if place)
            if columns:
                found[name] = Table(
                    name,
                    tuple(column for column, _, _ in columns),
                    tuple(column for _, column, _ in key),
                    tuple(type_ for _, _, type_ in key),
                    connection.ops.quote_name(name),
                )
    return found
