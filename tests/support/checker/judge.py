"""
Compares a ledger with the rows of the home that owns them.

Every acknowledged write must be there once; a write of unknown outcome may be there, once at most.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import rows
from .instants import two_writers, witnesses
from .ledger import History, histories
from .rows import Row


@dataclass(slots=True)
class Verdict:
    """
    What is missing and what is there twice; each entry names the product and the fact.

    Attributes:
        witnesses: how many writes prove that a home admitted writers at an instant.
        two_writers: what those prove that must not be.
    """

    owner: str
    products: int = 0
    acknowledged: int = 0
    unknown: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    witnesses: int = 0
    two_writers: list[str] = field(default_factory=list)

    @property
    def innocent(self) -> bool:
        """Whether nothing was lost, nothing doubled, and there was one writer at every instant."""
        return not self.lost and not self.doubled and not self.two_writers


class NotOneOwner(Exception):
    """The homes' ownership rows do not name exactly one of them as the writer."""


def judge(ledger: Path, homes: dict[str, str], *, run: str, capability: str = "catalog") -> Verdict:
    """Compare *ledger* with the owning home's rows; *homes* maps each home to its DSN. Raises: NotOneOwner."""
    seen = {home: rows.owner(database, capability) for home, database in homes.items()}
    writers = [home for home, (owner, _) in seen.items() if owner == home]
    if len(writers) != 1 or len(set(seen.values())) != 1:
        raise NotOneOwner(f"ownership rows disagree: {seen}")
    verdict = compare(histories(ledger), rows.products(homes[writers[0]], run), owner=writers[0])
    seen_open = witnesses(ledger)
    verdict.witnesses, verdict.two_writers = len(seen_open), two_writers(seen_open)
    return verdict


def compare(ledger: dict[str, History], found: list[Row], *, owner: str) -> Verdict:
    """Compare histories with rows; rows that no history explains count as doubled."""
    verdict = Verdict(owner, products=len(found))
    by_slug: defaultdict[str, list[Row]] = defaultdict(list)
    for row in found:
        # A doubled creation may have got another slug; its name still says whose it is.
        by_slug[row.name.removeprefix("Checked ")].append(row)
    for slug, history in ledger.items():
        verdict.acknowledged += len(history.acknowledged)
        verdict.unknown += len(history.writes) - len(history.acknowledged)
        same = by_slug.pop(slug, [])
        verdict.lost += _lost(history, same)
        verdict.doubled += _doubled(history, same)
    verdict.doubled += [f"{slug}: a row that nobody asked for" for slug in by_slug]
    return verdict


def _lost(history: History, same: list[Row]) -> Iterator[str]:
    acknowledged = history.acknowledged
    if not acknowledged:
        return
    last = acknowledged[-1]
    if not same:
        yield f"{history.slug}: acknowledged at version {last.version}, no row"
    for before, after in itertools.pairwise(acknowledged):
        if _version(after.version) <= _version(before.version):
            yield f"{history.slug}: {after.mark} answered version {after.version} after {before.version}"
    marks = {last.mark, *(write.mark for write in history.open_after_last)}
    for row in same:
        if not row.variants or not row.prices:
            yield f"{history.slug}: acknowledged with a variant and its price, row has {row.variants} and {row.prices}"
        if row.version < _version(last.version):
            yield f"{history.slug}: acknowledged at version {last.version}, row has {row.version}"
        elif row.mark not in marks:
            yield f"{history.slug}: last acknowledged {last.mark}, row says {row.mark}"


def _doubled(history: History, same: list[Row]) -> Iterator[str]:
    if len(same) > 1:
        yield f"{history.slug}: {len(same)} rows: {sorted(row.id for row in same)}"
    if not same:
        return
    if any(row.variants > 1 or row.prices > 1 for row in same):
        yield f"{history.slug}: more than one variant or price"
    effects = max(row.version for row in same)
    if effects > len(history.writes):
        yield f"{history.slug}: {len(history.writes)} writes were sent, the row counts {effects}"
    acknowledged = history.acknowledged
    for before, after in itertools.pairwise(acknowledged):
        between = history.writes.index(after) - history.writes.index(before)
        if _version(after.version) - _version(before.version) > between:
            yield f"{history.slug}: version {before.version} to {after.version} in {between} writes"
    if acknowledged and effects > _version(acknowledged[-1].version) + len(history.open_after_last):
        yield f"{history.slug}: last answer said {acknowledged[-1].version}, the row counts {effects}"


def _version(version: int | None) -> int:
    assert version is not None, "only acknowledged writes have a version"
    return version
