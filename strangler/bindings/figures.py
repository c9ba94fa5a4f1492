"""
What is counted of calls, in the registry that django-prometheus serves.

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
    _calls = Counter("strangler_calls", "Calls of operations made while serving requests.", ("operation",))
    _excesses = Counter("strangler_calls_excess", "Requests that called one operation too often.", ("operation",))
    _remote = Histogram(
        "strangler_remote_call_seconds",
        "Calls sent to another home, repeats included, by how they ended.",
        ("operation", "outcome"),
        buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    )
    _served = Counter("strangler_calls_served", "Calls of other hosts, by how they ended.", ("operation", "outcome"))


@lru_cache(maxsize=1024)
def _child(figure: Any, *labels: str) -> Any:
    return figure.labels(*labels)


def count_calls(operation: str, made: int) -> None:
    """Count the calls of a finished request."""
    if Counter is not None:
        _child(_calls, operation).inc(made)


def count_excess(operation: str) -> None:
    """Count a request that called an operation too often."""
    if Counter is not None:
        _child(_excesses, operation).inc()


def observe_remote(operation: str, outcome: str, seconds: float) -> None:
    """Record a remote call; *outcome* is done, refused, moved, or the class of the error."""
    if Histogram is not None:
        _child(_remote, operation, outcome).observe(seconds)


def count_served(operation: str, outcome: str) -> None:
    """Count a call that this host has answered; *outcome* is done, refused, moved, or the status."""
    if Counter is not None:
        _child(_served, operation, outcome).inc()
