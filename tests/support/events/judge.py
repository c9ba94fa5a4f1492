"""
Compares the ledger with the effects in the subscriber's databases.

Every acknowledged note has exactly one effect, in the order in which the notes of its aggregate were acknowledged; a
note of unknown outcome has one at most; there is no other effect, and none that only the home knows that does not own
the rows.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.checker.ledger import entries
from tests.support.checker.rows import owner, query

SUBSCRIBER = "reader"
_EFFECTS = "SELECT id, aggregate, n, before, home FROM reader_effect WHERE aggregate LIKE ? ORDER BY at, id"


@dataclass(slots=True)
class Verdict:
    """
    What is wrong, each entry naming aggregate and note.

    Attributes:
        homes: effects by the host that had them.
        stray: effects that the owner of the rows does not know.
    """

    owner: str
    acknowledged: int = 0
    effects: int = 0
    homes: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)

    @property
    def innocent(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.disordered or self.unknown or self.stray)


class NotOneOwner(Exception):
    """The homes' ownership rows do not name exactly one of them as the writer."""


@dataclass(frozen=True, slots=True)
class _Effect:
    id: str
    aggregate: str
    n: int
    before: int
    home: str

    def __str__(self) -> str:
        return f"{self.aggregate}/{self.n}"


@dataclass(slots=True)
class _Notes:
    """What one aggregate's writer sent, in that order, and what of it was acknowledged."""

    sent: list[int] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)


def judge(ledger: Path, homes: dict[str, str], *, run: str) -> Verdict:
    """
    Compare *ledger* with the effects.

    Args:
        homes: each home of the subscriber to its DSN.
        run: begins the name of every aggregate that the ledger may know.

    Raises:
        NotOneOwner: nobody's effects count.
    """
    seen = {home: owner(database, SUBSCRIBER) for home, database in homes.items()}
    writers = [home for home, (name, _) in seen.items() if name == home]
    if len(writers) != 1 or len(set(seen.values())) != 1:
        raise NotOneOwner(f"ownership rows disagree: {seen}")
    effects = {home: _effects(database, run) for home, database in homes.items()}
    own = effects.pop(writers[0])
    verdict = Verdict(writers[0], effects=len(own), homes=dict(Counter(effect.home for effect in own)))
    known = set(own)
    verdict.stray = [
        f"{effect}, in the {home}" for home, rows in effects.items() for effect in rows if effect not in known
    ]
    _compare(_notes(ledger), own, verdict)
    return verdict


def _notes(ledger: Path) -> dict[str, _Notes]:
    found: defaultdict[str, _Notes] = defaultdict(_Notes)
    for entry in entries(ledger):
        if entry["kind"] == "intent":
            found[entry["aggregate"]].sent.append(entry["n"])
        elif entry["kind"] == "ack":
            found[entry["aggregate"]].acknowledged.append(entry["n"])
    return found


def _effects(database: str, run: str) -> list[_Effect]:
    return [_effect(values) for values in query(database, _EFFECTS, (f"{run}-%",))]


def _effect(values: tuple[Any, ...]) -> _Effect:
    identifier, aggregate, n, before, home = values
    return _Effect(str(identifier).replace("-", ""), aggregate, int(n), int(before), home)


def _compare(notes: dict[str, _Notes], effects: list[_Effect], verdict: Verdict) -> None:
    by_aggregate: defaultdict[str, list[_Effect]] = defaultdict(list)
    for effect in effects:
        by_aggregate[effect.aggregate].append(effect)
    for aggregate, asked in notes.items():
        had = by_aggregate.pop(aggregate, [])
        times = Counter(effect.n for effect in had)
        verdict.acknowledged += len(asked.acknowledged)
        verdict.lost += [f"{aggregate}/{n}" for n in asked.acknowledged if not times[n]]
        verdict.doubled += [f"{aggregate}/{n}: {count} times" for n, count in times.items() if count > 1]
        verdict.unknown += [str(effect) for effect in had if effect.n not in asked.sent]
        verdict.disordered += _disorder(asked, had)
    verdict.unknown += [str(effect) for rows in by_aggregate.values() for effect in rows]


def _disorder(asked: _Notes, had: list[_Effect]) -> Iterator[str]:
    """Two witnesses: when each effect says that it was had, and how many it says that it met."""
    place = {n: index for index, n in enumerate(asked.sent)}
    for before, after in itertools.pairwise(had):
        if place.get(after.n, 0) < place.get(before.n, 0):
            yield f"{after} after {before}"
    for index, effect in enumerate(had):
        if effect.before != index:
            yield f"{effect} met {effect.before} effects and is number {index + 1}"
