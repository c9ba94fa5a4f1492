"""
What the router counts, in the registry that django-prometheus serves.

Without prometheus_client nothing is counted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

try:
    from prometheus_client import Counter, Histogram
except ImportError:
    Counter = Histogram = None  # type: ignore[assignment,misc]

if Counter is not None:
    _requests = Counter(
        "strangler_requests",
        "Requests of capabilities, by who served them and how they ended.",
        ("capability", "home", "kind", "outcome"),
    )
    _refusals = Counter("strangler_refusals", "Writes that the fence of this home refused.", ("capability", "clean"))
    _held_back = Counter(
        "strangler_reads_held_back",
        "Reads of the service's share that the writer answered: pinned, unpinnable, or lagging for all.",
        ("capability", "reason"),
    )
    _fallbacks = Counter(
        "strangler_fallbacks",
        "Reads that the monolith's copy answered because the service failed, by how it failed.",
        ("capability", "reason"),
    )
    _waits = Histogram(
        "strangler_switch_wait_seconds",
        "How long forwarded writes waited for this home to open.",
        ("capability",),
        buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
    )


@lru_cache(maxsize=1024)
def _child(figure: Any, *labels: str) -> Any:
    return figure.labels(*labels)


def count_request(capability: str, home: str, kind: str, outcome: str) -> None:
    """Count a request; *outcome* is local, hop, forwarded, handed_back or the code of a problem."""
    if Counter is not None:
        _child(_requests, capability, home, kind, outcome).inc()


def count_refusal(capability: str, *, clean: bool) -> None:
    """Count a refused write; a clean one could still run elsewhere."""
    if Counter is not None:
        _child(_refusals, capability, str(clean).lower()).inc()


def count_held_back(capability: str, reason: str) -> None:
    """Count a read that was the service's share, and went to the writer."""
    if Counter is not None:
        _child(_held_back, capability, reason).inc()


def count_fallback(capability: str, reason: str) -> None:
    """Count a read that the service failed to answer, and the monolith's copy has."""
    if Counter is not None:
        _child(_fallbacks, capability, reason).inc()


def observe_wait(capability: str, seconds: float) -> None:
    """Record how long a write waited for this home to reach the epoch of its sender."""
    if Histogram is not None:
        _child(_waits, capability).observe(seconds)
