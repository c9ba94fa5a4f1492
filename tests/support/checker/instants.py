"""
Whether two homes ever admitted writers at the same instant, and for how long nobody did.

Epochs only grow, and a home that gets its rows back gets a new one, so in each epoch one home admits writers without a
break. Two witnesses of an epoch therefore prove it open between them, and the witnesses of all epochs, in the order of
the clock, must never go back to an earlier one. The clock is one for all: the servers run on one machine.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .figures import percentiles
from .ledger import entries
from .raw import Witness

WINDOW_S = 1.0
LONGEST_S = 120.0
"""No write takes longer."""


class Span(NamedTuple):
    """From when until when, in seconds since 1970."""

    begin: float
    end: float


def witnesses(ledger: Path) -> list[Witness]:
    """Return everything that proves a home open, in the order of the clock."""
    found = (entry if entry["kind"] == "witness" else entry.get("witness") for entry in entries(ledger))
    return sorted((_witness(raw) for raw in found if raw), key=lambda witness: witness.at)


def two_writers(seen: Sequence[Witness]) -> list[str]:
    """Return a sentence for each proof that a home admitted writers while it must not."""
    return [*_strangers(seen), *_overlaps(seen), *_shared_epochs(seen)]


def _strangers(seen: Sequence[Witness]) -> Iterator[str]:
    for witness in seen:
        if witness.owner != witness.home:
            yield f"the {witness.home} took a write at {witness.at:.6f} although its own row named the {witness.owner}"


def _overlaps(seen: Sequence[Witness]) -> Iterator[str]:
    latest: Witness | None = None
    for witness in seen:
        if latest and witness.epoch < latest.epoch:
            yield (
                f"the {witness.home} took a write at {witness.at:.6f} in epoch {witness.epoch}, after the "
                f"{latest.home} had taken one in epoch {latest.epoch}"
            )
        elif latest is None or witness.epoch > latest.epoch:
            latest = witness


def _shared_epochs(seen: Sequence[Witness]) -> Iterator[str]:
    homes: dict[int, str] = {}
    for witness in seen:
        if homes.setdefault(witness.epoch, witness.home) != witness.home:
            yield f"both homes took writes in epoch {witness.epoch}"


def pauses(ledger: Path) -> dict[str, Any]:
    """
    Return, in milliseconds, how long writers were kept waiting in windows with a change of home and in those without.

    `nobody` is the longest time between two admitted writes of anybody, `slowest_...` the longest that one write took
    from when it was meant to begin until it was acknowledged.
    """
    seen = witnesses(ledger)
    acknowledged = [entry for entry in entries(ledger) if entry["kind"] == "ack"]
    spans = {
        "nobody": [Span(a.at, b.at) for a, b in itertools.pairwise(seen)],
        "slowest_sql": _waits(entry for entry in acknowledged if "witness" in entry),
        "slowest_http": _waits(entry for entry in acknowledged if "witness" not in entry),
    }
    changes = [(a.at + b.at) / 2 for a, b in itertools.pairwise(seen) if a.home != b.home]
    quiet = list(_quiet(seen, changes))
    return {
        "with_a_switch": {"windows": len(changes), **_figures(spans, changes)},
        "without": {"windows": len(quiet), **_figures(spans, quiet)},
    }


def _waits(acknowledged: Iterable[dict[str, Any]]) -> list[Span]:
    return sorted(Span(entry["at"], entry["done"]) for entry in acknowledged)


def _quiet(seen: Sequence[Witness], changes: Sequence[float]) -> Iterator[float]:
    """Yield the middles of windows in which no home was changed, one after the other."""
    middle = seen[0].at + WINDOW_S if seen else 0.0
    while seen and middle < seen[-1].at - WINDOW_S:
        if all(abs(middle - change) > 1.5 * WINDOW_S for change in changes):
            yield middle
        middle += WINDOW_S


def _figures(spans: dict[str, list[Span]], middles: Sequence[float]) -> dict[str, Any]:
    if not middles:
        return {}
    return {name: percentiles([_longest(of_one, middle) for middle in middles]) for name, of_one in spans.items()}


def _longest(spans: Sequence[Span], middle: float) -> float:
    """Return the length of the longest of *spans* (in order) that meets the window around *middle*."""
    first = bisect_left(spans, Span(middle - WINDOW_S / 2 - LONGEST_S, 0))
    last = bisect_left(spans, Span(middle + WINDOW_S / 2, 0))
    met = (span for span in spans[first:last] if span.end > middle - WINDOW_S / 2)
    return max((span.end - span.begin for span in met), default=0.0)


def _witness(raw: dict[str, Any]) -> Witness:
    return Witness(raw["home"], raw["owner"], raw["epoch"], raw["at"])
