"""A survey as a Mermaid diagram: readiness as colour, relations as thick arrows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from strangler.boundaries.seams.bonds import KINDS
from strangler.boundaries.seams.survey import Survey

_THICK = {"shared-table", "inheritance", "many-to-many", "foreign-key"}
_CLASSES = ("ready", "halfway", "bound")


def mermaid(survey: Survey, label: str | None = None) -> str:
    """Return the diagram's text; with a *label* only that app and its neighbours."""
    return "\n".join(["flowchart LR", *_nodes(survey, label), *_arrows(survey, label), *_styles()])


def _nodes(survey: Survey, label: str | None) -> Iterator[str]:
    near = {name for bond in survey.of(label) for name in (bond.source, bond.target)} | {label} if label else None
    for s in survey.standings:
        if near is None or s.app.label in near:
            shade = _CLASSES[0] if s.readiness >= 67 else _CLASSES[1] if s.readiness >= 34 else _CLASSES[2]
            yield f'  {_id(s.app.label)}["{s.position}. {s.app.label}<br/>{s.readiness} %"]:::{shade}'


def _arrows(survey: Survey, label: str | None) -> Iterator[str]:
    known = {s.app.label for s in survey.standings}
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for bond in survey.of(label) if label else survey.bonds:
        if {bond.source, bond.target} <= known and not KINDS[bond.kind].mutual:
            counts[bond.source, bond.target][bond.kind] += 1
    for (source, target), kinds in counts.items():
        arrow = "==>" if kinds.keys() & _THICK else "-->"
        yield f"  {_id(source)} {arrow}|{kinds.total()}| {_id(target)}"


def _styles() -> Iterator[str]:
    for name, fill, ink in zip(
        _CLASSES, ("#d7f0dd", "#fdf0cd", "#f9d9d6"), ("#14532d", "#713f12", "#7f1d1d"), strict=True
    ):
        yield f"  classDef {name} fill:{fill},stroke:{ink},color:{ink}"


def _id(label: str) -> str:
    # `end` and `graph` are words of the language.
    return f"app_{label}"
