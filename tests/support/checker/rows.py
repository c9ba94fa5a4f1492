"""The rows of one home, by SQL: PostgreSQL (a `postgresql://` DSN) or SQLite (a path)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from .dialect import ROWS


@dataclass(frozen=True, slots=True)
class Row:
    """One product row, with the number of rows that were made with it: one of each."""

    id: str
    slug: str
    name: str
    version: int
    mark: str | None
    variants: int
    prices: int


def owner(database: str, capability: str) -> tuple[str, int]:
    """Return (owner, epoch) of this database's ownership row."""
    found = query(database, "SELECT owner, epoch FROM strangler_ownership WHERE capability = ?", (capability,))
    return str(found[0][0]), int(found[0][1])


def products(database: str, run: str) -> list[Row]:
    """Return the products that writers of *run* made."""
    return [_row(values) for values in query(database, ROWS, (f"Checked {run}-%",))]


def query(database: str, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return all rows of one SELECT; `?` stands for a parameter in both dialects."""
    if database.startswith("postgres"):
        with psycopg.connect(database) as connection:
            return connection.execute(sql.replace("?", "%s").encode(), parameters).fetchall()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as connection:
        return connection.execute(sql, parameters).fetchall()


def _row(values: tuple[Any, ...]) -> Row:
    identifier, slug, name, version, attributes, variants, prices = values
    decoded = json.loads(attributes) if isinstance(attributes, str) else attributes or {}
    return Row(str(identifier), slug, name, int(version), decoded.get("mark"), int(variants), int(prices))
