"""What rendered objects cannot do, said where their reader will look."""

from __future__ import annotations

from strangler.routing import CapabilityState, Table

HEAD = (
    "Rendered from the route table by django-strangler; `strangler apply` shows a diff and applies it.",
    "",
    "Limits. Weights are drawn per request, so a share of subjects would not stick: here they are 0 or 100, and reads",
    "that are split go to the writer, whose middleware splits them by subject. It obeys signed overrides as well.",
    "Who has a session goes to the monolith, which knows who that is and forwards; a token is understood by services.",
    "A service that fails answers with its failure: routes with `stale_ok` have no fallback here.",
    "Router's fields from outside are taken away by name; hosts believe none without its signature anyway.",
)


def limits(state: CapabilityState, table: Table) -> list[str]:
    """Return what a reader of this capability's objects must know."""
    lines = [f"{state.name}: stage {state.stage}, the {state.writer} writes (epoch {state.epoch})."]
    if state.stage == "canary" and state.reads_weight:
        share = f"{state.reads_weight / 100:g} %"
        lines.append(f"{share} of the subjects read from the service: split by the monolith's middleware, not here.")
    if state.writer == "service" and any(r.stale_ok for r in table.routes if r.capability == state.name):
        lines.append("Its routes with `stale_ok` do not fall back to the monolith here.")
    return lines
