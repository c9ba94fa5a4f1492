"""The examinations, one function each; each yields what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db import DatabaseError, connections, transaction

from strangler.conf import HOMES, Home, get_conf
from strangler.cutover import connection_of, live_routers
from strangler.doctor.finding import Finding
from strangler.errors import Refused, SetupError
from strangler.events.figures import figures_of
from strangler.fence import fence_of, tables_of
from strangler.models import Operation, Router
from strangler.replication import schema_differences
from strangler.routing import CapabilityState
from strangler.state import Change, Owned, load_table, publish, read_ownership
from strangler.state.connection import now_sql

FORGET_ROUTERS_S = 3600.0


def examine() -> list[Finding]:
    """Return everything found, errors first."""
    table = load_table()
    findings = [*_routers(table.version)]
    for name, state in table.capabilities.items():
        findings += _capability(name, state)
    return sorted(findings, key=lambda f: (f.level, f.capability))


def repair(findings: list[Finding]) -> list[Finding]:
    """Mend what can be mended without asking; returns what was mended."""
    mended = [f for f in findings if f.mend]
    for finding in mended:
        assert finding.mend
        finding.mend()
    return mended


def _capability(name: str, state: CapabilityState) -> Iterator[Finding]:
    operation = _unfinished(name)
    if operation:
        yield Finding(
            "error" if operation.state == Operation.FAILED else "warning",
            name,
            f"Operation #{operation.pk} ({operation.verb}) is {operation.state}, last seen "
            f"{operation.seen_at:%H:%M:%S} in {operation.mover}.",
            f"`strangler resume {name}` or `strangler undo {name}`, unless it is still at work.",
        )
    elif state.switching:
        yield Finding(
            "error",
            name,
            "The table says that a switch is under way, and no operation is.",
            "Every read asks its database first until this is mended.",
            partial(publish, Change(name, {"switching": False}, "doctor", "doctor", "no switch is under way")),  # type: ignore[arg-type]
        )
    rows: dict[Home, Owned] = {}
    for home in HOMES:
        try:
            rows[home] = read_ownership(connection_of(name, home), name)
        except (DatabaseError, SetupError, Refused) as error:
            yield Finding(
                "error", name, f"The {home}'s database cannot be examined: {str(error).strip()}", "Start or migrate it."
            )
    if not operation:
        for home, row in rows.items():
            yield from _home(name, home, row, state)
    if len(rows) == len(HOMES):
        yield from _pair(name, state)
    if (own := get_conf().home_of(name)) in rows and rows[own].owner == own:
        yield from _letters(name)


def _unfinished(name: str) -> Operation | None:
    operations = Operation.objects.using(get_conf().control_database)
    return operations.filter(capability=name, state__in=[Operation.RUNNING, Operation.FAILED]).first()


def _home(name: str, home: Home, row: Owned, state: CapabilityState) -> Iterator[Finding]:
    if (row.owner, row.epoch) != (state.writer, state.epoch):
        yield Finding(
            "error",
            name,
            f"The {home}'s database says {row.owner}, epoch {row.epoch}; the table says {state.writer}, "
            f"epoch {state.epoch}.",
            "Was a backup restored? Nobody should write until a person has compared the homes.",
        )
        return
    connection, tables = connection_of(name, home), tables_of(name)
    wanted = ["disabled"] if row.owner == home else ["enabled"]
    if home == "monolith" and state.stage == "monolith":
        wanted.append("absent")  # nobody has prepared it
    wrong = [t for t, found in fence_of(connection).states(tables).items() if found not in wanted]
    if wrong:
        yield Finding(
            "error",
            name,
            f"In the {home} the fence should be {' or '.join(wanted)} on {', '.join(wrong)}, and is not.",
            "A writer could pass, or is refused without a reason, until it is mended.",
            partial(_mend_fence, name, home),
        )
    yield from _role(name, home)


def _mend_fence(name: str, home: Home) -> None:
    connection, tables = connection_of(name, home), tables_of(name)
    fence = fence_of(connection)
    with transaction.atomic(using=connection.alias):
        fence.lock_out_writers(name)
        if read_ownership(connection, name).owner == home:
            fence.install(name, tables)
            fence.disable(tables)
        else:
            fence.enable(name, tables)


def _role(name: str, home: Home) -> Iterator[Finding]:
    connection = connection_of(name, home)
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        role, superuser = cursor.fetchone()
    if superuser:
        yield Finding(
            "warning",
            name,
            f"The {home} connects as {role}, a superuser, who can pass any fence.",
            "Give the application a role that neither is a superuser nor owns the tables.",
        )


def _pair(name: str, state: CapabilityState) -> Iterator[Finding]:
    if state.stage == "monolith":
        return
    source, target = connection_of(name, "monolith"), connection_of(name, "service")
    for difference in schema_differences(source, target, tables_of(name)):
        yield Finding("error", name, difference, "The next switch is refused until both agree.")


def _letters(name: str) -> Iterator[Finding]:
    figures = figures_of(name)
    places = {"outbox": figures.outbox_dead, "inbox": figures.inbox_dead}
    if dead := " and ".join(f"{count} in its {place}" for place, count in places.items() if count):
        yield Finding(
            "warning",
            name,
            f"Events are dead: {dead}. What follows them in their aggregates waits.",
            f"`strangler events list {name}` says why; mend the cause, then `strangler events replay`.",
        )


def _routers(version: int) -> Iterator[Finding]:
    for router in live_routers():
        if router.version < version:
            yield Finding(
                "warning",
                "",
                f"{router.host} {router.process} obeys version {router.version}; the newest is {version}.",
                "It should catch up within a second; otherwise restart it.",
            )
    alias = get_conf().control_database
    old = Router.objects.using(alias).extra(  # noqa: S610  the clock must be the database's own
        where=[f"seen_at < {now_sql(connections[alias])} - %s"], params=[FORGET_ROUTERS_S]
    )
    if gone := old.count():
        yield Finding(
            "warning",
            "",
            f"{gone} processes left without signing off more than an hour ago.",
            "Their rows do no harm.",
            lambda: old.delete() and None,
        )
