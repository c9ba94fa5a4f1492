"""Decide who serves a request: pure functions over an immutable table, no I/O."""

from strangler.routing.decide import Decision, Facts, decide, explain
from strangler.routing.share import TOTAL_WEIGHT, bucket
from strangler.routing.table import CapabilityState, Kind, Route, Table

__all__ = [
    "TOTAL_WEIGHT",
    "CapabilityState",
    "Decision",
    "Facts",
    "Kind",
    "Route",
    "Table",
    "bucket",
    "decide",
    "explain",
]
