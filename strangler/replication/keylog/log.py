"""The log of keys at the source: what the triggers write, and who reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.state.connection import now_sql

WHOLE = "*"
"""A key that stands for all rows of its table; what follows it says how many of them were brought over so far."""


@dataclass(slots=True)
class Batch:
    """
    Entries that are brought over together.

    Attributes:
        keys: per table, each as it was logged, once.
        whole: tables of which all rows are meant, with the entries that say so.
    """

    ids: list[int] = field(default_factory=list)
    keys: dict[str, set[str]] = field(default_factory=dict)
    whole: dict[str, list[int]] = field(default_factory=dict)

    @property
    def tables(self) -> set[str]:
        """Those that have entries."""
        return self.keys.keys() | self.whole.keys()

    def wanted(self, table: str) -> set[str] | None:
        """Return the keys of *table* that are meant; None: all rows."""
        return None if table in self.whole else self.keys[table]


class Log:
    """The entries of one capability's tables, through one connection to the source."""

    def __init__(self, connection: BaseDatabaseWrapper, capability: str, tables: Sequence[str]) -> None:
        self.connection = connection
        self.where = f'capability = %s AND "table" IN ({", ".join(["%s"] * len(tables))})'
        self.capability = capability
        self.tables = list(tables)
        self.parameters = [capability, *tables]

    def is_empty(self) -> bool:
        """Return whether nothing waits; one short look."""
        return not self._rows(f"SELECT 1 FROM strangler_changed_key WHERE {self.where} LIMIT 1")

    def read(self, limit: int | None) -> Batch:
        """Return the oldest entries, or all with no *limit*."""
        batch = Batch()
        limited = "" if limit is None else f" LIMIT {limit}"
        for id_, table, key in self._rows(
            f'SELECT id, "table", key FROM strangler_changed_key WHERE {self.where} ORDER BY id{limited}'
        ):
            batch.ids.append(id_)
            if key.startswith(WHOLE):
                batch.whole.setdefault(table, []).append(id_)
            else:
                batch.keys.setdefault(table, set()).add(key)
        return batch

    def remove(self, ids: Sequence[int]) -> None:
        """Remove entries that the target has; others stay, whenever they were written."""
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql":
                cursor.execute("DELETE FROM strangler_changed_key WHERE id = ANY(%s)", [list(ids)])
            else:
                cursor.execute(
                    "DELETE FROM strangler_changed_key WHERE id IN (SELECT value FROM json_each(%s))", [json.dumps(ids)]
                )

    def remove_all(self) -> None:
        """Remove every entry of the capability, also of tables that are gone."""
        with self.connection.cursor() as cursor:
            cursor.execute("DELETE FROM strangler_changed_key WHERE capability = %s", [self.capability])

    def remove_others(self) -> None:
        """Remove the entries of other tables of the capability."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM strangler_changed_key WHERE capability = %s AND NOT ({self.where})",
                [self.capability, *self.parameters],
            )

    def count_all(self) -> int:
        """Return the number of the capability's entries, also of tables that are gone."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM strangler_changed_key WHERE capability = %s", [self.capability])
            count: int = cursor.fetchone()[0]
        return count

    def ask_for_all(self, tables: Sequence[str]) -> None:
        """Log that all rows of *tables* have changed, unless that is logged already."""
        asked = self.unfinished()
        with self.connection.cursor() as cursor:
            cursor.executemany(
                'INSERT INTO strangler_changed_key (capability, "table", key, at)'
                f" VALUES (%s, %s, '{WHOLE}', {now_sql(self.connection)})",
                [(self.capability, table) for table in tables if table not in asked],
            )

    def unfinished(self) -> dict[str, int]:
        """Return the tables all of whose rows are still to be brought over, and how many were."""
        entries = self._rows(
            f"SELECT \"table\", key FROM strangler_changed_key WHERE {self.where} AND key LIKE '{WHOLE}%%'"
        )
        return {table: int(key.removeprefix(WHOLE) or 0) for table, key in entries}

    def report(self, ids: Sequence[int], rows: int) -> None:
        """Let the entries say how many rows of their table were brought over."""
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE strangler_changed_key SET key = %s WHERE id = %s", [(f"{WHOLE}{rows}", id_) for id_ in ids]
            )

    def waiting(self) -> tuple[int, float]:
        """Return how many entries wait, and for how many seconds the oldest has."""
        ((count, seconds),) = self._rows(
            f"SELECT count(*), {now_sql(self.connection)} - min(at) FROM strangler_changed_key WHERE {self.where}"
        )
        return count, max(0.0, float(seconds or 0.0))

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, self.parameters)
            return list(cursor.fetchall())
