"""Reading rows at the source and writing them to the target, in the form in which they are stored."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from strangler.replication.keylog.tables import Table

BUFFERED_KEYS = 20_000
"""Rows up to this number are read before the first is written, so that the target never waits for the source."""
_PIECE_BYTES = 1 << 17
_PIECE_ROWS = 2_000
Report = Callable[[int], None]


class Rows(ABC):
    """Rows of one table on their way; both connections are in transactions of the caller."""

    def __init__(self, source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, table: Table) -> None:
        self.source = source
        self.target = target
        self.table = table
        self.name = target.ops.quote_name(table.name)
        self.columns = [target.ops.quote_name(column) for column in table.columns]

    @abstractmethod
    def delete(self, keys: Collection[str] | None) -> None:
        """Remove from the target the rows with these keys, or all."""

    @abstractmethod
    def bring(self, keys: Collection[str] | None, report: Report) -> None:
        """Insert what the source has now under these keys, or all; *report* hears the number of rows so far."""


def rows_of(source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, table: Table) -> Rows:
    """Return the rows as both databases understand them."""
    return (PostgreSQLRows if target.vendor == "postgresql" else SQLiteRows)(source, target, table)


class PostgreSQLRows(Rows):
    """COPY out of the source and into the target."""

    def delete(self, keys: Collection[str] | None) -> None:
        """Leave children alone that inherit from the table: they are tables of their own."""
        statement: sql.Composable = sql.SQL(f"DELETE FROM {self.table.rows} AS t")
        if keys is not None:
            statement = sql.SQL("{} WHERE {}").format(statement, self._among(keys))
        self.target.connection.cursor().execute(statement)

    def bring(self, keys: Collection[str] | None, report: Report) -> None:
        """Pipe; a small number of rows is read to its end before."""
        query: sql.Composable = sql.SQL(f"SELECT {', '.join(self.columns)} FROM {self.table.rows} AS t")
        if keys is not None:
            query = sql.SQL("{} WHERE {}").format(query, self._among(keys))
        how = sql.SQL("(FORMAT {})".format("BINARY" if self.table.binary else "TEXT"))
        pieces = self._read(sql.SQL("COPY ({}) TO STDOUT {}").format(query, how), report)
        if keys is not None and len(keys) <= BUFFERED_KEYS:
            pieces = iter(list(pieces))
        into = sql.SQL(f"COPY {self.name} ({', '.join(self.columns)}) FROM STDIN ")
        with self.target.connection.cursor() as cursor, cursor.copy(into + how) as incoming:
            for piece in pieces:
                incoming.write(piece)

    def _read(self, statement: sql.Composable, report: Report) -> Iterator[bytes]:
        piece, rows = bytearray(), 0
        with self.source.connection.cursor() as cursor, cursor.copy(statement) as outgoing:
            for row in outgoing:
                piece += row
                rows += 1
                if len(piece) >= _PIECE_BYTES:
                    yield bytes(piece)
                    piece.clear()
                    report(rows)
        yield bytes(piece)

    def _among(self, keys: Collection[str]) -> sql.Composable:
        """Return the condition that a row has one of *keys*; they are unpacked where its types are known."""
        quote = self.target.ops.quote_name
        row = ", ".join(f"t.{quote(column)}" for column in self.table.key)
        values = ", ".join(f"(k ->> {place})::{type_}" for place, type_ in enumerate(self.table.types))
        return sql.SQL(f"({row}) IN (SELECT {values} FROM unnest({{}}::json[]) AS k)").format(sql.Literal(list(keys)))


class SQLiteRows(Rows):
    """Statements of the driver itself, which leaves values as they are."""

    def delete(self, keys: Collection[str] | None) -> None:
        """Remove them one by one, by key."""
        if keys is None:
            self.target.connection.execute(f"DELETE FROM {self.name}")
        else:
            self.target.connection.executemany(f"DELETE FROM {self.name} WHERE {self._matches}", map(_values, keys))

    def bring(self, keys: Collection[str] | None, report: Report) -> None:
        """Insert piece by piece."""
        marks = ", ".join("?" * len(self.columns))
        into = f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES ({marks})"
        rows, done = iter(self._all() if keys is None else self._some(keys)), 0
        while piece := list(islice(rows, _PIECE_ROWS)):
            self.target.connection.executemany(into, piece)
            done += len(piece)
            report(done)

    def _all(self) -> Iterable[tuple[Any, ...]]:
        rows: Iterable[tuple[Any, ...]] = self.source.connection.cursor().execute(self._select)
        return rows

    def _some(self, keys: Collection[str]) -> Iterator[tuple[Any, ...]]:
        """Yield each row once, though two keys may be one where the key's collation says so."""
        places = [self.table.columns.index(column) for column in self.table.key]
        seen, cursor = set(), self.source.connection.cursor()
        for key in keys:
            for row in cursor.execute(f"{self._select} WHERE {self._matches}", _values(key)):
                found = tuple(row[place] for place in places)
                if found not in seen:
                    seen.add(found)
                    yield row

    @property
    def _select(self) -> str:
        """A plus keeps the driver from turning a value into what its column is declared to be."""
        return f"SELECT {', '.join(f'+{column}' for column in self.columns)} FROM {self.name}"

    @property
    def _matches(self) -> str:
        return " AND ".join(f"{self.target.ops.quote_name(column)} = ?" for column in self.table.key)


def _values(key: str) -> tuple[Any, ...]:
    """Return the values of a key that was logged as literals."""
    return tuple(_value(literal) for literal in json.loads(key))


def _value(literal: str) -> Any:
    if literal.startswith("'"):
        return literal[1:-1].replace("''", "'")
    if literal.startswith("X'"):
        return bytes.fromhex(literal[2:-1])
    return float(literal) if any(mark in literal for mark in ".eInf") else int(literal)
