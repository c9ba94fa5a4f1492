"""What a mover needs to know, and what must hold before it begins."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import Home, get_conf
from strangler.errors import Refused, SetupError
from strangler.fence import tables_of, why_restored
from strangler.models import JournalEntry, Operation
from strangler.replication import count_rows, flow_of, leftovers, misfits, recorded, stream_of
from strangler.state import Owned, read_ownership
from strangler.state.connection import connection_of

PROBE_TIMEOUT_S = 3.0
ROWS_PER_S_GUESS = 30_000


@dataclass(frozen=True)
class Switch:
    """The writer of *capability* moves from *source* to *target*; *epoch* is the one in which it starts."""

    capability: str
    source: Home
    target: Home
    epoch: int

    @cached_property
    def tables(self) -> list[str]:
        """The capability's tables, parents first."""
        return tables_of(self.capability)

    @property
    def source_connection(self) -> BaseDatabaseWrapper:
        """The old writer's database."""
        return connection_of(self.capability, self.source)

    @property
    def target_connection(self) -> BaseDatabaseWrapper:
        """The new writer's database."""
        return connection_of(self.capability, self.target)

    def before(self) -> tuple[str, int]:
        """What both rows say before the switch."""
        return self.source, self.epoch

    def after(self, mark: str) -> Owned:
        """What both rows say after it."""
        return Owned(self.target, self.epoch + 1, mark)

    def undone(self, mark: str) -> Owned:
        """What both rows say when it was undone: an epoch that its movers cannot expect."""
        return Owned(self.source, self.epoch + 2, mark)


@dataclass(frozen=True)
class Plan:
    """
    A verb as steps.

    Attributes:
        steps: name and function; each may run again after a crash and then finds what is done already.
        undo_steps: the same, for the way back; empty when there is none.
    """

    verb: str
    steps: Sequence[tuple[str, Callable[[Any], Mapping[str, Any]]]]
    undo_steps: Sequence[tuple[str, Callable[[Any], Mapping[str, Any]]]] = field(default_factory=tuple)


def faults_before(capability: str, source: Home, target: Home, *, first: bool) -> list[str]:
    """
    Return everything that speaks against moving *capability* from *source* to *target* now.

    Only a move to the service needs the service to answer; the way back needs its rows, not its process.

    Args:
        first: nothing has been copied yet, so the target should be empty.
    """
    faults = [*_service_faults(capability)] if target == "service" else []
    for home in (source, target):
        try:
            connection_of(capability, home).ensure_connection()
        except DatabaseError as error:
            alias = get_conf().capabilities[capability].databases[home]
            faults.append(f"The {home}'s database ({alias!r}) does not answer: {str(error).strip()}. Start it first.")
        except Refused as error:
            faults.extend(error.reasons)
    return faults or [*_database_faults(capability, source, target, first)]


def _service_faults(capability: str) -> Iterator[str]:
    url = get_conf().capabilities[capability].service_url
    if url is None:
        yield f"{capability} has no service_url in STRANGLER['CAPABILITIES']: there is nowhere to send its traffic."
        return
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=PROBE_TIMEOUT_S):  # noqa: S310  from settings only
            return
    except urllib.error.HTTPError as error:
        yield f"The service at {url} is not ready ({error.code} from /readyz): see its log, then repeat."
    except OSError as error:
        yield f"The service at {url} does not answer ({error}): start it, then repeat."


def _database_faults(capability: str, source: Home, target: Home, first: bool) -> Iterator[str]:
    here, there = connection_of(capability, source), connection_of(capability, target)
    if here.vendor != there.vendor:
        yield f"The homes run on {here.vendor} and {there.vendor}; a copy needs one kind on both sides."
        return
    try:
        rows = [read_ownership(c, capability) for c in (here, there)]
    except (SetupError, DatabaseError) as error:
        yield f"An ownership row cannot be read: {str(error).strip()}. Run `migrate` in both homes."
        return
    for connection, row in zip((here, there), rows, strict=True):
        if row.owner != source or row.epoch != rows[0].epoch:
            yield (
                f"{connection.alias!r} says that {capability} belongs to the {row.owner} since epoch {row.epoch}; "
                f"both homes must name the {source} in one epoch. Run `strangler doctor`."
            )
    for connection in (here, there):
        if why := why_restored(connection, capability):
            yield why
    flow = flow_of(capability, source, target)
    yield from misfits(flow)
    for connection in (here, there):
        yield from _rights(connection, flow.tables)
    if (stream := recorded(capability, target)) is not None:
        yield from stream_of(stream.kind, flow).faults()
    elif first:
        yield from leftovers(there, flow.tables)


def _rights(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, current_user FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE n.nspname = ANY(current_schemas(false)) AND relname = ANY(%s) AND relkind IN ('r', 'p')"
            " AND NOT pg_has_role(relowner, 'USAGE')",
            [list(tables)],
        )
        for table, role in cursor.fetchall():
            yield f"The role {role} does not own {table} in {connection.alias!r}: run the mover as the tables' owner."


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long a copy is expected to take."""

    rows: int
    seconds: float
    measured: bool


def estimate(capability: str, source: Home) -> Estimate:
    """Return the expected time of a copy, from that of the last `prepare` if there was one."""
    rows = sum(count_rows(connection_of(capability, source), tables_of(capability)).values())
    last = (
        JournalEntry.objects.using(get_conf().control_database)
        .filter(operation__capability=capability, operation__verb="prepare", step="copy", phase="done")
        .exclude(operation__state=Operation.UNDONE)
        .order_by("-id")
        .first()
    )
    if last and last.data["rows"]:
        return Estimate(rows, rows * last.data["seconds"] / last.data["rows"], measured=True)
    return Estimate(rows, rows / ROWS_PER_S_GUESS, measured=False)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    def seconds(self) -> float:
        """Return the seconds so far, to the millisecond."""
        return round(time.monotonic() - self.started, 3)
