"""
Which database this is: a home must notice when it was set back, copied, or has failed over, before it writes (R18).

PostgreSQL knows itself: server, database and timeline; a dump restored is another database, and a server that was
promoted or set back to a point in time goes on in another timeline. An SQLite file knows nothing, and a backup is
usually copied over it; so a file beside it holds an id, and the highest epoch at which each capability was seen.
A disk that is put back as a whole, under a server or with both files, cannot be told from one that lost its power.
"""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.errors import StranglerError

SUFFIX = "-identity"
_POSTGRESQL = """(SELECT concat_ws('.', system_identifier,
 (SELECT oid FROM pg_database WHERE datname = current_database()),
 CASE WHEN pg_is_in_recovery() THEN (SELECT lpad(to_hex(timeline_id), 8, '0') FROM pg_control_checkpoint())
      ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END) FROM pg_control_system())"""
_PARTS = (
    "it was restored to another server, or the server was made anew",
    "it is a copy, made from a backup or a template",
    "its server has failed over, or was set back to a point in time",
)


class Restored(StranglerError):
    """
    The database is not the one that its home knows, and its ownership row may be old: nobody writes until it is told.

    Attributes:
        capability: whose rows they are.
    """

    def __init__(self, capability: str, why: str) -> None:
        super().__init__(f"{why} `strangler doctor` says what to do.")
        self.capability = capability


class _Row(NamedTuple):
    capability: str
    epoch: int
    system: str
    found: str
    highest: int = 0


def identity_of(connection: BaseDatabaseWrapper) -> str:
    """Return what tells the database of *connection* from every copy of it; empty where nothing does."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        found: str = connection.connection.execute(f"SELECT {_POSTGRESQL}").fetchone()[0]
        return found
    file = _beside(connection)
    return _read(file)["id"] if file else ""


def judge(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """
    Return the capabilities whose row was written in another database than this one, each with a sentence that says so.

    One statement past Django, so that neither tests nor figures count it; a database without the table is not judged.
    """
    return {row.capability: why for row in _rows(connection) if (why := _objection(connection, row))}


def recognise(connection: BaseDatabaseWrapper, capability: str) -> str:
    """
    Return the database's identity, for whoever is about to set the row of *capability*.

    Raises:
        Restored: the row holds another one, which is not to be forgotten unseen.
    """
    for row in _rows(connection):
        if row.capability == capability:
            if why := _objection(connection, row):
                raise Restored(capability, why)
            return row.found
    return identity_of(connection)


def renew_identity(connection: BaseDatabaseWrapper, capability: str) -> None:
    """Write the database's identity into the row of *capability*, whatever it holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE strangler_ownership SET system = %s WHERE capability = %s RETURNING epoch",
            [identity_of(connection), capability],
        )
        found = cursor.fetchone()
    if found:
        keep_epoch(connection, capability, found[0])


def keep_epoch(connection: BaseDatabaseWrapper, capability: str, epoch: int) -> None:
    """Note beside an SQLite file, once the current transaction commits, which epoch it has come to."""
    file = _beside(connection)
    if file:
        connection.on_commit(lambda: _mark(file, {capability: epoch}, forced=True))


def _rows(connection: BaseDatabaseWrapper) -> list[_Row]:
    connection.ensure_connection()
    postgresql = connection.vendor == "postgresql"
    found = _POSTGRESQL if postgresql else "''"
    statement = f"SELECT capability, epoch, system, {found} FROM strangler_ownership"
    try:
        rows = [_Row(*row) for row in connection.connection.execute(statement).fetchall()]
    except connection.Database.Error:  # type: ignore[attr-defined]  # not migrated yet, so nobody owns anything here
        return []
    return rows if postgresql or not rows else _beside_rows(connection, rows)


def _beside_rows(connection: BaseDatabaseWrapper, rows: list[_Row]) -> list[_Row]:
    """Complete rows of an SQLite file by what stands beside it, and keep there how far they have come."""
    file = _beside(connection)
    if file is None:
        return rows
    known = _read(file)
    epochs = known["epochs"]
    ahead = {r.capability: r.epoch for r in rows if r.system == known["id"] and r.epoch > epochs.get(r.capability, 0)}
    if ahead:
        _mark(file, ahead)
    return [row._replace(found=known["id"], highest=epochs.get(row.capability, 0)) for row in rows]


def _objection(connection: BaseDatabaseWrapper, row: _Row) -> str:
    if not row.system:
        return ""
    if row.system != row.found:
        reason = _difference(row) if connection.vendor == "postgresql" else "it is a copy, or was put in its place"
        return f"The database {connection.alias!r} is not the one that {row.capability} was last moved in: {reason}."
    if row.epoch < row.highest:
        return (
            f"The database {connection.alias!r} says epoch {row.epoch} of {row.capability} and has been at "
            f"{row.highest}: a backup was copied over it."
        )
    return ""


def _difference(row: _Row) -> str:
    pairs = zip(row.system.split("."), row.found.split("."), _PARTS, strict=False)
    return next((what for known, found, what in pairs if known != found), "it was of another kind")


# -- beside an SQLite file -------------------------------------------------------------------------------------------


def _beside(connection: BaseDatabaseWrapper) -> Path | None:
    """Return the file beside that of *connection*; None for PostgreSQL and for a database in memory."""
    if connection.vendor == "postgresql":
        return None
    connection.ensure_connection()
    name = connection.connection.execute("PRAGMA database_list").fetchone()[2]
    return Path(f"{name}{SUFFIX}") if name else None


def _read(file: Path) -> dict[str, Any]:
    """Return what stands in *file*, which is made when it is missing; nothing where it cannot be."""
    for _ in range(2):
        with suppress(OSError):
            kept: dict[str, Any] = json.loads(file.read_text())
            return kept
        _write(file, {"id": uuid.uuid4().hex, "epochs": {}})
    return {"id": "", "epochs": {}}


def _mark(file: Path, epochs: dict[str, int], *, forced: bool = False) -> None:
    """Keep how far capabilities have come; only somebody who has looked (*forced*) may go back."""
    kept = _read(file)
    known = kept["epochs"]
    raised = {name: epoch if forced else max(epoch, known.get(name, 0)) for name, epoch in epochs.items()}
    if kept["id"]:
        _write(file, {**kept, "epochs": known | raised}, replace=True)


def _write(file: Path, content: dict[str, Any], *, replace: bool = False) -> None:
    """Write *file* in one step, if it can be; unless *replace*, whoever was first stays."""
    draft = file.with_name(f"{file.name}.{uuid.uuid4().hex}")
    with suppress(OSError):
        draft.write_text(json.dumps(content))
        if replace:
            draft.replace(file)
        else:
            with suppress(FileExistsError):
                os.link(draft, file)
            draft.unlink()
