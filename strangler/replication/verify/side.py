"""One home's rows, in ranges of their keys."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

Key = tuple[str, ...]
"""The columns of a primary key, as texts from which the database makes the same values again."""


class Range(NamedTuple):
    """Keys after *after* up to *upto*, which belongs to it; None: no border."""

    after: Key | None
    upto: Key | None


Keys = Range | Sequence[Key]


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """
    A column of a primary key.

    Attributes:
        type: as the database writes it.
        natural: both databases order its values alike; where they may not, its texts are ordered byte by byte.
    """

    name: str
    type: str
    natural: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as both homes have it; generated columns are none of *columns*."""

    table: str
    columns: tuple[str, ...]
    key: tuple[KeyColumn, ...]

    @property
    def indexed(self) -> bool:
        """Whether rows can be found by the order in which they are compared without looking at all of them."""
        return all(column.natural for column in self.key)


class Side(ABC):
    """Rows of one home, seen through one connection; ranges of both homes' rows agree."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection

    def quote(self, name: str) -> str:
        """Return a name for a statement."""
        quoted: str = self.connection.ops.quote_name(name)
        return quoted

    @abstractmethod
    def begin(self) -> None:
        """See the rows as they are now until the connection is closed."""

    @abstractmethod
    def settle(self) -> None:
        """Let values look the same at both sides until the caller's transaction ends."""

    @abstractmethod
    def estimate(self, table: str) -> int:
        """Return about how many rows there are."""

    @abstractmethod
    def border(self, shape: Shape, after: Key | None, rows: int) -> Key | None:
        """Return the key of the row that is *rows* further than *after*; None when there are not so many."""

    @abstractmethod
    def lower(self, shape: Shape, one: Key, other: Key) -> Key:
        """Return the one of two keys that comes first."""

    @abstractmethod
    def digest(self, shape: Shape, keys: Range) -> tuple[int, object]:
        """Return how many rows there are, and what is equal only for equal rows."""

    @abstractmethod
    def rows(self, shape: Shape, keys: Keys) -> dict[Key, object]:
        """Return, in the order of the keys, what is equal only for equal rows."""

    @abstractmethod
    def delete(self, shape: Shape, keys: Sequence[Key]) -> None:
        """Delete rows."""

    @abstractmethod
    def insert_from(self, other: Side, shape: Shape, keys: Sequence[Key]) -> None:
        """Insert rows as the other home has them."""

    def readable(self, key: Key) -> list[str]:
        """Return a key as a person reads it."""
        return list(key)
