"""A home's rows on PostgreSQL: ranges are hashed by the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.columns import columns_of
from strangler.replication.verify.side import Key, KeyColumn, Keys, Range, Shape, Side

_NUMBERS = frozenset(("smallint", "integer", "bigint", "numeric", "real", "double precision"))
_TIMES = frozenset(("date", "time without time zone", "timestamp without time zone", "timestamp with time zone"))
_PLAIN = _NUMBERS | _TIMES | {"boolean", "uuid", "bytea"}
"""Types that every server orders alike."""
_TEXTS = frozenset(("text", "character varying", "character"))
# Texts of values must not depend on how a role or a database is set up; a plan must not be compiled for each range,
# nor read a whole table for one because nobody has counted its rows yet.
_ALIKE = (
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres';"
    " SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL xmlbinary = 'base64';"
    " SET LOCAL jit = off; SET LOCAL enable_seqscan = off"
)


class PostgreSQLSide(Side):
    """Rows in a PostgreSQL database; the texts of rows are hashed, which are the same in every version."""

    def begin(self) -> None:
        """Take a snapshot."""
        self.connection.ensure_connection()
        raw = self.connection.connection
        raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self.settle()
        raw.execute("SELECT pg_current_snapshot()")  # the first query takes it

    def settle(self) -> None:
        """Let texts of values look alike everywhere until the transaction ends."""
        self.connection.connection.execute(_ALIKE)

    def quote(self, name: str) -> str:
        """Return a name for a statement with values, in which a percent sign stands for one."""
        return super().quote(name).replace("%", "%%")

    def estimate(self, table: str) -> int:
        """Trust the server's statistics when there are some."""
        name = super().quote(table)
        known: int = self._one("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [name])[0]
        return known if known > 0 else int(self._one(f"SELECT count(*) FROM {self.quote(table)}", [])[0])

    def border(self, shape: Shape, after: Key | None, rows: int) -> Key | None:
        """Go along the index."""
        where, values = _where(self, shape, Range(after, None))
        order = ", ".join(_ordered(self, column) for column in shape.key)
        found: Key | None = self._one(
            f"SELECT {self._key(shape)} FROM {self.quote(shape.table)} AS t{where} ORDER BY {order} OFFSET %s LIMIT 1",
            [*values, rows - 1],
        )
        return found

    def lower(self, shape: Shape, one: Key, other: Key) -> Key:
        """Ask the server, which knows the order."""
        places = ", ".join(map(_place, shape.key))
        return one if self._one(f"SELECT ({places}) <= ({places})", [*one, *other])[0] else other

    def digest(self, shape: Shape, keys: Range) -> tuple[int, object]:
        """Return the count and the sum of the hashes."""
        where, values = _where(self, shape, keys)
        statement = f"SELECT count(*), sum({self._hash(shape)}) FROM {self.quote(shape.table)} AS t{where}"
        count, total = self._one(statement, values)
        return count, total

    def rows(self, shape: Shape, keys: Keys) -> dict[Key, object]:
        """Return the rows' hashes."""
        where, values = _where(self, shape, keys)
        order = ", ".join(_ordered(self, column) for column in shape.key)
        what = f"{self._key(shape)}, {self._hash(shape)}"
        statement = f"SELECT {what} FROM {self.quote(shape.table)} AS t{where} ORDER BY {order}"
        found = self.connection.connection.execute(statement, values)
        return {tuple(key): content for *key, content in found}

    def delete(self, shape: Shape, keys: Sequence[Key]) -> None:
        """Delete in one statement."""
        where, values = _where(self, shape, keys)
        self.connection.connection.execute(f"DELETE FROM {self.quote(shape.table)} AS t{where}", values)

    def insert_from(self, other: Side, shape: Shape, keys: Sequence[Key]) -> None:
        """Pipe binary COPY from one server to the other: values arrive bit by bit."""
        where, values = _where(other, shape, keys)
        rows = f"SELECT {self._columns(shape)} FROM {self.quote(shape.table)} AS t{where}"
        plain = super().quote
        columns = ", ".join(map(plain, shape.columns))
        with (
            other.connection.connection.cursor() as reader,
            self.connection.connection.cursor() as writer,
            reader.copy(f"COPY ({rows}) TO STDOUT (FORMAT BINARY)", values) as outgoing,
            writer.copy(f"COPY {plain(shape.table)} ({columns}) FROM STDIN (FORMAT BINARY)") as incoming,
        ):
            for chunk in outgoing:
                incoming.write(chunk)

    def _columns(self, shape: Shape) -> str:
        return ", ".join(map(self.quote, shape.columns))

    def _key(self, shape: Shape) -> str:
        return ", ".join(f"{self.quote(column.name)}::text" for column in shape.key)

    def _hash(self, shape: Shape) -> str:
        return f'hashtextextended(ROW({self._columns(shape)})::text COLLATE "C", 0)'

    def _one(self, statement: str, values: Sequence[Any]) -> Any:
        return self.connection.connection.execute(statement, values).fetchone()


def shape_of(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, table: str) -> Shape:
    """Return how a table's rows are compared; a key is empty when the table has none."""
    there = {name: order for name, _, _, order in _key_columns(target, table)}
    key = [
        KeyColumn(name, exact, natural=kind in _PLAIN or (kind in _TEXTS and order == there.get(name)))
        for name, exact, kind, order in _key_columns(source, table)
    ]
    return Shape(table, tuple(columns_of(source, table)), tuple(key))


def _key_columns(connection: BaseDatabaseWrapper, table: str) -> list[tuple[str, str, str, str]]:
    """Return name, type with and without its limits, and what the order of texts depends on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, NULL),"
            " CASE WHEN c.collprovider <> 'd' THEN"
            " concat_ws('/', c.collprovider, c.collcollate, to_jsonb(c)->>'colllocale', to_jsonb(c)->>'colliculocale',"
            " c.collisdeterministic, pg_collation_actual_version(c.oid))"
            " ELSE concat_ws('/', d.datlocprovider, d.datcollate, to_jsonb(d)->>'datlocale',"
            " to_jsonb(d)->>'daticulocale', pg_database_collation_actual_version(d.oid)) END"
            " FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
            " JOIN pg_database d ON d.datname = current_database()"
            " LEFT JOIN pg_collation c ON c.oid = a.attcollation"
            " WHERE i.indrelid = %s::regclass AND i.indisprimary AND k.place <= i.indnkeyatts ORDER BY k.place",
            [connection.ops.quote_name(table)],
        )
        found: list[tuple[str, str, str, str]] = cursor.fetchall()
    return found


def _where(side: Side, shape: Shape, keys: Keys) -> tuple[str, list[Any]]:
    """Return a condition and its values."""
    if not isinstance(keys, Range):
        texts = [list(column) for column in zip(*keys, strict=True)] or [[] for _ in shape.key]
        names = ", ".join(side.quote(column.name) for column in shape.key)
        values = ", ".join(f"k{n}::{column.type}" for n, column in enumerate(shape.key))
        arrays = ", ".join("%s::text[]" for _ in shape.key)
        aliases = ", ".join(f"k{n}" for n, _ in enumerate(shape.key))
        return f" WHERE ({names}) IN (SELECT {values} FROM unnest({arrays}) AS k({aliases}))", texts
    names = ", ".join(_ordered(side, column) for column in shape.key)
    places = ", ".join(map(_place, shape.key))
    borders = [(sign, key) for sign, key in ((">", keys.after), ("<=", keys.upto)) if key is not None]
    conditions = " AND ".join(f"({names}) {sign} ({places})" for sign, _ in borders)
    return f" WHERE {conditions}" if borders else "", [text for _, key in borders for text in key]


def _ordered(side: Side, column: KeyColumn) -> str:
    """Name the table's own column: a bare name in ORDER BY is that of what is selected, which is a text."""
    name = f"t.{side.quote(column.name)}"
    return name if column.natural else f'{name}::text COLLATE "C"'


def _place(column: KeyColumn) -> str:
    return f"%s::{column.type}" if column.natural else '%s::text COLLATE "C"'
