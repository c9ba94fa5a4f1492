"""The control tables: load the newest table, and change it by compare-and-set with its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import Conf, Home, get_conf
from strangler.errors import StranglerError
from strangler.models import Capability, HistoryEntry, Operation, TableVersion
from strangler.routing import CapabilityState, Route, Table

CHANNEL = "strangler_table"
_COLUMNS = "name, stage, reads_weight, writer, epoch, switching"


class ControlUnreachable(StranglerError):
    """The control database does not answer or has not been migrated."""


def routes_of(conf: Conf) -> Iterator[Route]:
    """Yield the routes of the capabilities whose requests this host takes."""
    for name in conf.routed_capabilities:
        for route in conf.capabilities[name].routes:
            yield Route(name, route.prefix, route.host, route.methods, route.kind, route.stale_ok, route.timeout_s)


def build_table(version: int, states: Mapping[str, CapabilityState]) -> Table:
    """Compile a table from *states*; a capability without one is in the stage in which it begins."""
    conf = get_conf()
    known = [states.get(name) or first_state(name) for name in conf.capabilities]
    return Table(version, known, routes_of(conf))


def first_state(capability: str) -> CapabilityState:
    """Return the state before the first change: `monolith`, or `complete` where it is declared so."""
    known = get_conf().capabilities.get(capability)
    if known and known.complete:
        return CapabilityState(capability, stage="complete", writer="service")
    return CapabilityState(capability)


def read_version(connection: BaseDatabaseWrapper) -> int:
    """Return the newest version; 0 before the first change."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT version FROM strangler_version WHERE id = 1")
        row = cursor.fetchone()
    return row[0] if row else 0


def load_table(connection: BaseDatabaseWrapper | None = None) -> Table:
    """
    Load the newest table from the control database.

    Raises:
        ControlUnreachable: the database does not answer or has not been migrated.
    """
    connection = connection or connections[get_conf().control_database]
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT (SELECT max(version) FROM strangler_version), {_COLUMNS} FROM strangler_capability")
            rows = cursor.fetchall()
        version = rows[0][0] if rows else read_version(connection)
    except DatabaseError as error:
        raise _unreachable(connection.alias, error) from error
    states = [
        CapabilityState(name, stage, weight, writer, epoch, bool(switching))
        for _, name, stage, weight, writer, epoch, switching in rows
    ]
    return build_table(version, {state.name: state for state in states})


def _unreachable(alias: str, error: DatabaseError) -> ControlUnreachable:
    return ControlUnreachable(
        f"The control database {alias!r} cannot be read: {str(error).strip()}. Start it, or run `migrate` if it is new."
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one capability's state, with what its history says of it."""

    capability: str
    values: Mapping[str, Any]
    verb: str
    actor: str
    reason: str = ""
    undo: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    operation: Operation | None = None


def publish(change: Change) -> int:
    """
    Change the table in one transaction and wake every router.

    A repeat that would change nothing publishes nothing.

    Returns:
        The version that holds the change.
    """
    alias = get_conf().control_database
    with transaction.atomic(using=alias):
        TableVersion.objects.using(alias).get_or_create(id=1)
        version = TableVersion.objects.using(alias).select_for_update().get(id=1)
        row, _ = Capability.objects.using(alias).get_or_create(name=change.capability)
        before = _state(row)
        after = replace(before, **change.values)
        if after == before:
            return version.version
        version.version += 1
        version.save(update_fields=["version"])
        for name, value in change.values.items():
            setattr(row, name, value)
        row.save()
        HistoryEntry.objects.using(alias).create(
            version=version.version,
            capability=change.capability,
            verb=change.verb,
            actor=change.actor,
            reason=change.reason,
            before=asdict(before),
            after=asdict(after),
            figures=dict(change.figures),
            undo=change.undo,
            operation=change.operation,
        )
        _notify(connections[alias], version.version)
    return version.version


def _state(row: Capability) -> CapabilityState:
    writer: Home = "service" if row.writer == "service" else "monolith"
    return CapabilityState(row.name, row.stage, row.reads_weight, writer, row.epoch, row.switching)


def state_of(capability: str) -> CapabilityState:
    """
    Return the capability's state in the control database.

    Raises:
        ControlUnreachable: the database does not answer or has not been migrated.
    """
    return recorded_state(capability) or first_state(capability)


def recorded_state(capability: str) -> CapabilityState | None:
    """
    Return the capability's state as the control database has it; None before the first change.

    Raises:
        ControlUnreachable: the database does not answer or has not been migrated.
    """
    alias = get_conf().control_database
    try:
        row = Capability.objects.using(alias).filter(name=capability).first()
    except DatabaseError as error:
        raise _unreachable(alias, error) from error
    return _state(row) if row else None


def _notify(connection: BaseDatabaseWrapper, version: int) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(version)])
