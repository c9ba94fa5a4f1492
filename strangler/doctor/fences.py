"""Whether each home's fence says what its ownership row says, and whether anybody can pass it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db import transaction

from strangler.cutover.ownership import limit
from strangler.doctor.case import Case, Place
from strangler.doctor.finding import Finding, Mend
from strangler.fence import fence_of
from strangler.state import read_ownership

LOCK_MS = 1_000
"""How long a mend waits for a lock, and others for the mend; it is refused then, and may be repeated."""


def fences(case: Case) -> Iterator[Finding]:
    """Find fences in the wrong state, and roles that they cannot keep out."""
    for place in case.places.values():
        if not case.operation and not place.restored:
            yield from _fence(case, place)
        if place.postgresql:
            yield from _role(case, place)


def _fence(case: Case, place: Place) -> Iterator[Finding]:
    wanted = ["disabled"] if place.owned.owner == place.home else ["enabled"]
    if case.state.stage == ("monolith" if place.home == "monolith" else "complete"):
        wanted.append("absent")  # nobody has prepared it, or nobody ever had to
    present = set(place.connection.introspection.table_names())
    tables = [table for table in case.tables if table in present]  # others are told of as drift
    wrong = [table for table, state in fence_of(place.connection).states(tables).items() if state not in wanted]
    if wrong:
        yield Finding(
            "fence-wrong",
            "error",
            case.name,
            f"In the {place.home} the fence should be {' or '.join(wanted)} on {', '.join(wrong)}, and is not.",
            "A writer could pass, or is refused without a reason, until it is mended.",
            Mend(f"make it {wanted[0]}", partial(mend_fence, case, place)),
        )


def mend_fence(case: Case, place: Place) -> None:
    """Let a home's fence say what its row says, while nobody writes."""
    fence = fence_of(place.connection)
    with transaction.atomic(using=place.connection.alias):
        limit(place.connection, lock_ms=LOCK_MS, idle_ms=LOCK_MS)
        fence.lock_out_writers(case.name)
        if read_ownership(place.connection, case.name).owner == place.home:
            fence.install(case.name, case.tables)
            fence.disable(case.tables)
        else:
            fence.enable(case.name, case.tables)


def _role(case: Case, place: Place) -> Iterator[Finding]:
    with place.connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        role, superuser = cursor.fetchone()
    if superuser:
        yield Finding(
            "role-superuser",
            "warning",
            case.name,
            f"The {place.home} connects as {role}, a superuser, who can pass any fence.",
            "Give the application a role that neither is a superuser nor owns the tables.",
        )
