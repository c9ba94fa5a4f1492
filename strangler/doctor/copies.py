"""Whether both homes' tables can hold the same rows, and copies that nobody keeps in step any more."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db import transaction

from strangler.cutover.ownership import limit
from strangler.doctor.case import Case, Place
from strangler.doctor.fences import LOCK_MS
from strangler.doctor.finding import Finding, Mend
from strangler.errors import Refused
from strangler.fence import fence_of
from strangler.replication import empty, schema_differences
from strangler.state import read_ownership


def drift(case: Case) -> Iterator[Finding]:
    """Find tables that differ between the homes while rows flow."""
    if case.pair is None or case.state.stage == "monolith":
        return
    source, target = case.pair
    for difference in schema_differences(source.connection, target.connection, case.tables):
        yield Finding("drift", "error", case.name, difference, "The next switch is refused until both agree.")


def copies(case: Case) -> Iterator[Finding]:
    """Find rows in a home that nothing keeps in step and nobody reads."""
    left_at = {"monolith": "service", "complete": "monolith"}.get(case.state.stage)
    if left_at is None or not case.settled:
        return
    place = case.places["service" if left_at == "service" else "monolith"]
    present = set(place.connection.introspection.table_names())
    left = [table for table in case.tables if table in present and _has_rows(place, table)]
    if not left:
        return
    if case.state.stage == "complete":
        advice = f"`strangler complete {case.name}` archives and empties it."
        mend = None
    else:
        advice = "The service does not own them, so they are a copy; the next `prepare` would have to remove them."
        mend = Mend("remove them", partial(_empty, case, place))
    yield Finding(
        "copy-left-over",
        "warning",
        case.name,
        f"In stage {case.state.stage} the {place.home} still has rows in {', '.join(left)}.",
        advice,
        mend,
    )


def _has_rows(place: Place, table: str) -> bool:
    with place.connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {place.connection.ops.quote_name(table)})")
        return bool(cursor.fetchone()[0])


def _empty(case: Case, place: Place) -> None:
    """Remove a copy in one transaction, in which its home does not become the owner."""
    fence = fence_of(place.connection)
    with transaction.atomic(using=place.connection.alias):
        limit(place.connection, lock_ms=LOCK_MS, idle_ms=LOCK_MS)
        fence.lock_out_writers(case.name)
        if read_ownership(place.connection, case.name)[:2] != place.owned[:2]:
            raise Refused(f"The {place.home} has moved on since it was examined: repeat `strangler doctor`.")
        fence.disable(case.tables)
        empty(place.connection, case.tables)
        fence.enable(case.name, case.tables)
