"""What a rehearsal has left behind that was killed, and how one knows that it was."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.cutover.rehearsal import SCHEMA
from strangler.doctor.case import Case, Place
from strangler.doctor.finding import Finding, Mend
from strangler.errors import Refused
from strangler.replication import Flow, Stream, stream_of
from strangler.state.connection import dedicated

_LOCK = "(hashtext('strangler_rehearsal'))"
_STILL_S = 60.0
"""A rehearsal between SQLite files writes them all the time; when none has changed for longer, nobody does."""


@contextmanager
def one_rehearsal(monolith: BaseDatabaseWrapper) -> Iterator[None]:
    """
    Let nobody else rehearse with the same database while the block runs, and everybody see that somebody does.

    Raises:
        Refused: somebody does already.
    """
    if monolith.vendor != "postgresql":  # each has files of its own
        yield
        return
    with closing(dedicated(monolith.alias)) as alone:
        if not _value(alone, f"SELECT pg_try_advisory_lock{_LOCK}"):
            raise Refused(f"Another rehearsal is under way in {monolith.alias!r}: repeat this when it has ended.")
        yield


def rehearsals(case: Case) -> Iterator[Finding]:
    """Find copies of rows, and streams between them, that nobody rehearses with."""
    if case.pair is None:
        return
    monolith, service = case.pair
    if not monolith.postgresql:
        yield from _folders(case, Path(monolith.connection.settings_dict["NAME"]).parent)
    elif service.postgresql and not _rehearsing(monolith.connection):
        yield from _stage(case, monolith, service)


def _finding(case: Case, what: str, mend: Mend) -> Finding:
    advice = "A rehearsal was killed. What it copied takes up room, and a slot of it keeps the server's log for ever."
    return Finding("rehearsal-left-over", "error", case.name, what, advice, mend)


# -- files ----------------------------------------------------------------------------------------------------------


def _folders(case: Case, beside: Path) -> Iterator[Finding]:
    for folder in sorted(beside.glob(f"{SCHEMA}-*")):
        changed_at = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        if time.time() - changed_at > _STILL_S:
            mend = Mend("remove the folder", lambda folder=folder: shutil.rmtree(folder))  # type: ignore[misc]
            yield _finding(case, f"The folder {folder} has copies of rows.", mend)


# -- schemas --------------------------------------------------------------------------------------------------------


def _stage(case: Case, monolith: Place, service: Place) -> Iterator[Finding]:
    places = [place for place in (monolith, service) if _has_schema(case, place)]
    with _streams(case, monolith, service) as streams:
        traces = [trace for stream in streams for trace in stream.traces()]
    schemas = [f"{place.connection.alias!r} has the schema {SCHEMA}." for place in places]
    if found := [*schemas, *traces]:
        mend = Mend("remove it; the capability's own rows stay", lambda: _clear(case, monolith, service))
        yield _finding(case, f"There is left of a rehearsal: {' '.join(found)}", mend)


def _clear(case: Case, monolith: Place, service: Place) -> None:
    with one_rehearsal(monolith.connection):
        with _streams(case, monolith, service) as streams:
            for stream in streams:
                stream.stop()
        for place in (monolith, service):
            if _has_schema(case, place):
                with place.connection.cursor() as cursor:
                    cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _has_schema(case: Case, place: Place) -> bool:
    """Return whether there is one with copies of the capability's tables, or one in which nothing was made yet."""
    statement = (
        "SELECT count(c.oid) = 0 OR bool_or(c.relname = ANY(%s)) FROM pg_namespace n LEFT JOIN pg_class c"
        " ON c.relnamespace = n.oid WHERE n.nspname = %s GROUP BY n.oid"
    )
    return bool(_value(place.connection, statement, case.tables, SCHEMA))


@contextmanager
def _streams(case: Case, monolith: Place, service: Place) -> Iterator[list[Stream]]:
    """Yield those there and back, by connections that see the copies where the capability has its tables."""
    with closing(dedicated(monolith.connection.alias)) as here, closing(dedicated(service.connection.alias)) as there:
        for connection in (here, there):
            with connection.cursor() as cursor:
                cursor.execute(f"SET search_path = {SCHEMA}, public")
        # Without copies the names of the tables mean the capability's own, whose slots are nobody's left-overs.
        tables = tuple(case.tables) if all(_has_schema(case, place) for place in (monolith, service)) else ()
        flow = Flow(f"{case.name}_rehearsal", "monolith", "service", tables, here, there)
        yield [stream_of("logical", flow), stream_of("logical", flow.reversed())]


def _rehearsing(monolith: BaseDatabaseWrapper) -> bool:
    with closing(dedicated(monolith.alias)) as alone:
        return not _value(alone, f"SELECT pg_try_advisory_lock{_LOCK}")


def _value(connection: BaseDatabaseWrapper, statement: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        row = cursor.fetchone()
    return row[0] if row else None
