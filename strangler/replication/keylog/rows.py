"""Reading rows at the source and writing them to the target, in the form in which they are stored."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.keylog.tables import Table

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
    if target.vendor == "sqlite":
        return SQLiteRows(source, target, table)
    from strangler.replication.keylog.copying import PostgreSQLRows  # its driver need not be installed

    return PostgreSQLRows(source, target, table)


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
