"""A survey as one page that needs nothing else: no network, no other file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from itertools import groupby

from strangler.boundaries.seams.bonds import KINDS, Bond, count
from strangler.boundaries.seams.cycles import Cycle
from strangler.boundaries.seams.ranking import Standing
from strangler.boundaries.seams.survey import Survey

_KIND_ORDER = {kind: place for place, kind in enumerate(KINDS)}
_SHADES = 5


def page(survey: Survey) -> str:
    """Return the page's HTML; everything that comes from the project is escaped."""
    title = escape(f"Seams of {survey.name}")
    parts = [*_ranking(survey), *_matrix(survey), *_cycles(survey), *_apps(survey)] if survey.standings else []
    notes = "".join(f"<p class=note>{escape(note)}</p>" for note in survey.notes)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{_file("page.css")}</style></head><body>
<header><h1>{title}</h1><p>{_figures(survey)}</p>{notes}</header>
<main>{"".join(parts)}</main>
<script>{_file("page.js")}</script></body></html>
"""


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _figures(survey: Survey) -> str:
    figures = {
        "apps": len(survey.standings),
        "lines": survey.lines,
        "bonds": len(survey.bonds),
        "cycles": len(survey.cycles),
        "commits": survey.commits,
    }
    return "".join(f"<span class=figure>{word} <b>{number:,}</b></span>" for word, number in figures.items())


# -- the order --------------------------------------------------------------------------------------------------


def _ranking(survey: Survey) -> Iterator[str]:
    yield "<section><h2>Where to cut first</h2>"
    yield "<p>Each app goes when it has the least left to cut, given that those before it have gone.</p>"
    yield "<table class=sortable><thead><tr>"
    for heading in ("#", "app", "readiness", "lines", "models", "burden", "at its turn", "what binds it"):
        kind = "text" if heading in {"app", "what binds it"} else "number"
        yield f'<th class={kind} aria-sort="none"><button>{heading}</button></th>'
    yield "</tr></thead><tbody>"
    yield from map(_row, survey.standings)
    yield "</tbody></table></section>"


def _row(s: Standing) -> str:
    numbers = "".join(
        f'<td class=number data-value="{value}">{value:,g}</td>'
        for value in (s.lines, s.models, s.burden, s.burden_at_turn)
    )
    return (
        f'<tr><td class=number data-value="{s.position}">{s.position}</td>'
        f"<th scope=row>{_link(s.app.label)}</th>"
        f'<td class=number data-value="{s.readiness}">{_meter(s.readiness)}</td>{numbers}'
        f"<td class=why>{escape('; '.join(s.reasons[:3]))}</td></tr>"
    )


def _link(label: str) -> str:
    return f'<a href="#app-{escape(label)}">{escape(label)}</a>'


def _meter(readiness: int) -> str:
    shade = "good" if readiness >= 67 else "fair" if readiness >= 34 else "poor"
    return f'<span class="meter {shade}"><i style="width:{readiness}%"></i></span><b>{readiness}</b>'


# -- who needs whom ---------------------------------------------------------------------------------------------


def _matrix(survey: Survey) -> Iterator[str]:
    labels = [s.app.label for s in survey.standings]
    weights, counts = _sums(survey.bonds)
    heaviest = max((w for pair, w in weights.items() if set(pair) <= set(labels)), default=0) or 1
    yield "<section><h2>Who needs whom</h2>"
    yield "<p>A row needs a column; the stronger the colour, the more there is to cut. Dashed: in a cycle.</p>"
    yield "<div class=wide><table class=matrix><thead><tr><td></td>"
    yield "".join(f"<th scope=col><span>{_link(label)}</span></th>" for label in labels)
    yield "</tr></thead><tbody>"
    circular = {label for cycle in survey.cycles for label in cycle.apps}
    for source in labels:
        frame = " class=circular" if source in circular else ""
        cells = "".join(_cell((source, target), weights, counts, heaviest) for target in labels)
        yield f"<tr><th scope=row{frame}>{_link(source)}</th>{cells}</tr>"
    yield "</tbody></table></div></section>"


def _sums(bonds: Iterable[Bond]) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], Counter[str]]]:
    weights: dict[tuple[str, str], float] = defaultdict(float)
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for bond in bonds:
        if not KINDS[bond.kind].mutual:
            weights[bond.source, bond.target] += bond.weight
            counts[bond.source, bond.target][bond.kind] += 1
    return weights, counts


def _cell(
    pair: tuple[str, str],
    weights: dict[tuple[str, str], float],
    counts: dict[tuple[str, str], Counter[str]],
    heaviest: float,
) -> str:
    if pair[0] == pair[1]:
        return "<td class=self></td>"
    if pair not in counts:
        return "<td></td>"
    shade = min(_SHADES, 1 + int(_SHADES * (weights[pair] / heaviest) ** 0.5))
    said = "; ".join(count(number, kind) for kind, number in counts[pair].most_common())
    words = escape(f"{pair[0]} → {pair[1]}: {said}")
    return f'<td class=s{shade} title="{words}">{counts[pair].total()}</td>'


def _cycles(survey: Survey) -> Iterator[str]:
    if survey.cycles:
        yield "<section><h2>Cycles</h2>"
        for cycle in survey.cycles:
            yield _cycle(survey, cycle)
        yield "</section>"


def _cycle(survey: Survey, cycle: Cycle) -> str:
    cuts = [b for b in survey.bonds if (b.source, b.target) == cycle.weakest and b.weight and not KINDS[b.kind].mutual]
    names = ", ".join(map(_link, cycle.apps))
    way = " → ".join(map(escape, cycle.way))
    return (
        f"<article><p><b>{len(cycle.apps)} apps need each other:</b> {names}</p>"
        f"<p>Cheapest cut: <b>{escape(' → '.join(cycle.weakest))}</b> in {way}</p>{_places(cuts)}</article>"
    )


# -- each app ---------------------------------------------------------------------------------------------------


def _apps(survey: Survey) -> Iterator[str]:
    yield "<section><h2>What binds each app</h2>"
    yield '<p class=tools><input type=search placeholder="Filter by app, file or name" aria-label="Filter">'
    yield "<button data-fold=open>Unfold all</button><button data-fold=close>Fold all</button></p>"
    for s in survey.standings:
        yield f'<details class=app id="app-{escape(s.app.label)}"><summary><b>{escape(s.app.label)}</b>'
        yield f"<code>{escape(s.app.name)}</code>{_meter(s.readiness)}</summary>"
        yield "<ul class=reasons>" + "".join(f"<li>{escape(reason)}</li>" for reason in s.reasons) + "</ul>"
        bonds = survey.of(s.app.label)
        yield from _direction("needs", sorted((b.target, b) for b in bonds if b.source == s.app.label))
        yield from _direction("is needed by", [(b.source, b) for b in bonds if b.target == s.app.label])
        yield "</details>"
    yield "</section>"


def _direction(words: str, bonds: list[tuple[str, Bond]]) -> Iterator[str]:
    for other, pairs in groupby(bonds, key=lambda pair: pair[0]):
        those = sorted((bond for _, bond in pairs), key=lambda b: (_KIND_ORDER[b.kind], b))
        yield f"<details class=pair><summary>{words} <b>{escape(other)}</b> <small>{len(those)}</small></summary>"
        for kind, group in groupby(those, key=lambda b: b.kind):
            found = list(group)
            yield f"<h4>{count(len(found), kind)} <small>{escape(KINDS[kind].cure)}</small></h4>{_places(found)}"
        yield "</details>"


def _places(bonds: Iterable[Bond]) -> str:
    lines = (f"<li><code>{escape(b.place)}</code> {escape(b.what)}</li>" for b in bonds)
    return f"<ul class=places>{''.join(lines)}</ul>"
