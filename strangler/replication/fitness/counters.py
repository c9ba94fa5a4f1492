"""Counters that give out ids: a move lets them leap ahead, for which it must find them and they must be its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.fitness.catalog import TREE, ask, quoted


def hidden_counters(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name defaults that draw from a sequence which only their text names, so that no catalog leads to it."""
    if connection.vendor != "postgresql":
        return
    query = (
        TREE + "SELECT adrelid::regclass::text, quote_ident(attname) FROM tree JOIN pg_attrdef d ON adrelid = tree.oid"
        " JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum"
        " WHERE attgenerated = '' AND pg_get_expr(adbin, adrelid) ~ 'nextval\\(' AND NOT EXISTS (SELECT FROM pg_depend"
        " JOIN pg_class s ON s.oid = refobjid AND relkind = 'S' WHERE classid = 'pg_attrdef'::regclass"
        " AND objid = d.oid AND refclassid = 'pg_class'::regclass) ORDER BY 1, 2"
    )
    for table, column in ask(connection, query, [quoted(connection, tables)]):
        yield (
            f"{table}.{column} draws from a sequence that only the text of its default names: write it as "
            "nextval('name'::regclass), so that it can be found."
        )


def shared_counters(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name sequences that give ids to the capability's tables and to others, which would then count apart."""
    if connection.vendor != "postgresql":
        return
    query = (
        TREE + ", users(sequence, relid) AS (SELECT refobjid, adrelid FROM pg_depend d JOIN pg_attrdef f"
        " ON f.oid = objid WHERE d.classid = 'pg_attrdef'::regclass AND refclassid = 'pg_class'::regclass"
        " UNION SELECT objid, refobjid FROM pg_depend WHERE classid = 'pg_class'::regclass"
        " AND refclassid = 'pg_class'::regclass AND refobjsubid > 0 AND deptype IN ('a', 'i'))"
        " SELECT DISTINCT mine.relid::regclass::text, c.oid::regclass::text, other.relid::regclass::text"
        " FROM users mine JOIN users other USING (sequence) JOIN pg_class c ON c.oid = sequence AND relkind = 'S'"
        " WHERE EXISTS (SELECT FROM tree WHERE oid = mine.relid)"
        " AND NOT EXISTS (SELECT FROM tree WHERE oid = other.relid)"
        " ORDER BY 1, 2, 3"
    )
    for table, sequence, other in ask(connection, query, [quoted(connection, tables)]):
        yield f"{table} shares the sequence {sequence} with {other} across the border: give each a sequence of its own."
