"""
Writers that go past every router: a connection to each home's database, and what it says decides.

A statement of several runs as one transaction, and its last part is the witness: who owned the rows, by the home's own
row, and what the clock of the machine said, after the write and before its commit. A switch locks the tables, so it
cannot have closed the home in between: the home admitted writers at that instant.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import psycopg

from . import dialect


@dataclass(frozen=True, slots=True)
class Witness:
    """That *home* admitted a writer *at* an instant (seconds since 1970); *owner* and *epoch* are what its row said."""

    home: str
    owner: str
    epoch: int
    at: float


@dataclass(frozen=True, slots=True)
class Taken:
    """A committed transaction: its witness, and the rows that its other parts changed or returned, in order."""

    witness: Witness
    counts: tuple[int, ...]
    rows: tuple[tuple[Any, ...], ...]


class Refused(Exception):
    """The home refused, and said who owns the rows since which epoch."""

    def __init__(self, owner: str, epoch: int) -> None:
        super().__init__(f"belongs to the {owner} since epoch {epoch}")
        self.owner, self.epoch = owner, epoch


class NoOutcome(Exception):
    """The connection failed or ended: the outcome is unknown."""


class RawHome:
    """One connection of one writer to one home, opened when it is needed."""

    def __init__(self, home: str, dsn: str, *, timeout_s: float) -> None:
        self.home, self._dsn, self._timeout_s = home, dsn, timeout_s
        self._connection: psycopg.Connection[Any] | None = None

    def write(self, statements: str, values: dict[str, Any]) -> Taken:
        """Commit *statements* as one transaction. Raises: Refused, NoOutcome."""
        try:
            return self._write(statements + dialect.RAW_WITNESS, values)
        except psycopg.Error as error:
            if error.sqlstate == dialect.MOVED:
                detail = json.loads(error.diag.message_detail or "")
                raise Refused(detail["owner"], detail["epoch"]) from error
            self.close()
            raise NoOutcome(f"{self.home}: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Drop the connection; the next write opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self, statements: str, values: dict[str, Any]) -> Taken:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._dsn, autocommit=True, connect_timeout=5, tcp_user_timeout=5_000, application_name="checker",
                cursor_factory=psycopg.ClientCursor, options=f"-c statement_timeout={int(self._timeout_s * 1000)}",
            )  # fmt: skip
        cursor = self._connection.execute(statements.encode(), values)
        counts, rows = [], []
        while True:
            counts.append(cursor.rowcount)
            rows += [cursor.fetchall()[0]] if cursor.description and cursor.rowcount else []
            if not cursor.nextset():
                break
        owner, epoch, at = rows.pop()
        return Taken(Witness(self.home, owner, epoch, at), tuple(counts[:-1]), tuple(rows))
