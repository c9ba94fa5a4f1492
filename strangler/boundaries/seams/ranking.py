"""How ready each app is to leave, and in which order they go with the least to cut at each step."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from strangler.boundaries.seams.bonds import KINDS, Bond, count
from strangler.boundaries.seams.cycles import Cycle
from strangler.boundaries.seams.territory import App

_Weights = Mapping[str, float]
CYCLE_BURDEN = 20.0
NAMES_MAX = 4
HALF_READY = 40.0  # the burden at which an app is half ready: five foreign keys


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Where one app stands.

    Attributes:
        position: its place in the order of extraction, from 1.
        readiness: 0 to 100; 100 means that nothing binds it.
        burden: the weight of all that binds it now, in either direction.
        burden_at_turn: what is left of it once the apps before it have gone.
        reasons: short lines, the heaviest first; `→` is what it needs, `←` is who needs it.
    """

    app: App
    position: int
    readiness: int
    burden: float
    burden_at_turn: float
    lines: int
    models: int
    reasons: tuple[str, ...]


def readiness_of(burden: float) -> int:
    """Return 100 for no burden, 50 for HALF_READY, and ever less beyond."""
    return round(100 / (1 + burden / HALF_READY))


def burdens_of(labels: Iterable[str], bonds: Iterable[Bond], cycles: Iterable[Cycle]) -> dict[str, float]:
    """Return the weight of all that binds each app, in either direction, and of the cycles it is in."""
    burdens = dict.fromkeys(labels, 0.0)
    for bond in bonds:
        for label in {bond.source, bond.target} & burdens.keys():
            burdens[label] += bond.weight
    for cycle in cycles:
        for label in cycle.apps:
            burdens[label] += CYCLE_BURDEN
    return burdens


def order_of(labels: Iterable[str], bonds: Iterable[Bond]) -> list[tuple[str, float]]:
    """Return the apps so that each has the least left to cut when its turn comes, with the weight of that."""
    left = set(labels)
    own, pairs = _weights(left, bonds)
    order = []
    while left:
        weight, label = min((own[a] + sum(w for b, w in pairs[a].items() if b in left), a) for a in left)
        order.append((label, weight))
        left.remove(label)
    return order


def _weights(labels: Collection[str], bonds: Iterable[Bond]) -> tuple[_Weights, Mapping[str, _Weights]]:
    """Return what binds each app to third parties, and what binds it to each other app."""
    own: dict[str, float] = defaultdict(float)
    pairs: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for bond in bonds:
        if bond.source in labels and bond.target in labels:
            pairs[bond.source][bond.target] += bond.weight
            pairs[bond.target][bond.source] += bond.weight
        else:
            own[bond.source if bond.source in labels else bond.target] += bond.weight
    return own, pairs


def reasons_of(label: str, bonds: Iterable[Bond], cycles: Iterable[Cycle]) -> tuple[str, ...]:
    """Return why an app is as ready as it is: one line per kind and direction, the heaviest first."""
    weights: dict[tuple[str, bool], float] = defaultdict(float)
    others: dict[tuple[str, bool], Counter[str]] = defaultdict(Counter)
    for bond in bonds:
        if label in (bond.source, bond.target) and bond.weight:
            key = (bond.kind, bond.source == label)
            weights[key] += bond.weight
            others[key][bond.target if bond.source == label else bond.source] += 1
    heaviest = sorted(weights, key=lambda key: -weights[key])
    sentences = [_sentence(kind, leaves, others[kind, leaves]) for kind, leaves in heaviest]
    for cycle in cycles:
        if label in cycle.apps:
            sentences.append(f"in a cycle of {len(cycle.apps)} apps")
    return tuple(sentences) or ("nothing binds it",)


def _sentence(kind: str, leaves: bool, others: Counter[str]) -> str:
    names = ", ".join(name for name, _ in others.most_common(NAMES_MAX))
    more = f" and {len(others) - NAMES_MAX} more" if len(others) > NAMES_MAX else ""
    arrow = "↔" if KINDS[kind].mutual else "→" if leaves else "←"
    return f"{count(others.total(), kind)} {arrow} {names}{more}"
