"""Whether one home refuses rows that the other accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.fitness.catalog import PRESENT, ask, quoted

_CHECKS = (
    "SELECT conrelid::regclass::text, regexp_replace(pg_get_constraintdef(oid), ' NOT VALID$', '') FROM pg_constraint"
    f" WHERE contype IN ('c', 'x', 'f') AND conrelid IN {PRESENT}"
)
_UNIQUE = (
    "SELECT i.indrelid::regclass::text, 'UNIQUE ' || regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '')"
    " || CASE WHEN i.indimmediate THEN '' ELSE ' DEFERRABLE' END FROM pg_index i"
    f" WHERE i.indisunique AND i.indisvalid AND i.indrelid IN {PRESENT}"
)
_BOUNDS = (
    "SELECT inhparent::regclass::text, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits"
    " JOIN pg_class c ON c.oid = inhrelid WHERE c.relispartition"
    f" AND inhparent IN {PRESENT}"
)


def differing_constraints(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]
) -> Iterator[str]:
    """Name constraints and unique indexes, by what they demand, that only one home has; names may differ."""
    mine, theirs = _constraints(source, tables), _constraints(target, tables)
    for table, demand in sorted(mine ^ theirs):
        having, lacking = (source, target) if (table, demand) in mine else (target, source)
        yield (
            f"{table} demands {demand} in {having.alias!r} and not in {lacking.alias!r}, so one home would refuse rows "
            "of the other: migrate both homes to one state."
        )


def _constraints(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> set[tuple[str, str]]:
    if connection.vendor == "postgresql":
        names = quoted(connection, tables)
        return {(table, demand) for query in (_CHECKS, _UNIQUE) for table, demand in ask(connection, query, [names])}
    return {(table, demand) for table in tables for demand in _of_sqlite(connection, table)}


def _of_sqlite(connection: BaseDatabaseWrapper, table: str) -> Iterator[str]:
    indexes = "SELECT l.name, m.sql FROM pragma_index_list(%s) l LEFT JOIN sqlite_master m ON m.name = l.name"
    for index, definition in ask(connection, f'{indexes} WHERE l."unique"', [table]):
        parts = ask(
            connection, "SELECT coalesce(name, '?'), coll FROM pragma_index_xinfo(%s) WHERE key ORDER BY seqno", [index]
        )
        columns = ", ".join(name if coll == "BINARY" else f"{name} {coll}" for name, coll in parts)
        _, where, condition = (definition or "").partition(" WHERE ")
        yield f"UNIQUE ({columns}){where}{condition}"
    keys = 'SELECT "from", "table", "to" FROM pragma_foreign_key_list(%s)'
    for column, other, to in ask(connection, keys, [table]):
        yield f"FOREIGN KEY ({column}) REFERENCES {other} ({to})"
    for (definition,) in ask(connection, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", [table]):
        yield from checks_in(definition)


def checks_in(definition: str) -> Iterator[str]:
    """Yield the CHECK clauses of a CREATE TABLE statement, names and spaces left aside."""
    for found in re.finditer(r"\bCHECK\s*\(", definition, re.IGNORECASE):
        depth, place = 1, found.end()
        while depth and place < len(definition):
            depth += {"(": 1, ")": -1}.get(definition[place], 0)
            place += 1
        yield "CHECK (" + " ".join(definition[found.end() : place - 1].split()) + ")"


def missing_partitions(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]
) -> Iterator[str]:
    """Name ranges and lists for which the other home has no partition, and no default one either."""
    if source.vendor != "postgresql":
        return
    bounds = {c.alias: set(ask(c, _BOUNDS, [quoted(c, tables)])) for c in (source, target)}
    for here, there in ((source, target), (target, source)):
        for table, bound in sorted(bounds[here.alias] - bounds[there.alias]):
            if bound != "DEFAULT" and (table, "DEFAULT") not in bounds[there.alias]:
                yield f"{table} has no partition {bound} in {there.alias!r}, and {here.alias!r} has: make one."
