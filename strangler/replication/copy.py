"""What every mover needs to know and do about the rows of a home, and how it says that time is up."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.errors import StranglerError


class TooSlow(StranglerError):
    """The target has not caught up within the time that writers may wait."""


def count_rows(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> dict[str, int]:
    """Return the exact number of rows per table."""
    counts = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
            counts[table] = cursor.fetchone()[0]
    return counts


def empty(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    """Remove every row of *tables*, in the caller's transaction; the fence must be disabled."""
    quoted = [connection.ops.quote_name(t) for t in tables]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(quoted)}")
        else:
            for table in reversed(quoted):
                cursor.execute(f"DELETE FROM {table}")
