"""
What a transaction has done so far, as far as calls must know (R12).

The rules hold in production, too. The outermost transaction of a TestCase, which is a fixture, does not count.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.bindings.errors import CallInTransaction
from strangler.contract import Operation
from strangler.state import Blocks, blocks_of, text_of

_READS = frozenset({"SHOW", "EXPLAIN", "PRAGMA", "SET", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT"})
_WORD = re.compile(r"\s*(\w*)")
_LOCKS = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+|KEY\s+)?(?:UPDATE|SHARE)\b", re.IGNORECASE)
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)


_WROTE = "wrote or locked"


class _Marks(threading.local):
    """The blocks of this thread's connections in which a transaction has written or locked, ended ones among them."""

    def __init__(self) -> None:
        self.blocks: list[Blocks] = []


_marks = _Marks()


def note_writes(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Install the execute wrapper on a new connection."""
    if _note not in connection.execute_wrappers:
        connection.execute_wrappers.append(_note)


def _note(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    connection = context["connection"]
    blocks = blocks_of(connection)
    if blocks.in_transaction and _WROTE not in blocks.notes and _writes_or_locks(text_of(connection, sql)):
        blocks.notes[_WROTE] = connection.alias
        _marks.blocks.append(blocks)
    return execute(sql, params, many, context)


def _writes_or_locks(sql: str) -> bool:
    match = _WORD.match(sql)
    word = match.group(1).upper() if match else ""
    if word == "SELECT":
        return bool(_LOCKS.search(sql))
    if word == "WITH":
        return bool(_CHANGES.search(sql) or _LOCKS.search(sql))
    return word not in _READS


def refuser_of(operation: Operation) -> Callable[[str], None]:
    """Return the rule for calls of *operation*, a function of the name to show."""
    return refuse_command if operation.kind == "command" else refuse_query


def refuse_command(name: str) -> None:
    """
    Refuse a command inside any transaction of this thread.

    Raises:
        CallInTransaction: there is one.
    """
    for connection in connections.all(initialized_only=True):
        by_hand = connection.connection is not None and not connection.in_atomic_block and not connection.autocommit
        if by_hand or blocks_of(connection).in_transaction:
            raise CallInTransaction(
                f"{name} is a command and was called inside a transaction of {connection.alias!r}, whose rollback "
                "would not undo it. Call it before the transaction begins or after it has ended."
            )


def refuse_query(name: str) -> None:
    """
    Refuse a query inside a transaction that has written or locked.

    Raises:
        CallInTransaction: there is one.
    """
    while _marks.blocks:
        if alias := _marks.blocks[-1].notes.get(_WROTE):
            raise CallInTransaction(
                f"{name} is a query and was called inside a transaction of {alias!r} that has written or locked rows: "
                "others would wait for its answer. Ask first, then write."
            )
        _marks.blocks.pop()  # that transaction has ended
