"""Put together what was found, and rank it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.apps import apps

from strangler.boundaries.seams.bonds import Bond
from strangler.boundaries.seams.cycles import Cycle, cycles_of, edges_of
from strangler.boundaries.seams.history import History, history_bonds, history_of
from strangler.boundaries.seams.imports import import_bonds, import_graph
from strangler.boundaries.seams.names import name_bonds
from strangler.boundaries.seams.ranking import Standing, burdens_of, order_of, readiness_of, reasons_of
from strangler.boundaries.seams.relations import relation_bonds
from strangler.boundaries.seams.signals import signal_bonds
from strangler.boundaries.seams.territory import Territory, territory_of

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What to look at; `apps` and `packages` as in `territory_of`."""

    root: Path
    apps: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """
    What binds the apps of a project.

    Attributes:
        standings: in the order of extraction.
        name: of the project, or of the packages.
        bonds: sorted by source, target, kind.
        notes: what a reader must know about what was not looked at, as sentences.
        seconds: how long the look took, without setting Django up.
    """

    name: str
    root: Path
    standings: tuple[Standing, ...]
    bonds: tuple[Bond, ...]
    cycles: tuple[Cycle, ...]
    notes: tuple[str, ...]
    commits: int
    seconds: float = field(compare=False)

    @property
    def lines(self) -> int:
        """Return how many lines of Python the apps have."""
        return sum(standing.lines for standing in self.standings)

    def of(self, label: str) -> list[Bond]:
        """Return what binds one app, in either direction."""
        return [bond for bond in self.bonds if label in (bond.source, bond.target)]


def survey(question: Question, report: Report = lambda _: None) -> Survey:
    """
    Look at a project whose Django is set up.

    Args:
        report: is told what is being read.

    Raises:
        Refused: an app or a package is not there.
        SetupError: a file cannot be parsed.
    """
    began = time.monotonic()
    territory = territory_of(question.root, wanted=question.apps, packages=question.packages)
    name = ", ".join(question.packages) or territory.root.name
    if not territory.apps:
        return Survey(name, territory.root, (), (), (), (_no_apps(question.root),), 0, 0.0)
    report(f"history of {len(territory.apps)} apps")
    history = history_of(territory)
    bonds = tuple(sorted({*_bonds(territory, report), *history_bonds(history)}))
    report("order")
    cycles = tuple(cycles_of(edges_of(bonds)))
    standings = tuple(_standings(territory, bonds, cycles))
    notes = tuple(_notes(territory, history))
    return Survey(
        name, territory.root, standings, bonds, cycles, notes, len(history.commits), round(time.monotonic() - began, 2)
    )


def _bonds(territory: Territory, report: Report) -> Iterator[Bond]:
    report("imports")
    graph = import_graph(territory)
    yield from import_bonds(territory, graph)
    report("relations and signals of models")
    yield from relation_bonds(territory)
    yield from signal_bonds(territory)
    report("names and writes")
    yield from name_bonds(territory, graph.modules)


def _standings(territory: Territory, bonds: tuple[Bond, ...], cycles: tuple[Cycle, ...]) -> Iterator[Standing]:
    known = {app.label: app for app in territory.apps}
    burdens = burdens_of(known, bonds, cycles)
    lines: Counter[str] = Counter()
    for source in territory.sources.values():
        lines[source.app.label] += source.text.count("\n")
    for position, (label, weight) in enumerate(order_of(known, bonds), start=1):
        yield Standing(
            app=known[label],
            position=position,
            readiness=readiness_of(burdens[label]),
            burden=round(burdens[label], 1),
            burden_at_turn=round(weight, 1),
            lines=lines[label],
            models=sum(1 for _ in apps.get_app_config(label).get_models()),
            reasons=reasons_of(label, bonds, cycles),
        )


def _no_apps(root: Path) -> str:
    packages = sorted({config.name.partition(".")[0] for config in apps.get_app_configs()} - {"django", "strangler"})
    known = f" Installed from elsewhere: {', '.join(packages)}; `--package NAME` looks at one." if packages else ""
    return f"No app of this project's own lies in {root}.{known}"


def _notes(territory: Territory, history: History) -> Iterator[str]:
    if len(territory.apps) == 1:
        yield f"{territory.apps[0].label} is the only app: there is no border yet that a cut could follow."
    if history.missing:
        yield history.missing
    if history.ignored:
        yield f"Commits too large to say anything about borders, not weighed: {history.ignored}."
