"""What is known of a connection's present transaction, forgotten when it ends."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


class Blocks(list[Any]):
    """
    The atomic blocks of a connection, and notes on the application's transaction that they make up.

    Django appends a block when it is entered and pops it when it is left, which is all that tells a transaction from
    the next: a decorated function enters the same block again and again, and hooks on commit would be seen by tests.

    Attributes:
        notes: by whom, what; empty outside of a transaction.
    """

    def __init__(self, blocks: list[Any]) -> None:
        super().__init__(blocks)
        self.notes: dict[str, Any] = {}

    def pop(self, index: Any = -1) -> Any:
        """Leave a block."""
        block = super().pop(index)
        if not self.in_transaction:
            self.notes.clear()
        return block

    @property
    def in_transaction(self) -> bool:
        """A block of the application is open; those of a TestCase are fixtures."""
        return any(not block._from_testcase for block in self)


def blocks_of(connection: BaseDatabaseWrapper) -> Blocks:
    """Return the blocks of *connection*, which keep notes from now on."""
    found: list[Any] = connection.atomic_blocks
    if isinstance(found, Blocks):
        return found
    blocks = Blocks(found)
    connection.atomic_blocks = blocks
    return blocks


def text_of(connection: BaseDatabaseWrapper, sql: Any) -> str:
    """Return a statement as text; psycopg takes bytes and composed statements as well."""
    if isinstance(sql, str):
        return sql
    text: str = sql.decode() if isinstance(sql, bytes) else sql.as_string(connection.connection)
    return text
