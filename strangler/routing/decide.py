"""Who serves this request, and why."""

from __future__ import annotations

from strangler.routing.decision import Decision, Facts
from strangler.routing.share import bucket
from strangler.routing.state import CapabilityState, Route
from strangler.routing.table import Table


def decide(table: Table, facts: Facts) -> Decision | None:
    """Return who serves the request, or None when no route matches: it is nobody's, so it runs where it arrived."""
    method, host, path, subject, override = facts
    answers = table.match(host, path, method)
    if answers is None:
        return None
    if override and answers.override and (home := override.get(answers.capability)):
        return answers.override.get(home, answers.writer)
    if not answers.weight:
        return answers.writer
    if subject is None:
        return answers.no_subject
    return answers.share if bucket(answers.capability, subject) < answers.weight else answers.remainder


def decide_query(state: CapabilityState, operation: str) -> Decision:
    """Return who answers a query of another app: the writer, as *state* knows it; calls carry no subject."""
    route = Route(state.name, operation)
    return Decision(state.name, state.writer, "read", "writer", state.epoch, state.switching, route)


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
