"""Whether both databases mean the same by the types of their columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.fitness.catalog import PRESENT, ask, quoted

_TYPES = f"""
WITH RECURSIVE used(oid) AS (
  SELECT atttypid FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
    AND attrelid IN {PRESENT}
  UNION
  SELECT part FROM used JOIN pg_type t USING (oid) LEFT JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0,
    LATERAL unnest(ARRAY[t.typbasetype, t.typelem, a.atttypid]) AS part WHERE part <> 0
)
SELECT format_type(t.oid, NULL), CASE typtype
  WHEN 'e' THEN 'the labels ' || (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
    FROM pg_enum WHERE enumtypid = t.oid)
  WHEN 'd' THEN 'a domain over ' || format_type(typbasetype, typtypmod) || CASE WHEN typnotnull THEN ' not null' ELSE ''
    END || coalesce(' ' || (SELECT string_agg(pg_get_constraintdef(oid), ' ' ORDER BY pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contypid = t.oid AND contype = 'c'), '')
  WHEN 'c' THEN 'a row of ' || (SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', '
    ORDER BY attnum) FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped)
  WHEN 'r' THEN 'a range of ' || (SELECT format_type(rngsubtype, NULL) FROM pg_range WHERE rngtypid = t.oid)
  END
FROM used JOIN pg_type t USING (oid) WHERE typtype IN ('e', 'd', 'c', 'r')
"""
_COLLATIONS = """
SELECT c.oid::regclass::text, a.attname, coalesce(i.indisprimary, false), NOT l.collisdeterministic,
  CASE WHEN l.collprovider = 'd' THEN {database} ELSE {column} END
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_collation l ON l.oid = a.attcollation JOIN pg_database d ON d.datname = current_database()
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY(i.indkey)
WHERE c.oid IN {present}
"""
_LOCALE = "CASE {0}provider WHEN 'c' THEN {1}collate WHEN 'i' THEN 'icu ' || {1}{2} ELSE {1}{2} END"
_LOCALE_RENAMED = 17
_BY_CODE_POINT = {"C", "POSIX", "C.UTF-8", "C.UTF8", "C.utf8", "PG_UNICODE_FAST"}


def differing_types(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Name types of columns that both databases have under one name and define differently."""
    if source.vendor != "postgresql":
        return
    mine, theirs = (dict(ask(c, _TYPES, [quoted(c, tables)])) for c in (source, target))
    for name in sorted(mine.keys() & theirs.keys()):
        if mine[name] != theirs[name]:
            yield (
                f"The type {name} is {mine[name]} in {source.alias!r} and {theirs[name]} in {target.alias!r}: alter it "
                "until both agree."
            )


def differing_collations(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]
) -> Iterator[str]:
    """
    Name columns that sort or compare differently where that matters.

    It does in primary keys, whose ranges are compared row by row, and where a collation takes different values for
    equal. Other columns are sorted anew by every query, so rows come to no harm.
    """
    if source.vendor != "postgresql":
        return
    mine, theirs = _collations(source, tables), _collations(target, tables)
    for place in sorted(mine.keys() & theirs.keys()):
        here, there = mine[place], theirs[place]
        matters = here.is_key or here.is_fuzzy or there.is_fuzzy
        if matters and here.name != there.name:
            yield (
                f"{place} is collated as {here.name} in {source.alias!r} and as {there.name} in {target.alias!r}: "
                "make the database or the column with one collation on both sides."
            )


@dataclass(frozen=True, slots=True)
class _Collation:
    is_key: bool
    is_fuzzy: bool
    name: str


def _collations(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> dict[str, _Collation]:
    with connection.cursor() as cursor:
        renamed = cursor.connection.info.server_version // 10_000 >= _LOCALE_RENAMED
    locale = "locale" if renamed else "iculocale"
    query = _COLLATIONS.format(
        present=PRESENT,
        database=_LOCALE.format("d.datloc", "d.dat", locale),
        column=_LOCALE.format("l.coll", "l.coll", locale),
    )
    return {
        f"{table}.{column}": _Collation(is_key, is_fuzzy, "C" if name in _BY_CODE_POINT else name)
        for table, column, is_key, is_fuzzy, name in ask(connection, query, [quoted(connection, tables)])
    }


def differing_encodings(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper) -> Iterator[str]:
    """Say when one database can hold text that the other cannot; SQLite converts between all of its encodings."""
    if source.vendor != "postgresql":
        return
    mine, theirs = (ask(c, "SELECT current_setting('server_encoding')")[0][0] for c in (source, target))
    if mine != theirs:
        yield (
            f"{source.alias!r} is encoded in {mine} and {target.alias!r} in {theirs}: make the new database with "
            f"ENCODING '{mine}'."
        )
