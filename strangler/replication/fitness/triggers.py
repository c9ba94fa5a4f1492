"""Triggers of the tables' own that would change rows while they arrive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.fitness.catalog import TREE, ask, quoted


def firing_triggers(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """
    Name triggers that fire for rows that arrive.

    Plain ones do not: they have fired where the row was written, and what they did arrives with it.
    """
    if connection.vendor != "postgresql":
        return
    query = (
        TREE + "SELECT tgrelid::regclass::text, quote_ident(tgname), tgenabled::text FROM tree"
        " JOIN pg_trigger ON tgrelid = tree.oid WHERE NOT tgisinternal AND tgenabled IN ('A', 'R')"
        " AND NOT starts_with(tgname, 'strangler_') ORDER BY 1, 2"
    )
    for table, trigger, mode in ask(connection, query, [quoted(connection, tables)]):
        when = "ALWAYS" if mode == "A" else "REPLICA"
        yield (
            f"The trigger {trigger} of {table} in {connection.alias!r} is enabled as {when} and fires for rows that "
            f"arrive as well: ALTER TABLE {table} ENABLE TRIGGER {trigger}."
        )
