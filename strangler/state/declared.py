"""
Capabilities that are declared complete: shipped in their last stage, with nothing in the monolith but a contract.

A declaration moves nothing. On a new platform it is true from the first migration on, and the control database is
told so. Where the monolith has had the app before, `strangler complete` must have made it true: until then whoever
declares it does not start, for the rows are elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError, connections

from strangler.conf import get_conf
from strangler.errors import SetupError
from strangler.models import Operation, Ownership
from strangler.state.ownership import read_ownership
from strangler.state.store import Change, ControlUnreachable, first_state, publish, recorded_state

ACTOR = "migrate"


def declare_complete() -> None:
    """Let the control database of a new platform say what the monolith's settings declare; a repeat changes nothing."""
    for name in _declared():
        if recorded_state(name) is None and not _has_been_here(name):
            begins = first_state(name)
            values = {"stage": begins.stage, "writer": begins.writer, "epoch": begins.epoch}
            publish(Change(name, values, "declare", ACTOR, reason="it is shipped complete", undo="none: no other home"))


def begins_here(capability: str) -> bool:
    """Return whether the control database says that nobody has ever moved *capability*, which is declared complete."""
    try:
        return recorded_state(capability) == first_state(capability)
    except ControlUnreachable:
        return False


def objections() -> dict[str, str]:
    """Return why what is declared complete is not, with what to do, by name; a monolith may not know of all."""
    return {name: why for name in _declared() if (why := _objection_to_move(name) or _objection_to_begin(name))}


def _declared() -> Iterator[str]:
    return (name for name, known in get_conf().capabilities.items() if known.complete)


def _objection_to_begin(name: str) -> str:
    """A new service needs to be told that it is the first; one that owns its rows knows."""
    if get_conf().host != name or _owns(name):
        return ""
    try:
        if recorded_state(name):
            return ""
    except ControlUnreachable:
        pass
    return f"{name} begins here, and the control database does not say so: `migrate` of the monolith comes first."


def _owns(name: str) -> bool:
    try:
        alias = get_conf().database_of(name)
        return read_ownership(connections[alias or ""], name).owner == get_conf().side
    except (DatabaseError, SetupError):  # not migrated yet
        return False


def _objection_to_move(name: str) -> str:
    try:
        state = recorded_state(name)
        if state is None and not _has_been_here(name):
            return ""
        operation = _unfinished(name)
    except (ControlUnreachable, DatabaseError):
        return ""
    stage = state.stage if state else "monolith"
    if operation:
        first = f"`strangler resume {name}`"
        found = f"operation #{operation.pk} ({operation.verb}) is unfinished"
    elif stage != "complete":
        moved = "" if stage == "extracted" else f"`strangler toggle {name} service` and "
        first, found = f"{moved}`strangler complete {name}`", f"the control database says stage {stage}"
    else:
        return ""
    return (
        f"{name} is declared complete, and {found}: {first} comes first, with the release in which the monolith has it."
    )


def _unfinished(name: str) -> Operation | None:
    operations = Operation.objects.using(get_conf().control_database)
    return operations.filter(capability=name, state__in=Operation.UNFINISHED).first()


def _has_been_here(capability: str) -> bool:
    """Whether a database of the monolith knows an owner of the rows: then they are, or were, in it."""
    return any(
        "strangler_ownership" in connections[alias].introspection.table_names()
        and Ownership.objects.using(alias).filter(capability=capability).exists()
        for alias in _of_the_monolith()
    )


def _of_the_monolith() -> set[str]:
    """A service reaches one of them, the control database."""
    conf = get_conf()
    own = {alias for known in conf.capabilities.values() if (alias := known.databases.get("monolith"))}
    return {conf.control_database} | own
