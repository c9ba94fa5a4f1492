"""Counts and latencies of a run; the words are those of the report."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from typing import Any

CLEAN = frozenset(
    {"acknowledged", "replayed", "refused_moved_midway", "read", "own_read"}
    | {"raw_acknowledged", "raw_refused", "raw_waited", "raw_found_done", "probe_admitted", "probe_refused"}
)
"""Outcomes that a correct platform may show; every other count is a fault."""


class Figures:
    """Thread-safe tallies; latencies count from the intended start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._homes: Counter[str] = Counter()
        self._latency_s: defaultdict[str, list[float]] = defaultdict(list)

    def count(self, outcome: str, *, home: str | None = None, latency_s: float | None = None) -> None:
        """Add one outcome."""
        with self._lock:
            self._counts[outcome] += 1
            if home:
                self._homes[home] += 1
            if latency_s is not None:
                self._latency_s[outcome].append(latency_s)

    def report(self) -> dict[str, Any]:
        """Return counts, faults, answers by home and latency by outcome in milliseconds."""
        with self._lock:
            return {
                "counts": dict(self._counts),
                "faults": {name: n for name, n in self._counts.items() if name not in CLEAN},
                "homes": dict(self._homes),
                "latency_ms": {name: percentiles(values) for name, values in self._latency_s.items()},
            }


def percentiles(values_s: list[float]) -> dict[str, float]:
    """Return p50, p99 and max of *values_s* (not empty) in milliseconds."""
    ordered = sorted(values_s)
    pick = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {
        name: round(ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000, 1) for name, share in pick.items()
    }
