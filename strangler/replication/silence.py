"""Writing rows as they are: no trigger of the target changes, refuses or logs what a mover brings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

_PARAMETER_RIGHTS = 150000
"""The first version in which a role that is no superuser can be allowed to set a parameter."""


@contextmanager
def silenced(target: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[None]:
    """
    Run a block of the caller's transaction in which no trigger of *tables* fires, the fence and the keylog included.

    Nobody else gets past the fence meanwhile: what is changed here ends with the transaction, and the triggers are
    taken away only where this transaction keeps every other writer out of the table.
    """
    if target.vendor == "sqlite":
        with _without_triggers(target, tables):
            yield
    elif may_replicate(target):
        with target.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            cursor.execute("SET LOCAL session_replication_role = origin")
    else:
        with _disabled(target, tables):
            yield


def may_replicate(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the role may write as replication does, past ordinary triggers and foreign keys."""
    with connection.cursor() as cursor:
        if connection.connection.info.server_version < _PARAMETER_RIGHTS:
            cursor.execute("SELECT current_setting('is_superuser') = 'on'")
        else:
            cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
        return bool(cursor.fetchone()[0])


@contextmanager
def _without_triggers(target: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[None]:
    with target.cursor() as cursor:
        marks = ", ".join(["%s"] * len(tables))
        cursor.execute(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ({marks})", list(tables)
        )
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {target.ops.quote_name(name)}")
        yield
        for _, statement in triggers:
            cursor.execute(statement, None)


@contextmanager
def _disabled(target: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[None]:
    """Disable what fires by itself, partition by partition; triggers that fire always do so for replication, too."""
    names = [target.ops.quote_name(table) for table in tables]
    with target.cursor() as cursor:
        if names:
            cursor.execute(f"LOCK TABLE {', '.join(names)} IN SHARE ROW EXCLUSIVE MODE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(
            "WITH RECURSIVE tree(oid) AS (SELECT unnest(%s::regclass[])::oid"
            " UNION SELECT inhrelid FROM pg_inherits JOIN tree ON inhparent = tree.oid)"
            " SELECT tgrelid::regclass::text, quote_ident(tgname)"
            " FROM pg_trigger JOIN tree ON tgrelid = tree.oid WHERE NOT tgisinternal AND tgenabled = 'O'",
            [names],
        )
        triggers = cursor.fetchall()
        _switch(cursor, "DISABLE", triggers)
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with pending checks cannot be altered
        _switch(cursor, "ENABLE", triggers)


def _switch(cursor: Any, verb: str, triggers: Sequence[tuple[str, str]]) -> None:
    if triggers:
        cursor.execute("; ".join(f"ALTER TABLE ONLY {table} {verb} TRIGGER {name}" for table, name in triggers))
