"""
What a transaction has done so far, as far as calls must know (R12).

The rules hold in production, too. The outermost transaction of a TestCase, which is a fixture, does not count.
"""

from __future__ import annotations

import re
import threading
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.bindings.errors import CallInTransaction

_READS = frozenset({"SHOW", "EXPLAIN", "PRAGMA", "SET", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT"})
_WORD = re.compile(r"\s*(\w*)")
_LOCKS = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+|KEY\s+)?(?:UPDATE|SHARE)\b", re.IGNORECASE)
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)


class _Marks(threading.local):
    """The transactions of this thread that have written or locked: alias to outermost block."""

    def __init__(self) -> None:
        self.blocks: dict[str, Any] = {}


_marks = _Marks()


def note_writes(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Install the execute wrapper on a new connection."""
    if _note not in connection.execute_wrappers:
        connection.execute_wrappers.append(_note)


def _note(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    connection = context["connection"]
    block = _outermost(connection)
    if block is not None and _marks.blocks.get(connection.alias) is not block and _writes_or_locks(sql):
        _marks.blocks[connection.alias] = block
    return execute(sql, params, many, context)


def _writes_or_locks(sql: str) -> bool:
    match = _WORD.match(sql)
    word = match.group(1).upper() if match else ""
    if word == "SELECT":
        return bool(_LOCKS.search(sql))
    if word == "WITH":
        return bool(_CHANGES.search(sql) or _LOCKS.search(sql))
    return word not in _READS


def _outermost(connection: BaseDatabaseWrapper) -> Any | None:
    """Return the block that began the transaction; None outside of one."""
    blocks: list[Any] = connection.atomic_blocks
    return next((block for block in blocks if not block._from_testcase), None)


def refuse_command(name: str) -> None:
    """
    Refuse a command inside any transaction of this thread.

    Raises:
        CallInTransaction: there is one.
    """
    for connection in connections.all(initialized_only=True):
        by_hand = connection.connection is not None and not connection.in_atomic_block and not connection.autocommit
        if by_hand or _outermost(connection) is not None:
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
    if not _marks.blocks:
        return
    for alias, block in list(_marks.blocks.items()):
        if _outermost(connections[alias]) is block:
            raise CallInTransaction(
                f"{name} is a query and was called inside a transaction of {alias!r} that has written or locked rows: "
                "others would wait for its answer. Ask first, then write."
            )
        del _marks.blocks[alias]
