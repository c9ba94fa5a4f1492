"""Who serves this request, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from strangler.routing.share import bucket
from strangler.routing.table import Home, Kind, Route, Table


class Facts(NamedTuple):
    """
    What a decision may depend on; all of it comes from the request.

    Attributes:
        host: lower case, without port.
        path: decoded, starting with `/`.
        subject: who asks, from a verified source (R9), or None.
        override: verified wishes of staff, capability to home, or None.
    """

    method: str
    host: str
    path: str
    subject: str | None = None
    override: Mapping[str, Home] | None = None


class Decision(NamedTuple):
    """
    The home that serves a request.

    Attributes:
        reason: one word for figures and `explain`: writer, share, remainder, no_subject, override.
        epoch: the capability's epoch in the table that decided.
        switching: the writer may be changing now: ask the own database before a read, too.
    """

    capability: str
    home: Home
    kind: Kind
    reason: str
    epoch: int
    switching: bool
    route: Route


def decide(table: Table, facts: Facts) -> Decision | None:
    """Return who serves the request, or None when no route matches: it is nobody's, so it runs where it arrived."""
    route = table.match(facts.host, facts.path, facts.method)
    if route is None:
        return None
    state = table.capabilities.get(route.capability)
    if state is None:
        return None
    kind = route.kind_of(facts.method)
    home, reason = state.writer, "writer"
    if kind == "read" and state.stage != "monolith":
        if facts.override and (wished := facts.override.get(state.name)):
            home, reason = wished, "override"
        elif state.reads_weight and state.writer == "monolith":
            if facts.subject is None:
                reason = "no_subject"
            elif bucket(state.name, facts.subject) < state.reads_weight:
                home, reason = "service", "share"
            else:
                reason = "remainder"
    return Decision(state.name, home, kind, reason, state.epoch, state.switching, route)


def explain(table: Table, facts: Facts) -> str:
    """Return a decision as sentences for a person."""
    asked = f"{facts.method} {facts.path}"
    decision = decide(table, facts)
    if decision is None:
        return f"{asked}: no route of version {table.version} matches; it is served where it arrives."
    state = table.capabilities[decision.capability]
    because = {
        "writer": f"the writer of {state.name} is the {state.writer} (epoch {state.epoch})",
        "override": "a signed override asks for it",
        "no_subject": "reads are split by subject and this request has none, so the writer answers",
        "share": f"subject {facts.subject!r} is within the {state.reads_weight / 100:g} % read from the service",
        "remainder": f"subject {facts.subject!r} is outside the {state.reads_weight / 100:g} % read from the service",
    }[decision.reason]
    return (
        f"{asked} is a {decision.kind} of {state.name} (route {decision.route.prefix}, stage {state.stage}): "
        f"served by the {decision.home}, because {because}. Version {table.version}."
    )
