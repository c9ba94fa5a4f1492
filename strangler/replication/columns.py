"""The columns of a table as its database knows them."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper


def columns_of(connection: BaseDatabaseWrapper, table: str) -> dict[str, str]:
    """Return the stored columns, name to type, in a stable order; generated columns are left out."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT attname, format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END"
                " FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " AND attgenerated = '' ORDER BY attname",
                [connection.ops.quote_name(table)],
            )
        else:
            cursor.execute(
                "SELECT name, lower(type) || CASE WHEN \"notnull\" THEN ' not null' ELSE '' END"
                " FROM pragma_table_info(%s) ORDER BY name",
                [table],
            )
        return dict(cursor.fetchall())


def quoted_columns(connection: BaseDatabaseWrapper, table: str) -> str:
    """Return the stored columns as a list for a statement."""
    return ", ".join(connection.ops.quote_name(name) for name in columns_of(connection, table))
