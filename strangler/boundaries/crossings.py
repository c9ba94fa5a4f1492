"""Statements and transactions that cross a border, as a connection executes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.boundaries.places import shown
from strangler.boundaries.stacks import Frame, application_frames
from strangler.boundaries.statements import Usage, usage_of
from strangler.state import Blocks

_SQL_SHOWN_MAX = 600
_WRITES = "writes of capabilities"


@dataclass(frozen=True, slots=True)
class Write:
    """A capability's first write in a transaction or savepoint."""

    capability: str
    tables: tuple[str, ...]
    savepoints: frozenset[str | None]
    sql: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class SqlCrossing:
    """
    A statement that uses tables of two capabilities, or a transaction that writes tables of two.

    Attributes:
        kind: `unparsed` is a statement that names tables of both and could not be read.
        capability: the one that is written, if only one is; otherwise the first by name, or by time.
        frames: the application's calls, the innermost first.
        earlier: of a transaction, the write of the other capability.
    """

    kind: Literal["statement", "transaction", "unparsed"]
    capability: str
    other: str
    tables: tuple[str, ...]
    sql: str
    frames: tuple[Frame, ...]
    earlier: Write | None = None

    @property
    def key(self) -> str:
        """What identifies it in a baseline: tables and the innermost function, no line numbers."""
        where = f" in {shown(self.frames[0].path)}:{self.frames[0].function}" if self.frames else ""
        return f"{self.kind} {', '.join(self.tables)}{where}"

    def __str__(self) -> str:
        sentence = {
            "statement": "A statement uses tables of {0} and {1}",
            "transaction": "A transaction writes tables of {0} and then of {1}",
            "unparsed": "A statement names tables of {0} and {1} and could not be read",
        }[self.kind].format(self.capability, self.other)
        lines = [f"{sentence}: {', '.join(self.tables)}"]
        if self.earlier:
            lines += [*_described(self.earlier.sql, self.earlier.frames), "and then"]
        return "\n".join([*lines, *_described(self.sql, self.frames)])


def crossings(connection: BaseDatabaseWrapper, blocks: Blocks, sql: str) -> Iterator[SqlCrossing]:
    """Yield the borders that *sql* crosses, by itself and with what its transaction has written before."""
    usage = usage_of(sql, connection.vendor)
    if len(usage.capabilities) > 1:
        yield from _of_statement(usage, sql)
    writes: list[Write] = blocks.notes.get(_WRITES, [])
    if usage.written and blocks.in_transaction:
        blocks.notes[_WRITES] = writes
        yield from _of_transaction(usage, sql, writes)
        _remember(usage, sql, writes, frozenset(connection.savepoint_ids))
    elif writes and sql.startswith("ROLLBACK TO SAVEPOINT"):
        taken_back = sql.rpartition(" ")[2].strip('"')
        writes[:] = [write for write in writes if taken_back not in write.savepoints]


def _of_statement(usage: Usage, sql: str) -> Iterator[SqlCrossing]:
    first, *others = sorted(usage.capabilities, key=lambda name: (name not in usage.written, name))
    kind: Literal["statement", "unparsed"] = "statement" if usage.parsed else "unparsed"
    frames = application_frames()
    for other in others:
        yield SqlCrossing(kind, first, other, usage.tables, sql, frames)


def _of_transaction(usage: Usage, sql: str, writes: list[Write]) -> Iterator[SqlCrossing]:
    for capability in _unwritten(usage, writes):
        for write in writes:
            tables = tuple(sorted({*write.tables, *usage.tables}))
            yield SqlCrossing("transaction", write.capability, capability, tables, sql, application_frames(), write)


def _remember(usage: Usage, sql: str, writes: list[Write], savepoints: frozenset[str | None]) -> None:
    for capability in _unwritten(usage, writes):
        writes.append(Write(capability, usage.tables, savepoints, sql, application_frames()))


def _unwritten(usage: Usage, writes: list[Write]) -> list[str]:
    return sorted(usage.written - {write.capability for write in writes})


def _described(sql: str, frames: tuple[Frame, ...]) -> Iterator[str]:
    yield f"  {sql[:_SQL_SHOWN_MAX]}{' …' if len(sql) > _SQL_SHOWN_MAX else ''}"
    for frame in frames:
        yield f"  {frame}".replace("\n", "\n  ")
