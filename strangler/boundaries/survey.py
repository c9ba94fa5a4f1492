"""All that crosses a border in the source, beside what the baseline knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from strangler.boundaries.baseline import Baseline, read_baseline, write_baseline
from strangler.boundaries.imports import bad_imports
from strangler.boundaries.places import Place
from strangler.boundaries.project import place_of_module, project_graph, project_rule
from strangler.boundaries.relations import relations
from strangler.boundaries.territory import territory
from strangler.conf import get_conf

SURVEYED = ("imports", "relations")  # statements are observed while tests run


@dataclass(frozen=True, slots=True)
class Crossing:
    """
    One import or relation that crosses a border.

    Attributes:
        part: of the baseline it belongs to.
        key: what identifies it there.
        what: the fact and what is wrong with it, one sentence.
        known: it is in the baseline.
    """

    part: str
    key: str
    what: str
    place: Place | None
    known: bool


@dataclass(frozen=True, slots=True)
class Borders:
    """
    What a survey found.

    Attributes:
        crossings: in the order of the source.
        vanished: (part, key) that the baseline lists and nobody does any more.
        statements: how many the baseline knows; tests compare them.
    """

    crossings: tuple[Crossing, ...]
    vanished: tuple[tuple[str, str], ...]
    statements: int

    @property
    def new(self) -> tuple[Crossing, ...]:
        """Crossings that the baseline does not know."""
        return tuple(c for c in self.crossings if not c.known)

    @property
    def hold(self) -> bool:
        """Nothing is new, and nothing has vanished that is still listed."""
        return not self.new and not self.vanished

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "hold": self.hold,
            "crossings": [{**asdict(c), "place": str(c.place) if c.place else None} for c in self.crossings],
            "vanished": [{"part": part, "key": key} for part, key in self.vanished],
            "known_statements": self.statements,
        }


def borders() -> Borders:
    """
    Compare imports and relations of this project with the baseline.

    Raises:
        SetupError: the settings or the baseline are wrong, or grimp is not installed.
    """
    return _compared(read_baseline(get_conf().borders_baseline))


def update_baseline() -> Borders:
    """
    Take out of the baseline what has vanished, and return what is true afterwards.

    A part that was never written takes everything found. One that exists never grows: what is new stays new.

    Raises:
        SetupError: as `borders` does.
    """
    path = get_conf().borders_baseline
    before = read_baseline(path)
    after, found = before, _compared(before).crossings
    for part in SURVEYED:
        after = after.shrunk(part, {c.key for c in found if c.part == part})
    if after != before:
        write_baseline(path, after)
    return _compared(after)


def _compared(baseline: Baseline) -> Borders:
    crossings = (*_imports(baseline), *_relations(baseline))
    found = {(c.part, c.key) for c in crossings}
    listed = [(part, key) for part in SURVEYED for key in sorted(baseline.known(part))]
    vanished = tuple(entry for entry in listed if entry not in found)
    return Borders(crossings, vanished, len(baseline.known("statements")))


def _imports(baseline: Baseline) -> Iterator[Crossing]:
    rule, known = project_rule(), baseline.known("imports")
    for bad in bad_imports(project_graph(rule), rule):
        what = f"{bad.importer} imports {bad.imported}: {bad.reason}."
        yield Crossing("imports", bad.key, what, place_of_module(bad.importer, bad.line), bad.key in known)


def _relations(baseline: Baseline) -> Iterator[Crossing]:
    known = baseline.known("relations")
    for relation in relations(territory().labels.get):
        yield Crossing("relations", relation.key, f"{relation}.", relation.place, relation.key in known)
