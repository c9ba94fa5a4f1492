"""A home's rows on SQLite: both files are at hand, so the rows themselves are compared."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.columns import columns_of
from strangler.replication.verify.side import Key, KeyColumn, Keys, Range, Shape, Side

_MARSHAL = 2  # the newest version in which equal values have equal bytes, however they are held in memory
_PARAMETERS_MAX = 500


class SQLiteSide(Side):
    """Rows in an SQLite file; keys are written as SQL literals."""

    def begin(self) -> None:
        """Take a snapshot, which lasts while others write: the file keeps a write-ahead log."""
        self.connection.ensure_connection()
        self.connection.connection.execute("BEGIN DEFERRED")
        self.connection.connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # the first query takes it

    def settle(self) -> None:
        """Do nothing: values are compared as they are stored."""

    def estimate(self, table: str) -> int:
        """Count."""
        count: int = self._all(f"SELECT count(*) FROM {self.quote(table)}")[0][0]
        return count

    def border(self, shape: Shape, after: Key | None, rows: int) -> Key | None:
        """Go along the index."""
        found = self._all(
            f"SELECT {self._key(shape)} FROM {self.quote(shape.table)}{self._where(shape, Range(after, None))}"
            f" ORDER BY {self._order(shape)} LIMIT 1 OFFSET {rows - 1}"
        )
        return found[0] if found else None

    def lower(self, shape: Shape, one: Key, other: Key) -> Key:
        """Ask the database, which knows the order."""
        return one if self._all(f"SELECT ({', '.join(one)}) <= ({', '.join(other)})")[0][0] else other

    def digest(self, shape: Shape, keys: Range) -> tuple[int, object]:
        """Return the rows' values and types, whole."""
        rows = self._all(
            f"SELECT {self._stored(shape)} FROM {self.quote(shape.table)}{self._where(shape, keys)}"
            f" ORDER BY {self._order(shape)}"
        )
        return len(rows), marshal.dumps(rows, _MARSHAL)

    def rows(self, shape: Shape, keys: Keys) -> dict[Key, object]:
        """Return each row's values and types, whole."""
        width = len(shape.key)
        return {
            tuple(row[:width]): marshal.dumps(row[width:], _MARSHAL)
            for where in self._conditions(shape, keys)
            for row in self._all(
                f"SELECT {self._key(shape)}, {self._stored(shape)} FROM {self.quote(shape.table)}{where}"
                f" ORDER BY {self._order(shape)}"
            )
        }

    def delete(self, shape: Shape, keys: Sequence[Key]) -> None:
        """Delete in statements of bounded length."""
        for where in self._conditions(shape, keys):
            self.connection.connection.execute(f"DELETE FROM {self.quote(shape.table)}{where}")

    def insert_from(self, other: Side, shape: Shape, keys: Sequence[Key]) -> None:
        """Insert through the raw driver: values keep the form in which they are stored."""
        columns, name = ", ".join(map(self.quote, shape.columns)), self.quote(shape.table)
        marks = ", ".join("?" for _ in shape.columns)
        for where in self._conditions(shape, keys):
            rows = other.connection.connection.execute(f"SELECT {self._stored(shape)} FROM {name}{where}").fetchall()
            self.connection.connection.executemany(f"INSERT INTO {name} ({columns}) VALUES ({marks})", rows)

    def readable(self, key: Key) -> list[str]:
        """Take the literals' quotes off."""
        return [text[1:-1].replace("''", "'") if text.startswith("'") else text for text in key]

    def _stored(self, shape: Shape) -> str:
        """Return the columns as expressions: the driver converts what it knows the declared type of."""
        return ", ".join(f"+{self.quote(name)}" for name in shape.columns)

    def _key(self, shape: Shape) -> str:
        return ", ".join(f"quote({self.quote(column.name)})" for column in shape.key)

    def _order(self, shape: Shape) -> str:
        return ", ".join(self._ordered(column) for column in shape.key)

    def _ordered(self, column: KeyColumn) -> str:
        return self.quote(column.name) if column.natural else f"{self.quote(column.name)} COLLATE BINARY"

    def _conditions(self, shape: Shape, keys: Keys) -> Iterator[str]:
        """Yield one condition for a range, and as many as needed for keys."""
        if isinstance(keys, Range):
            yield self._where(shape, keys)
            return
        names = ", ".join(self.quote(column.name) for column in shape.key)
        for start in range(0, len(keys), _PARAMETERS_MAX):
            values = ", ".join(f"({', '.join(key)})" for key in keys[start : start + _PARAMETERS_MAX])
            yield f" WHERE ({names}) IN (VALUES {values})"

    def _where(self, shape: Shape, keys: Range) -> str:
        names = self._order(shape)
        borders = ((">", keys.after), ("<=", keys.upto))
        conditions = [f"({names}) {sign} ({', '.join(key)})" for sign, key in borders if key is not None]
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def _all(self, statement: str) -> list[Any]:
        found: list[Any] = self.connection.connection.execute(statement).fetchall()
        return found


def shape_of(source: BaseDatabaseWrapper, table: str) -> Shape:
    """Return how a table's rows are compared; a key is empty when the table has none."""
    with source.cursor() as cursor:
        cursor.execute("SELECT name, type FROM pragma_table_info(%s) WHERE pk > 0 ORDER BY pk", [table])
        declared = cursor.fetchall()
        cursor.execute(
            "SELECT x.name, x.coll FROM pragma_index_list(%s) l, pragma_index_xinfo(l.name) x"
            " WHERE l.origin = 'pk' AND x.key AND x.coll <> 'BINARY'",
            [table],
        )
        collated = dict(cursor.fetchall())
    key = tuple(KeyColumn(name, kind, natural=name not in collated) for name, kind in declared)
    return Shape(table, tuple(columns_of(source, table)), key)
