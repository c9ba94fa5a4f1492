"""What keeps the keylog from working between two databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.keylog.tables import existing, read_tables, with_heirs
from strangler.replication.silence import may_replicate
from strangler.replication.stream import Flow


def faults_of(flow: Flow) -> Iterator[str]:
    """Yield a sentence for every fault, with what to do about it; changes nothing."""
    source, target = flow.source_connection, flow.target_connection
    if source.vendor != target.vendor:
        yield f"The homes run on {source.vendor} and {target.vendor}: a mover needs one kind on both sides."
        return
    for connection in (source, target):
        connection.ensure_connection()
        if not existing(connection, ["strangler_changed_key"]):
            yield f"{connection.alias!r} has no table strangler_changed_key: run `migrate` there."
    tables = with_heirs(source, flow.tables)
    yield from _keyless(source, tables)
    if source.vendor == "postgresql":
        yield from _postgresql_source(source, tables)
        yield from _postgresql_target(target, existing(target, tables))
    else:
        yield from _sqlite_source(source)


def _keyless(source: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    for table in read_tables(source, tables).values():
        if not table.key:
            yield f"{table.name} has no primary key, so a changed row cannot be found again: add one."


def _sqlite_source(source: BaseDatabaseWrapper) -> Iterator[str]:
    (mode,) = _rows(source, "PRAGMA journal_mode", [])[0]
    if mode != "wal":
        yield (
            f"{source.alias!r} is in journal mode {mode}, in which whoever copies keeps writers waiting: set "
            "OPTIONS = {'init_command': 'PRAGMA journal_mode=WAL'}."
        )


def _postgresql_source(source: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    ((role, schema, may_create),) = _rows(
        source, "SELECT current_user, current_schema(), has_schema_privilege(current_schema(), 'CREATE')", []
    )
    if not may_create:
        yield (
            f"The role {role} may not make functions in {source.alias!r}, and triggers call one: "
            f"GRANT CREATE ON SCHEMA {schema} TO {role}."
        )
    yield from _not_owned(source, tables)


def _postgresql_target(target: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    if may_replicate(target):
        return
    yield from _not_owned(target, tables)
    for table, constraint in _rows(
        target,
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND conparentid = 0"
        " AND confrelid = ANY(%s::regclass[]) AND (confdeltype <> 'a' OR NOT condeferrable)",
        [_quoted(target, tables)],
    ):
        yield (
            f"The foreign key {constraint} of {table} in {target.alias!r} acts by itself or cannot wait for the end of "
            f"a transaction: make it DEFERRABLE with ON DELETE NO ACTION, or {_grant(target)}."
        )


def _not_owned(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    for table, role in _rows(
        connection,
        "SELECT oid::regclass::text, current_user FROM pg_class WHERE oid = ANY(%s::regclass[])"
        " AND NOT pg_has_role(relowner, 'USAGE')",
        [_quoted(connection, tables)],
    ):
        yield (
            f"The role {role} does not own {table} in {connection.alias!r}, and only the owner makes and silences its "
            "triggers: run the mover as the tables' owner."
        )


def _grant(connection: BaseDatabaseWrapper) -> str:
    ((role,),) = _rows(connection, "SELECT current_user", [])
    return f"GRANT SET ON PARAMETER session_replication_role TO {role}"


def _quoted(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> list[str]:
    return [connection.ops.quote_name(table) for table in tables]


def _rows(connection: BaseDatabaseWrapper, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
