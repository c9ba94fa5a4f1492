"""Migrations of a capability while its rows flow: in both homes, in the order that lets nothing stop on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import IntegrityError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AlterField, Migration, RemoveField, SeparateDatabaseAndState
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from strangler.conf import Home, get_conf
from strangler.cutover import ownership
from strangler.cutover.changes import Kind, NotWhileRowsFlow, kind_of
from strangler.cutover.patience import patiently
from strangler.cutover.plan import Plan, Switch
from strangler.cutover.runner import Context, Event
from strangler.cutover.streaming import copy, hold, stream_forth
from strangler.cutover.writers import everybody
from strangler.errors import Refused
from strangler.fence import fence_of, tables_of
from strangler.replication import Flow, Stream, stream_of
from strangler.state.connection import connection_of

_CANCELLED = "57014"
Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pending:
    """
    A migration that at least one home lacks.

    Attributes:
        homes: in which order it is applied.
        lacking: the homes that lack it.
        loosens: fields of the target that may not be empty, and must be before the source stops to fill them.
    """

    migration: Migration
    kind: Kind
    homes: tuple[Home, Home]
    lacking: frozenset[Home]
    loosens: tuple[AlterField, ...]

    @property
    def name(self) -> str:
        """Its name within the app."""
        return self.migration.name


def pending(switch: Switch) -> list[Pending]:
    """
    Return what has to be applied, in order.

    Raises:
        Refused: some of it cannot be while rows flow; names every reason.
    """
    label = get_conf().capabilities[switch.capability].app
    loaders = {h: MigrationLoader(connection_of(switch.capability, h)) for h in (switch.source, switch.target)}
    found, faults = [], []
    loader = loaders[switch.source]
    for key in _in_order(loader, label):
        lacking = frozenset(home for home, known in loaders.items() if key not in known.applied_migrations)
        if lacking and key[0] != label:
            named = " and ".join(sorted(lacking))
            faults.append(f"{'.'.join(key)} comes first: run `migrate {key[0]}` in the {named}.")
        elif lacking:
            try:
                found.append(_pending(loader, key, switch, lacking))
            except NotWhileRowsFlow as reason:
                faults.append(f"{'.'.join(key)} cannot be applied while rows of {switch.capability} flow: {reason}.")
    if faults:
        raise Refused(faults)
    return found


def _in_order(loader: MigrationLoader, label: str) -> Iterator[tuple[str, str]]:
    leaves = loader.graph.leaf_nodes(label)
    if len(leaves) > 1:
        raise Refused(f"{label} has {len(leaves)} last migrations: run `makemigrations --merge {label}` first.")
    for leaf in leaves:
        yield from loader.graph.forwards_plan(leaf)


def _pending(loader: MigrationLoader, key: tuple[str, str], switch: Switch, lacking: frozenset[Home]) -> Pending:
    migration, before = loader.graph.nodes[key], loader.project_state(key, at_end=False)
    kind = kind_of(migration, before, switch.source_connection)
    homes = (switch.source, switch.target) if kind is Kind.NARROWS else (switch.target, switch.source)
    return Pending(migration, kind, homes, lacking, tuple(_loosening(migration, before)))


def _loosening(migration: Migration, before: ProjectState) -> Iterator[AlterField]:
    """Yield what lets the target take rows without the columns that the source is about to lose."""
    for operation in _flat(migration.operations):
        if isinstance(operation, RemoveField):
            model = before.models.get((migration.app_label, operation.model_name_lower))
            field = model and model.fields.get(operation.name)
            if field and not (field.null or field.many_to_many or field.generated or field.has_db_default()):
                nullable = field.clone()
                nullable.null = True
                yield AlterField(operation.model_name, operation.name, nullable)


def _flat(operations: Sequence[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)
        else:
            yield operation


# -- the steps ----------------------------------------------------------------------------------------------------


def migrate(context: Context) -> Figures:
    """Apply every migration in the order of its homes; what a killed mover has done is found in each home."""
    waiting = pending(context.switch)
    for entry in waiting:
        if entry.kind is Kind.NARROWS:
            _narrow(context, entry)
        else:
            for home in entry.homes:
                _apply(context, entry, home)
        _stream(context).refresh()
    return {"migrations": [entry.name for entry in waiting]}


def _narrow(context: Context, entry: Pending) -> None:
    """Let the target lose what the source has lost once nothing that is on its way needs it any more."""
    switch = context.switch
    if entry.loosens and switch.target in entry.lacking:
        _in_home(context, "loosen", entry, switch.target)
    _apply(context, entry, switch.source)
    if switch.target in entry.lacking:
        _stream(context).drain(switch.source_connection, get_conf().catch_up_s)
    _apply(context, entry, switch.target)


def _apply(context: Context, entry: Pending, home: Home) -> None:
    if home in entry.lacking:
        _in_home(context, "apply", entry, home)


def _in_home(context: Context, verb: str, entry: Pending, home: Home) -> None:
    """Do one thing in one home, with an entry in the journal before and after it."""
    step, what = f"{verb}-{home}", f"{verb} {entry.name} in the {home}"
    connection = connection_of(context.switch.capability, home)
    context.journal.write((step, "intent", {"migration": entry.name}))
    context.report(Event(what, "begin"))
    if entry.migration.atomic:
        work = _work(context, verb, entry, home)
        attempts = patiently(
            context, what, connection, lambda lock_ms: _do(context, what, work, lock_ms), who=everybody
        )
    else:
        context.journal.assert_mine()
        attempts = 1
        _concurrently(entry, connection)
    context.journal.write((step, "done", {"migration": entry.name, "attempts": attempts}))
    context.report(Event(what, "end"))


@dataclass(frozen=True, slots=True)
class _Work:
    """
    What is to be done in one home, thought out before anybody has to wait for it.

    Attributes:
        tables: of the capability, before.
        tables_after: the same, afterwards.
        record: notes it in the home's own table of migrations.
        stream: the one that leaves this home; None where rows arrive.
    """

    connection: BaseDatabaseWrapper
    statements: Sequence[str]
    tables: Sequence[str]
    tables_after: Sequence[str]
    record: Callable[[], Any]
    stream: Stream | None


def _work(context: Context, verb: str, entry: Pending, home: Home) -> _Work:
    capability, connection = context.switch.capability, connection_of(context.switch.capability, home)
    executor, migration = MigrationExecutor(connection), entry.migration
    key = (migration.app_label, migration.name)
    before = executor.loader.project_state(key, at_end=False)
    record: Callable[[], Any] = lambda: None  # noqa: E731  what was only loosened is no migration
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        if verb == "apply":
            migration.apply(before.clone(), editor, collect_sql=True)
            record = partial(executor.record_migration, migration)  # type: ignore[arg-type]
        elif verb == "undo" and key in executor.loader.applied_migrations:
            migration.unapply(before.clone(), editor, collect_sql=True)
            record = partial(executor.recorder.record_unapplied, *key)
        else:
            _alter(entry, editor, before, backwards=verb == "undo")
    statements = [statement for statement in editor.collected_sql if not statement.startswith("--")]
    tables = _tables(capability, executor.loader)
    after = set(executor.loader.applied_migrations)
    tables_after = _tables(capability, executor.loader, after | {key} if verb == "apply" else after - {key})
    stream = _stream(context, tables_after) if home == context.switch.source else None
    return _Work(connection, statements, tables, tables_after, record, stream)


def _do(context: Context, what: str, work: _Work, lock_ms: int) -> None:
    """
    Change a home's tables in one short transaction, with its fence and with what the stream needs there.

    Raises:
        Refused: it would keep everybody waiting for too long, or the rows do not allow it.
    """
    connection, cap_s = work.connection, get_conf().switch_cap_s
    try:
        with _unchecked(connection), ownership.short_transaction(connection, ownership.VACUUM_TIMEOUT_MS):
            hold(context, connection)
            fence_of(connection).keep_vacuum_out(work.tables)
            ownership.limit(connection, lock_ms=lock_ms, idle_ms=ownership.IDLE_LIMIT_MS)
            deadline = time.monotonic() + cap_s
            with _behind_the_fence(context.switch.capability, work):
                with connection.cursor() as cursor:
                    for statement in work.statements:
                        _limit_until(connection, deadline)
                        cursor.execute(statement)
                _limit_until(connection, deadline)
                connection.check_constraints()
                work.record()
    except IntegrityError as error:
        raise Refused(f"{what}: the rows do not allow it ({str(error).strip()}). Mend them first.") from error
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == _CANCELLED:
            raise Refused(
                f"{what}: it would keep everybody waiting for more than {cap_s:g} s. Use AddIndexConcurrently, "
                "AddConstraintNotValid with ValidateConstraint, or raise STRANGLER['SWITCH_CAP_S']."
            ) from error
        raise


@contextmanager
def _unchecked(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """SQLite alters a table by making it anew, for which its foreign keys must rest before the transaction begins."""
    if connection.vendor == "postgresql":
        yield
        return
    with connection.constraint_checks_disabled():
        yield


def _limit_until(connection: BaseDatabaseWrapper, deadline: float) -> None:
    """Let the next statement be given up when *deadline* (monotonic) passes: everybody waits for all of them."""
    if connection.vendor == "postgresql":
        left_ms = max(1, round((deadline - time.monotonic()) * 1000))
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {left_ms}")


@contextmanager
def _behind_the_fence(capability: str, work: _Work) -> Iterator[None]:
    """Let the block alter tables whose fence is enabled, and leave every table that exists afterwards with its own."""
    fence = fence_of(work.connection)
    if work.stream is None:
        fence.disable(work.tables)
        yield
        fence.enable(capability, work.tables_after)
        return
    yield
    fence.install(capability, work.tables_after)
    work.stream.adapt()


def _concurrently(entry: Pending, connection: BaseDatabaseWrapper) -> None:
    """Build or drop indexes while everybody writes; an index that a killed mover left unfinished is built anew."""
    executor, label = MigrationExecutor(connection), entry.migration.app_label
    state = executor.loader.project_state((label, entry.name), at_end=False)
    with connection.schema_editor(atomic=False) as editor:
        for operation in entry.migration.operations:
            after = state.clone()
            operation.state_forwards(label, after)
            index: Any = getattr(operation, "index", None)
            name = index.name if index else getattr(operation, "name", "")
            editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {editor.quote_name(name)}")
            if index:
                operation.database_forwards(label, editor, state, after)
            state = after
    executor.record_migration(entry.migration)  # type: ignore[call-arg, arg-type]


def _alter(entry: Pending, editor: BaseDatabaseSchemaEditor, before: ProjectState, *, backwards: bool) -> None:
    """Let fields be empty that the source is about to lose, or take that back."""
    label, state = entry.migration.app_label, before
    for operation in entry.loosens:
        after = state.clone()
        operation.state_forwards(label, after)
        old, new = (after, state) if backwards else (state, after)
        operation.database_forwards(label, editor, old, new)


def undo(context: Context) -> Figures:
    """
    Leave both homes in one state: take back what the target alone has.

    Raises:
        Refused: the source has lost something already.
    """
    switch = context.switch
    for entry in pending(switch):
        if switch.source not in entry.lacking:
            raise Refused(
                f"The {switch.source} has applied {entry.name} already, and what it removed is gone: "
                f"`strangler resume {switch.capability}` applies it in the {switch.target}."
            )
        if switch.target not in entry.lacking or _was_loosened(context, entry):
            _in_home(context, "undo", entry, switch.target)
    return {}


def _was_loosened(context: Context, entry: Pending) -> bool:
    found = context.operation.journal.filter(step=f"loosen-{context.switch.target}")
    return any(row.data.get("migration") == entry.name for row in found)


# -- what exists now ------------------------------------------------------------------------------------------------


def _tables(capability: str, loader: MigrationLoader, applied: Collection[tuple[str, str]] | None = None) -> list[str]:
    """Return the tables that migrations have made, which this process's models may be ahead of."""
    names = loader.applied_migrations if applied is None else applied
    state = loader.project_state([key for key in loader.graph.nodes if key in names])
    return tables_of(capability, state.apps)


def _stream(context: Context, at_source: Sequence[str] | None = None) -> Stream:
    """Return the stream of those tables that both homes have by now."""
    switch = context.switch
    homes = (switch.source_connection, switch.target_connection)
    here, there = (MigrationLoader(connection) for connection in homes)
    common = set(_tables(switch.capability, there))
    mine = _tables(switch.capability, here) if at_source is None else at_source
    tables = [table for table in mine if table in common]
    return stream_of(stream_forth(context).kind, Flow(switch.capability, switch.source, switch.target, tables, *homes))


MIGRATE = Plan("migrate", (("migrate", migrate), ("copy", copy)), (("undo-migrate", undo),))
"""The verb that changes the tables of both homes."""
