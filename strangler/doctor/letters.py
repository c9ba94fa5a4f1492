"""Events that stand still."""

from __future__ import annotations

from collections.abc import Iterator

from strangler.conf import get_conf
from strangler.doctor.case import Case
from strangler.doctor.finding import Finding
from strangler.events.figures import figures_of


def letters(case: Case) -> Iterator[Finding]:
    """Find dead events at this host, if it owns the rows."""
    own = get_conf().home_of(case.name)
    if own is None or own not in case.places or case.places[own].owned.owner != own:
        return
    figures = figures_of(case.name)
    places = {"outbox": figures.outbox_dead, "inbox": figures.inbox_dead}
    if dead := " and ".join(f"{count} in its {place}" for place, count in places.items() if count):
        yield Finding(
            "events-dead",
            "warning",
            case.name,
            f"Events are dead: {dead}. What follows them in their aggregates waits.",
            f"`strangler events list {case.name}` says why; mend the cause, then `strangler events replay`.",
        )
