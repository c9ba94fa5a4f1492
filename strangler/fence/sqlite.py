"""
The fence on SQLite: row triggers that exist while the fence is enabled.

SQLite has no statement triggers, so an UPDATE or DELETE that meets no row passes; asserting ownership first (R2)
covers that. Its RAISE takes a literal only, so the message is written into the trigger when it is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.fence.moved import SQLSTATE, Moved
from strangler.state import Owned, read_ownership

_EVENTS = ("INSERT", "UPDATE", "DELETE")


class SQLiteFence:
    """Triggers of one database file; all calls belong into the caller's transaction."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.quote = connection.ops.quote_name

    def assert_owner(self, capability: str, home: str) -> int:
        """Assert ownership until the transaction ends; the file's write lock, taken at BEGIN IMMEDIATE, holds it."""
        owned = read_ownership(self.connection, capability)
        if owned.owner != home:
            raise Moved(capability, owned.owner, owned.epoch)
        return owned.epoch

    def keep_vacuum_out(self, tables: Sequence[str]) -> None:
        """Do nothing: a vacuum of the file is a writer as any other."""

    def lock_out_writers(self, capability: str, tables: Sequence[str] = ()) -> None:
        """Do nothing: a transaction begun IMMEDIATE is the only writer of the file."""

    def states(self, tables: Sequence[str]) -> dict[str, str]:
        """Return `enabled` or `disabled` per table; a fence that is disabled has no triggers."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            present = {row[0] for row in cursor.fetchall()}
        return {
            table: "enabled" if all(_name(table, event) in present for event in _EVENTS) else "disabled"
            for table in tables
        }

    def install(self, capability: str, tables: Sequence[str]) -> None:
        """Do nothing: the triggers come with `enable`."""

    def enable(self, capability: str, tables: Sequence[str]) -> None:
        """Refuse writes from the commit on; call it after the ownership row has been set."""
        self.enabling(capability, tables, read_ownership(self.connection, capability))()

    def enabling(self, capability: str, tables: Sequence[str], owned: Owned) -> Callable[[], None]:
        """Return what does as `enable`, once the row says *owned*."""
        return lambda: self._enable(capability, tables, owned)

    def _enable(self, capability: str, tables: Sequence[str], owned: Owned) -> None:
        self.remove(tables)
        detail = json.dumps({"capability": capability, "owner": owned.owner, "epoch": owned.epoch})
        with self.connection.cursor() as cursor:
            for table in tables:
                for event in _EVENTS:
                    cursor.execute(
                        f"CREATE TRIGGER {self.quote(_name(table, event))} BEFORE {event} ON {self.quote(table)}"
                        f" BEGIN SELECT RAISE(ABORT, '{SQLSTATE} {detail}'); END"
                    )

    def disable(self, tables: Sequence[str]) -> None:
        """Admit writes from the commit on."""
        self.remove(tables)

    def disabling(self, tables: Sequence[str]) -> Callable[[], None]:
        """Return what does as `disable`."""
        return lambda: self.remove(tables)

    def remove(self, tables: Sequence[str]) -> None:
        """Leave no trigger behind."""
        with self.connection.cursor() as cursor:
            for table in tables:
                for event in _EVENTS:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {self.quote(_name(table, event))}")


def _name(table: str, event: str) -> str:
    return f"strangler_fence_{event.lower()}_{table}"
