"""Cycles between apps, and the cheapest place to break each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from strangler.boundaries.seams.bonds import KINDS, Bond

Edges = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Cycle:
    """
    Apps that all need each other, directly or through others: a strongly connected component.

    Attributes:
        apps: sorted.
        weakest: the cheapest dependency within it, as (source, target).
        way: a shortest cycle over that dependency; the first app comes again at the end.
    """

    apps: tuple[str, ...]
    weakest: tuple[str, str]
    way: tuple[str, ...]
    weight: float


def edges_of(bonds: Iterable[Bond]) -> dict[str, dict[str, float]]:
    """Return who needs whom, with the weight of all that needs cutting."""
    edges: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for bond in bonds:
        if bond.weight and bond.kind != "background" and not KINDS[bond.kind].mutual:
            edges[bond.source][bond.target] += bond.weight
    return edges


def cycles_of(edges: Edges) -> list[Cycle]:
    """Return every cycle, the largest first."""
    reach = {app: _reach(edges, app) for app in edges}
    groups = {frozenset(b for b in reach[a] if a in reach.get(b, ())) for a in edges}
    return sorted((_cycle(edges, group) for group in groups if group), key=lambda c: (-len(c.apps), c.apps))


def way_through(edges: Edges, app: str) -> tuple[str, ...]:
    """Return a shortest cycle through *app*, which comes first and last; empty when there is none."""
    ways = [_path(edges, near, app) for near in sorted(edges.get(app, {})) if app in _reach(edges, near)]
    return (app, *min(ways, key=len)) if ways else ()


def _cycle(edges: Edges, group: frozenset[str]) -> Cycle:
    inner = {a: {b: w for b, w in edges[a].items() if b in group} for a in group}
    weight, source, target = min((w, a, b) for a, near in inner.items() for b, w in near.items())
    return Cycle(tuple(sorted(group)), (source, target), (source, *_path(inner, target, source)), weight)


def _reach(edges: Edges, start: str) -> set[str]:
    seen: set[str] = set()
    queue = [start]
    while queue:
        for near in edges.get(queue.pop(), {}):
            if near not in seen:
                seen.add(near)
                queue.append(near)
    return seen


def _path(edges: Edges, start: str, end: str) -> tuple[str, ...]:
    """Return a shortest path; there is one, because both lie in one cycle."""
    paths: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    for path in paths:
        if path[-1] == end:
            return path
        for near in sorted(edges.get(path[-1], {})):
            if near not in seen:
                seen.add(near)
                paths.append((*path, near))
    raise AssertionError(f"{start} does not reach {end}")
