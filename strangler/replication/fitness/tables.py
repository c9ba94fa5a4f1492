"""Whether a table is of a kind whose rows can be brought over one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.fitness.catalog import PRESENT, TREE, ask, quoted

_KINDS = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}


def without_rows(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name what is called a table and holds its rows elsewhere, or for a while only."""
    if connection.vendor == "postgresql":
        query = (
            TREE + "SELECT c.oid::regclass::text, relkind::text, relpersistence::text FROM tree JOIN pg_class c"
            " USING (oid) WHERE relkind NOT IN ('r', 'p') OR relpersistence <> 'p' ORDER BY 1"
        )
        for table, kind, persistence in ask(connection, query, [quoted(connection, tables)]):
            if persistence == "u":
                yield f"{table} is unlogged, and nobody hears of its changes: ALTER TABLE {table} SET LOGGED."
            else:
                what = "temporary" if persistence == "t" else _KINDS.get(kind, "no table")
                yield f"{table} is {what}: its rows are not its own. Move what is behind it, or set managed = False."
        return
    for table, kind, definition in ask(connection, "SELECT name, type, sql FROM sqlite_master"):
        virtual = kind == "table" and (definition or "").upper().startswith("CREATE VIRTUAL")
        if table in tables and (kind == "view" or virtual):
            what = "a virtual table" if virtual else "a view"
            yield f"{table} is {what}: its rows are not its own. Move what is behind it, or set managed = False."


def without_key(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name tables whose rows cannot be told apart: once published, every UPDATE would fail at the source."""
    if connection.vendor == "postgresql":
        query = (
            TREE + "SELECT c.oid::regclass::text, bool_and(indimmediate) FROM tree JOIN pg_class c USING (oid)"
            " LEFT JOIN pg_index i ON i.indrelid = c.oid AND indisprimary WHERE relkind IN ('r', 'p')"
            " GROUP BY c.oid HAVING bool_and(indimmediate) IS NOT TRUE ORDER BY 1"
        )
        for table, immediate in ask(connection, query, [quoted(connection, tables)]):
            if immediate is None:
                yield f"{table} has no primary key, so its changes cannot be followed: add one."
            else:
                yield (
                    f"{table} has a primary key that is checked late, so its changes cannot be followed: make it "
                    "NOT DEFERRABLE."
                )
        return
    query = (
        "SELECT name FROM sqlite_master m WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%%'"
        " AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE pk > 0)"
    )
    for (table,) in ask(connection, query):
        if table in tables:
            yield f"{table} has no primary key, so its changes cannot be followed: add one."


def identified_otherwise(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name tables whose log does not tell rows apart by the primary key."""
    if connection.vendor != "postgresql":
        return
    query = (
        TREE + "SELECT c.oid::regclass::text, relreplident::text FROM tree JOIN pg_class c USING (oid)"
        " WHERE relkind IN ('r', 'p') AND relreplident <> 'd' ORDER BY 1"
    )
    words = {"n": "nothing", "f": "full", "i": "another index"}
    for table, identity in ask(connection, query, [quoted(connection, tables)]):
        yield (
            f"{table} has replica identity {words[identity]}; rows are followed by their primary key: "
            f"ALTER TABLE {table} REPLICA IDENTITY DEFAULT."
        )


def inheriting(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name tables that inherit otherwise than as partitions: their rows are read twice, once as the parent's."""
    if connection.vendor != "postgresql":
        return
    query = (
        "SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits"
        " JOIN pg_class c ON c.oid = inhrelid WHERE NOT c.relispartition AND"
        f" (inhparent IN {PRESENT} OR inhrelid IN {PRESENT}) ORDER BY 1, 2"
    )
    names = quoted(connection, tables)
    for child, parent in ask(connection, query, [names, names]):
        yield (
            f"{child} inherits from {parent} (INHERITS), and its rows would arrive in both: use partitions or Django's "
            "multi-table inheritance."
        )


def hidden_rows(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name tables of which row security would hide rows from the mover's role without a word."""
    if connection.vendor != "postgresql":
        return
    query = (
        TREE + "SELECT c.oid::regclass::text, current_user FROM tree JOIN pg_class c USING (oid)"
        " WHERE row_security_active(c.oid) ORDER BY 1"
    )
    for table, role in ask(connection, query, [quoted(connection, tables)]):
        yield (
            f"Row security keeps rows of {table} in {connection.alias!r} from the role {role}: ALTER ROLE {role} "
            f"BYPASSRLS, or ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY where the role owns it."
        )
