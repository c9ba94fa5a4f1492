"""Decide who serves a request: pure functions over an immutable table, no I/O."""

from strangler.routing.decide import decide, decide_query, explain
from strangler.routing.decision import Decision, Facts
from strangler.routing.share import TOTAL_WEIGHT, bucket
from strangler.routing.state import READ_METHODS, CapabilityState, Home, Kind, Route
from strangler.routing.table import Table

__all__ = [
    "READ_METHODS",
    "TOTAL_WEIGHT",
    "CapabilityState",
    "Decision",
    "Facts",
    "Home",
    "Kind",
    "Route",
    "Table",
    "bucket",
    "decide",
    "decide_query",
    "explain",
]
