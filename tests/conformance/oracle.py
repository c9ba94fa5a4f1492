"""
Who serves a request, worked out by going through every route, from plain data and nothing of strangler.

Slow and plain on purpose: no trie, no compiled answers, no shared code; only the rules as the design states them.
"""

from __future__ import annotations

from typing import Any

import xxhash

READS = {"GET", "HEAD", "OPTIONS", "TRACE"}
Plain = dict[str, Any]


def bucket(capability: str, subject: str, *, salted: bool = True) -> int:
    """Return a subject's bucket of 10,000; unsalted it is the sample that the suite must find."""
    text = f"{capability}:{subject}" if salted else subject
    return xxhash.xxh64(text.encode("utf-8"), seed=0).intdigest() % 10_000


def home_of(table: Plain, request: Plain, *, salted: bool = True) -> tuple[str, str] | None:
    """
    Return (capability, home), or None where no route matches.

    Args:
        table: `capabilities` by name, with stage, weight and writer; `routes`, in their order.
        request: method, host, decoded path, proven subject or None, and proven wishes by capability.
    """
    route = _route(table, request)
    if route is None:
        return None
    name = route["capability"]
    state = table["capabilities"][name]
    kind = route["kind"] or ("read" if request["method"] in READS else "write")
    if kind == "write" or state["stage"] == "monolith":
        return name, state["writer"]
    if name in request["wishes"]:
        return name, request["wishes"][name]
    if state["writer"] == "service" or request["subject"] is None:
        return name, state["writer"]
    within = bucket(name, request["subject"], salted=salted) < state["weight"]
    return name, "service" if within else "monolith"


def _route(table: Plain, request: Plain) -> Plain | None:
    """The longest prefix wins; then who names the host; then who names the method; then the first."""
    path = request["path"].split("/")[1:]
    best, best_rank = None, None
    for route in table["routes"]:
        prefix = [segment for segment in route["prefix"].split("/") if segment]
        if path[: len(prefix)] != prefix:
            continue
        if route["host"] not in (None, request["host"]):
            continue
        if route["methods"] is not None and request["method"] not in route["methods"]:
            continue
        rank = (len(prefix), route["host"] is not None, route["methods"] is not None)
        if best_rank is None or rank > best_rank:
            best, best_rank = route, rank
    return best
