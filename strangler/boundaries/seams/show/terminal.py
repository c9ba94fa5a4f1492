"""A survey on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from strangler.boundaries.seams.bonds import KINDS, Bond, count
from strangler.boundaries.seams.cycles import Cycle, edges_of, way_through
from strangler.boundaries.seams.ranking import Standing
from strangler.boundaries.seams.survey import Report, Survey

PLACES = 8
WIDE = 110
_BAR = 10
_FIGURES = ("lines", "models", "burden")
_console = Console(highlight=False)


def say(sentence: str) -> None:
    """Print a sentence."""
    _console.print(sentence, markup=False)


@contextmanager
def progress() -> Iterator[Report]:
    """Show what is being read, on the error stream, so that the output can go to a file."""
    with Console(stderr=True).status("Reading …") as status:
        yield lambda what: status.update(f"Reading {what} …")


# -- all apps ---------------------------------------------------------------------------------------------------


def show(survey: Survey, limit: int | None) -> None:
    """Print the order of extraction, the cycles, and where to start."""
    if survey.standings:
        _console.print(_ranking(survey.standings[:limit]))
        if limit and len(survey.standings) > limit:
            say(f"… and {len(survey.standings) - limit} more")
        _console.print()
    for cycle in survey.cycles:
        _console.print(_cycle(survey, cycle))
    if len(survey.standings) > 1:
        _console.print(_advice(survey))
    for note in survey.notes:
        _console.print(Text(note, style="dim"))
    _console.print(Text(_summary(survey), style="dim"))


def _ranking(standings: Sequence[Standing]) -> Table:
    table = Table(title="Where to cut first", title_justify="left", title_style="bold", box=None, pad_edge=False)
    wide = _console.width >= WIDE
    for heading in ("#", "app", "readiness", *(_FIGURES if wide else ()), "at its turn"):
        table.add_column(heading, justify="left" if heading in {"app", "readiness"} else "right", no_wrap=True)
    table.add_column("what binds it", ratio=1)
    for s in standings:
        figures = (f"{s.lines:,}", str(s.models), f"{s.burden:,g}") if wide else ()
        why = Text("; ".join(s.reasons), style="dim", overflow="ellipsis", no_wrap=True)
        name = Text(s.app.label, style="bold")
        table.add_row(str(s.position), name, _bar(s.readiness), *figures, f"{s.burden_at_turn:,g}", why)
    return table


def _bar(readiness: int) -> Text:
    full = round(readiness / 100 * _BAR)
    return Text("█" * full, style=_shade(readiness)) + Text("░" * (_BAR - full), style="dim") + f" {readiness:>3}"


def _shade(readiness: int) -> str:
    return "green" if readiness >= 67 else "yellow" if readiness >= 34 else "red"


def _cycle(survey: Survey, cycle: Cycle) -> RenderableType:
    source, target = cycle.weakest
    cuts = [b for b in survey.bonds if (b.source, b.target) == cycle.weakest and not KINDS[b.kind].mutual and b.weight]
    lines: list[RenderableType] = [
        Text.assemble(("Cycle ", "bold red"), f"of {len(cycle.apps)}: {', '.join(cycle.apps)}"),
        Padding(
            Text.assemble("cheapest cut: ", (f"{source} → {target}", "bold"), f" in {' → '.join(cycle.way)}"), (0, 2)
        ),
    ]
    lines += [Padding(_bond_line(bond), (0, 4)) for bond in cuts[:3]]
    if len(cuts) > 3:
        lines.append(Padding(Text(f"… and {len(cuts) - 3} more: --app {source}", style="dim"), (0, 4)))
    return Group(*lines, Text())


def _advice(survey: Survey) -> Text:
    first = survey.standings[0].app.label
    return Text.assemble("Start with ", (first, "bold"), f"; all that binds it: strangler seams --app {first}")


def _summary(survey: Survey) -> str:
    parts = [f"{len(survey.standings)} apps", f"{survey.lines:,} lines", f"{len(survey.bonds):,} bonds"]
    return ", ".join([*parts, f"{survey.commits:,} commits"]) + f", read in {survey.seconds:.1f} s"


# -- one app ----------------------------------------------------------------------------------------------------


def show_app(survey: Survey, label: str, limit: int | None) -> None:
    """Print everything that binds one app: by the other app, then by kind, at most *limit* places of each."""
    standing = next(s for s in survey.standings if s.app.label == label)
    _console.print(Text.assemble((label, "bold"), f"  {standing.app.name}  ", _bar(standing.readiness)))
    say(f"Number {standing.position} of {len(survey.standings)} to go; left to cut then: {standing.burden_at_turn:g}")
    for reason in standing.reasons:
        say(f"  - {reason}")
    if way := way_through(edges_of(survey.bonds), label):
        _console.print(Text.assemble(("Cycle ", "bold red"), " → ".join(way)))
    for heading, bonds in (("holds on to", _leaving(survey, label)), ("is held by", _coming(survey, label))):
        for other, those in bonds:
            _console.print(Text.assemble("\n", f"{label} {heading} ", (other, "bold")))
            _show_kinds(those, limit or PLACES)


def _leaving(survey: Survey, label: str) -> list[tuple[str, list[Bond]]]:
    bonds = sorted((b for b in survey.bonds if b.source == label), key=lambda b: b.target)
    return [(other, list(those)) for other, those in groupby(bonds, key=lambda b: b.target)]


def _coming(survey: Survey, label: str) -> list[tuple[str, list[Bond]]]:
    bonds = [b for b in survey.bonds if b.target == label]
    return [(other, list(those)) for other, those in groupby(bonds, key=lambda b: b.source)]


def _show_kinds(bonds: Sequence[Bond], limit: int) -> None:
    order = list(KINDS)
    for kind, group in groupby(
        sorted(bonds, key=lambda b: (order.index(b.kind), b.file, b.line)), key=lambda b: b.kind
    ):
        those = list(group)
        _console.print(Padding(Text.assemble((count(len(those), kind), "cyan"), f": {KINDS[kind].cure}"), (0, 2)))
        for bond in those[:limit]:
            _console.print(Padding(_bond_line(bond), (0, 4)))
        if len(those) > limit:
            _console.print(Padding(Text(f"… and {len(those) - limit} more: --limit {len(those)}", style="dim"), (0, 4)))


def _bond_line(bond: Bond) -> Text:
    return Text.assemble((f"{bond.place}  " if bond.place else "", "blue"), bond.what, overflow="fold")
