"""Whether both homes have the same tables with the same columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.columns import columns_of
from strangler.replication.fitness.catalog import PRESENT, ask, missing, quoted


def differing_columns(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """
    Name tables and columns that only one home has, or has with another type or NOT NULL.

    Defaults may differ: every row that arrives brings all of its values.
    """
    absent = {c.alias: missing(c, tables) for c in (source, target)}
    for table in tables:
        if lacking := [c for c in (source, target) if table in absent[c.alias]]:
            for connection in lacking:
                yield f"{connection.alias!r} has no table {table}: run `migrate` in that home."
            continue
        mine, theirs = columns_of(source, table), columns_of(target, table)
        for name in sorted(mine.keys() | theirs.keys()):
            if mine.get(name) != theirs.get(name):
                yield (
                    f"{table}.{name} is {mine.get(name, 'absent')} in {source.alias!r} and "
                    f"{theirs.get(name, 'absent')} in {target.alias!r}: migrate both homes to one state."
                )


def differing_formulas(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]
) -> Iterator[str]:
    """Name columns that each home generates otherwise; no row that is brought over has them."""
    mine, theirs = _formulas(source, tables), _formulas(target, tables)
    for place in sorted(mine.keys() & theirs.keys()):
        if mine[place] != theirs[place]:
            yield (
                f"{place} is {mine[place]} in {source.alias!r} and {theirs[place]} in {target.alias!r}: migrate both "
                "homes to one state."
            )


def _formulas(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> dict[str, str]:
    if connection.vendor != "postgresql":
        query = "SELECT name, CASE hidden WHEN 2 THEN 'virtual' ELSE 'stored' END FROM pragma_table_xinfo(%s)"
        return {
            f"{table}.{name}": f"generated, {kind}"
            for table in tables
            for name, kind in ask(connection, f"{query} WHERE hidden IN (2, 3)", [table])
        }
    query = (
        "SELECT attrelid::regclass::text, quote_ident(attname), pg_get_expr(adbin, adrelid) FROM pg_attribute"
        " JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attgenerated <> ''"
        f" AND attrelid IN {PRESENT}"
    )
    found = ask(connection, query, [quoted(connection, tables)])
    return {f"{table}.{column}": f"generated as {formula}" for table, column, formula in found}


def differing_counters(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]
) -> Iterator[str]:
    """Name columns whose ids only one home can count on."""
    if source.vendor != "postgresql":
        return
    mine, theirs = _counted(source, tables), _counted(target, tables)
    for place in sorted(mine ^ theirs):
        having, lacking = (source, target) if place in mine else (target, source)
        yield (
            f"{place} counts its ids in {having.alias!r} and not in {lacking.alias!r}: migrate both homes to one state."
        )


def _counted(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> set[str]:
    query = (
        "SELECT c.oid::regclass::text, quote_ident(attname) FROM pg_class c JOIN pg_attribute ON attrelid = c.oid"
        f" AND attnum > 0 AND NOT attisdropped WHERE c.oid IN {PRESENT}"
        " AND pg_get_serial_sequence(c.oid::regclass::text, attname) IS NOT NULL"
    )
    return {f"{table}.{column}" for table, column in ask(connection, query, [quoted(connection, tables)])}
