"""What is true in a platform's databases, read by SQL alone, for comparing before with after."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tests.support.checker.rows import query
from tests.support.platform import Platform

CATALOG = "catalog"


@dataclass(frozen=True, slots=True)
class State:
    """
    Attributes:
        ownership: (owner, epoch) by home, as each home's own row says.
        fenced: the homes whose tables all refuse writes.
        rows: a digest of each home's rows by table.
        control: the published state of the capability: stage, reads_weight, writer, epoch, switching.
        changes: how many changes of state the history knows.
    """

    ownership: dict[str, tuple[str, int]]
    fenced: tuple[str, ...]
    rows: dict[str, dict[str, str]]
    control: tuple[Any, ...]
    changes: int

    @property
    def writer(self) -> str:
        """The one home that may write. Raises: AssertionError, when that is not exactly one."""
        owners = {home for home, (owner, _) in self.ownership.items() if owner == home}
        assert len(owners) == 1, f"writers by their ownership rows: {owners or 'none'}: {self}"
        assert len(set(self.ownership.values())) == 1, f"the homes disagree: {self.ownership}"
        writer = owners.pop()
        assert set(self.ownership) - set(self.fenced) == {writer}, f"{writer} owns, but only {self.fenced} are fenced"
        return writer


def state_of(platform: Platform) -> State:
    """Read everything about the platform's capability; the platform must be quiet."""
    homes, name = platform.homes, platform.capability
    return State(
        ownership={home: owner_of(dsn, name) for home, dsn in homes.items()},
        fenced=tuple(home for home, dsn in homes.items() if fenced(dsn, name)),
        rows={home: digests(dsn, name) for home, dsn in homes.items()},
        control=_control(homes["monolith"], name),
        changes=int(query(homes["monolith"], "SELECT count(*) FROM strangler_history")[0][0]),
    )


def writer_of(platform: Platform) -> str:
    """Return the home that both homes' own rows name. Raises: AssertionError, when they disagree."""
    (owner,) = {owner_of(dsn, platform.capability)[0] for dsn in platform.homes.values()}
    return owner


def owner_of(dsn: str, capability: str = CATALOG) -> tuple[str, int]:
    """Return (owner, epoch) of a home's own row."""
    found = query(dsn, "SELECT owner, epoch FROM strangler_ownership WHERE capability = ?", (capability,))
    return str(found[0][0]), int(found[0][1])


def fenced(dsn: str, capability: str = CATALOG) -> bool:
    """Return whether every table of the capability refuses writes. Raises: AssertionError, when only some do."""
    if dsn.startswith("postgres"):
        sql = """SELECT relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                 WHERE t.tgname = 'strangler_fence' AND t.tgenabled <> 'D'"""
    else:
        sql = "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'strangler_fence_%'"
    own = set(tables(dsn, capability))
    guarded = {name for (name,) in query(dsn, sql)} & own
    assert guarded in (set(), own), f"only some tables are fenced: {guarded}"
    return bool(guarded)


def tables(dsn: str, capability: str = CATALOG) -> list[str]:
    """Return the names of the capability's tables."""
    if dsn.startswith("postgres"):
        sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE ? ORDER BY 1"
    else:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ? ORDER BY 1"
    return [name for (name,) in query(dsn, sql, (f"{capability}_%",))]


def digests(dsn: str, capability: str = CATALOG) -> dict[str, str]:
    """Return a hash over all rows of each table, in the order of their keys."""
    return {table: _digest(query(dsn, f"SELECT * FROM {table} ORDER BY 1")) for table in tables(dsn, capability)}


def _digest(rows: list[tuple[Any, ...]]) -> str:
    hashed = hashlib.sha256()
    for row in rows:
        hashed.update(json.dumps(row, default=str, sort_keys=True).encode())
    return f"{len(rows)} rows {hashed.hexdigest()[:16]}"


def _control(dsn: str, capability: str) -> tuple[Any, ...]:
    sql = "SELECT stage, reads_weight, writer, epoch, switching FROM strangler_capability WHERE name = ?"
    found = query(dsn, sql, (capability,))
    return (*found[0][:4], bool(found[0][4])) if found else ("monolith", 0, "monolith", 1, False)


def journal(platform: Platform, after: int = 0) -> list[tuple[int, str, str, str]]:
    """Return (id, verb, step, phase) of the journal's entries with an id above *after*."""
    sql = """SELECT j.id, o.verb, j.step, j.phase FROM strangler_journal j
             JOIN strangler_operation o ON o.id = j.operation_id WHERE j.id > ? ORDER BY j.id"""
    return [
        (int(number), verb, step, phase)
        for number, verb, step, phase in query(platform.homes["monolith"], sql, (after,))
    ]
