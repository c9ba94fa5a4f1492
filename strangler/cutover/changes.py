"""
What a migration does to two homes between which rows flow, and in which of them it must come first.

One rule decides: the target must accept at every moment whatever the source holds. So what lets a table hold more goes
to the target first, and what lets it hold less goes to the source first and to the target once that has caught up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations import operations as ops
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field, Model
from django.db.models.expressions import Value

SPLIT = "split the migration in two, of which a later release brings the second"
CANCEL = "or let it wait until no rows flow (`strangler cancel` or `complete`)"


class Kind(Enum):
    """What a change does to the rows that a table can hold."""

    WIDENS = "widens"
    NARROWS = "narrows"
    NEITHER = "neither"


class NotWhileRowsFlow(Exception):
    """A change that no order makes safe; the message says why, and what to do instead."""


@dataclass(frozen=True)
class Change:
    """One operation of a migration, with the models before and after it."""

    operation: Any
    label: str
    before: ProjectState
    after: ProjectState
    connection: BaseDatabaseWrapper
    fresh: frozenset[str]

    @cached_property
    def old(self) -> Field[Any, Any]:
        """The field as it was."""
        return self._field(self.before)

    @cached_property
    def new(self) -> Field[Any, Any]:
        """The field as it becomes."""
        return self._field(self.after)

    def _field(self, state: ProjectState) -> Field[Any, Any]:
        model: type[Model] = state.apps.get_model(self.label, self.operation.model_name)
        field: Field[Any, Any] = model._meta.get_field(self.operation.name)  # type: ignore[assignment]
        return field

    @property
    def is_fresh(self) -> bool:
        """Whether the table was made by the same migration: nobody has written to it yet."""
        name = getattr(self.operation, "model_name", None) or getattr(self.operation, "name", "")
        return str(name).lower() in self.fresh


def kind_of(migration: Migration, before: ProjectState, connection: BaseDatabaseWrapper) -> Kind:
    """
    Say whether a migration lets its tables hold more or less.

    Raises:
        NotWhileRowsFlow: it does both, or something that no order makes safe.
    """
    found = _kinds(migration.operations, migration.app_label, before, connection)
    kinds = set(found) - {Kind.NEITHER}
    if len(kinds) > 1:
        raise NotWhileRowsFlow(f"it lets the tables hold more and less at once: {SPLIT}")
    if not migration.atomic and not all(_is_concurrent(operation) for operation in migration.operations):
        raise NotWhileRowsFlow("it is not atomic, and could be applied by half: make it atomic")
    return kinds.pop() if kinds else Kind.NEITHER


def _kinds(
    operations: Sequence[Operation], label: str, before: ProjectState, connection: BaseDatabaseWrapper
) -> Iterator[Kind]:
    fresh: set[str] = set()
    state = before.clone()
    for operation in operations:
        after = state.clone()
        operation.state_forwards(label, after)
        change = Change(operation, label, state, after, connection, frozenset(fresh))
        yield from _of(change)
        if isinstance(operation, ops.CreateModel):
            fresh.add(operation.name_lower)
        state = after


def _is_concurrent(operation: Operation) -> bool:
    return type(operation).__name__ in {"AddIndexConcurrently", "RemoveIndexConcurrently"}


def _of(change: Change) -> Iterator[Kind]:
    operation = change.operation
    if isinstance(operation, SeparateDatabaseAndState):
        yield from _kinds(operation.database_operations, change.label, change.before, change.connection)
        return
    for known, rule in _RULES:
        if isinstance(operation, known):
            kind = rule(change)
            yield Kind.WIDENS if kind is Kind.NARROWS and change.is_fresh else kind
            return
    if type(operation).__name__ == "ValidateConstraint":
        yield Kind.NEITHER
        return
    raise NotWhileRowsFlow(f"nobody knows what {type(operation).__name__} does to the rows: {CANCEL[3:]}")


# -- tables -------------------------------------------------------------------------------------------------------


def _create_model(change: Change) -> Kind:
    model = change.after.apps.get_model(change.label, change.operation.name)
    for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
        _assert_inside(change, field)
    return Kind.WIDENS if model._meta.managed and not model._meta.proxy else Kind.NEITHER


def _delete_model(change: Change) -> Kind:
    model = change.before.apps.get_model(change.label, change.operation.name)
    return Kind.NARROWS if model._meta.managed and not model._meta.proxy else Kind.NEITHER


def _rename(change: Change) -> Kind:
    raise NotWhileRowsFlow(
        "a renamed table or column has two names while rows flow: set db_table or db_column to the old name, or add "
        f"the new one, and remove the old one in a later release; {CANCEL}"
    )


def _alter_table(change: Change) -> Kind:
    name = change.operation.name
    tables = [s.apps.get_model(change.label, name)._meta.db_table for s in (change.before, change.after)]
    return Kind.NEITHER if tables[0] == tables[1] else _rename(change)


def _ordering(change: Change) -> Kind:
    names = [
        s.models[change.label, change.operation.name_lower].options.get("order_with_respect_to")
        for s in (change.before, change.after)
    ]
    if names[0] == names[1]:
        return Kind.NEITHER
    if names[1] is None:
        return Kind.NARROWS
    raise NotWhileRowsFlow("the column for the order has no default of the database: add an integer field of your own")


def _together(change: Change) -> Kind:
    old, new = (
        {tuple(c) for c in s.models[change.label, change.operation.name_lower].options.get("unique_together") or ()}
        for s in (change.before, change.after)
    )
    if new - old and old - new:
        raise NotWhileRowsFlow(f"it lets the tables hold more and less at once: {SPLIT}")
    return Kind.NARROWS if new - old else Kind.WIDENS if old - new else Kind.NEITHER


# -- fields -------------------------------------------------------------------------------------------------------


def _add_field(change: Change) -> Kind:
    field = change.new
    _assert_inside(change, field)
    if field.many_to_many or change.is_fresh:
        return Kind.WIDENS
    if field.primary_key:
        raise NotWhileRowsFlow(f"the primary key of a table that has rows would change: {CANCEL[3:]}")
    if field.has_db_default():
        if hasattr(field.db_default, "resolve_expression") and not isinstance(field.db_default, Value):
            raise NotWhileRowsFlow(
                f"each home would compute {field.name} for itself, and differently: use a constant for db_default"
            )
        return Kind.WIDENS
    if field.generated:
        return Kind.WIDENS
    if change.connection.schema_editor().effective_default(field) is not None:
        raise NotWhileRowsFlow(
            f"rows that arrive before the source has {field.name} would be without its default, which Django fills in "
            "only once: use db_default, or null=True without a default"
        )
    if not field.null:
        raise NotWhileRowsFlow(
            f"rows that arrive before the source has {field.name} would have no value for it: give it null=True or "
            "db_default"
        )
    return Kind.WIDENS


def _remove_field(change: Change) -> Kind:
    if change.old.primary_key:
        raise NotWhileRowsFlow(f"the primary key of a table that has rows would change: {CANCEL[3:]}")
    return Kind.NARROWS


def _alter_field(change: Change) -> Kind:
    old, new = change.old, change.new
    editor = change.connection.schema_editor()
    if not editor._field_should_be_altered(old, new) or change.is_fresh:  # type: ignore[attr-defined]
        return Kind.NEITHER
    if old.many_to_many or new.many_to_many:
        raise NotWhileRowsFlow("another table would take over the relation: add a new field, and remove the old one")
    _assert_inside(change, new)
    if old.column != new.column:
        return _rename(change)
    if old.primary_key != new.primary_key or (new.primary_key and _type(change, old) != _type(change, new)):
        raise NotWhileRowsFlow(f"the primary key of a table that has rows would change: {CANCEL[3:]}")
    kinds = {*_type_kind(change), *_other_kinds(change)}
    if len(kinds) > 1:
        raise NotWhileRowsFlow(f"{new.name} could hold more and less at once: {SPLIT}")
    return kinds.pop() if kinds else Kind.NEITHER


def _type(change: Change, field: Field[Any, Any]) -> str:
    """Return the column's type; that SQLite calls some unsigned is told by their check."""
    return str(field.db_parameters(connection=change.connection)["type"]).removesuffix(" unsigned")


_RANKS = ("smallint", "integer", "bigint")


def _type_kind(change: Change) -> Iterator[Kind]:
    old, new = _type(change, change.old), _type(change, change.new)
    if change.old.db_parameters(change.connection).get("collation") != change.new.db_parameters(change.connection).get(
        "collation"
    ):
        raise NotWhileRowsFlow(f"{change.new.name} would compare otherwise in one home than in the other: {CANCEL[3:]}")
    if old == new:
        return
    if not _is_wider(old, new):
        raise NotWhileRowsFlow(
            f"values of {change.new.name} ({old}) may not fit into {new}: add a new field, fill it, and remove the old "
            f"one in a later release; {CANCEL}"
        )
    yield Kind.WIDENS


def _is_wider(old: str, new: str) -> bool:
    (was, *old_sizes), (becomes, *new_sizes) = (re.split(r"[(,) ]+", name.rstrip(")")) for name in (old, new))
    if old in _RANKS and new in _RANKS:
        return _RANKS.index(new) > _RANKS.index(old)
    if was in {"varchar", "text"} and becomes in {"varchar", "text"}:
        return becomes == "text" or not new_sizes or (bool(old_sizes) and int(new_sizes[0]) > int(old_sizes[0]))
    if was == becomes == "numeric" and old_sizes and new_sizes:
        return old_sizes[1] == new_sizes[1] and int(new_sizes[0]) > int(old_sizes[0])
    return False


def _other_kinds(change: Change) -> Iterator[Kind]:
    old, new = change.old, change.new
    if old.null != new.null:
        yield Kind.WIDENS if new.null else Kind.NARROWS
    if old.unique != new.unique:
        yield Kind.NARROWS if new.unique else Kind.WIDENS
    keys = [bool(field.remote_field and getattr(field, "db_constraint", False)) for field in (old, new)]
    if keys[0] != keys[1]:
        yield Kind.NARROWS if keys[1] else Kind.WIDENS
    if all(keys) and _target(old) != _target(new):
        raise NotWhileRowsFlow(f"{new.name} would point to another table: add a new field, and remove the old one")
    if _checks(change, old) != _checks(change, new):
        yield Kind.NARROWS if _checks(change, new) else Kind.WIDENS


def _target(field: Any) -> str:
    return str(field.related_model._meta.label)


def _checks(change: Change, field: Field[Any, Any]) -> str:
    return str(field.db_parameters(connection=change.connection)["check"] or "")


def _assert_inside(change: Change, field: Any) -> None:
    """
    Refuse a relation that leaves the capability.

    Raises:
        NotWhileRowsFlow: always, for one.
    """
    other = field.related_model if field.is_relation else None
    if other is not None and other._meta.app_label != change.label:
        raise NotWhileRowsFlow(
            f"{field.name} would bind the rows to {other._meta.label}, which stays behind: hold its id instead"
        )


# -- constraints, indexes and what no model says ---------------------------------------------------------------------


def _run(change: Change) -> Kind:
    operation = change.operation
    if isinstance(operation, RunPython) and operation.code is RunPython.noop:
        return Kind.NEITHER
    if isinstance(operation, RunSQL) and operation.sql == RunSQL.noop:
        return Kind.NEITHER
    raise NotWhileRowsFlow(
        f"{type(operation).__name__} may do anything, and would do it in both homes: change rows through the app, by a "
        f"command at the owner, and they flow; {CANCEL}"
    )


def _always(kind: Kind) -> Callable[[Change], Kind]:
    return lambda _: kind


_RULES: Sequence[tuple[type[Operation] | tuple[type[Operation], ...], Callable[[Change], Kind]]] = (
    (ops.CreateModel, _create_model),
    (ops.DeleteModel, _delete_model),
    ((ops.RenameModel, ops.RenameField), _rename),
    (ops.AlterModelTable, _alter_table),
    (ops.AddField, _add_field),
    (ops.RemoveField, _remove_field),
    (ops.AlterField, _alter_field),
    (ops.AddConstraint, _always(Kind.NARROWS)),
    (ops.RemoveConstraint, _always(Kind.WIDENS)),
    (ops.AlterUniqueTogether, _together),
    (ops.AlterOrderWithRespectTo, _ordering),
    ((RunPython, RunSQL), _run),
    (
        (
            ops.AddIndex,
            ops.RemoveIndex,
            ops.RenameIndex,
            ops.AlterIndexTogether,
            ops.AlterConstraint,
            ops.AlterModelOptions,
            ops.AlterModelManagers,
            ops.AlterModelTableComment,
        ),
        _always(Kind.NEITHER),
    ),
)
