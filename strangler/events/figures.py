"""What there is to say of outboxes and inboxes, counted when somebody asks; a home says nothing of another's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import NamedTuple

from django.db import DatabaseError
from django.db.models import Count, Min, Q
from django.utils import timezone

from strangler.conf import get_conf
from strangler.errors import StranglerError
from strangler.events.catalogue import inbox_of, outbox_of
from strangler.fence import own_connection, owner_of
from strangler.state.scraping import Sample, register_gauges

log = logging.getLogger(__name__)
_TEXTS = {
    "outbox_pending": "Copies of events that their subscribers have not confirmed.",
    "outbox_lag_seconds": "Age of the oldest of them.",
    "outbox_dead": "Copies that were given up, because their subscriber refuses them.",
    "inbox_parked": "Events that wait for one before them.",
    "inbox_dead": "Events that were given up, because their handler fails.",
}


class Figures(NamedTuple):
    """How a capability's events are; ages in seconds."""

    outbox_pending: int = 0
    outbox_lag_seconds: float = 0.0
    outbox_dead: int = 0
    inbox_parked: int = 0
    inbox_dead: int = 0


def figures_of(capability: str) -> Figures:
    """Return the figures of a capability that this home owns."""
    using = own_connection(capability).alias
    found: dict[str, float] = {}
    if outbox := outbox_of(capability):
        dead = Q(dead_at__isnull=False)
        counted = (
            outbox.copy.objects.using(using)
            .filter(confirmed_at__isnull=True)
            .aggregate(
                pending=Count("id", filter=~dead), oldest=Min("created_at", filter=~dead), dead=Count("id", filter=dead)
            )
        )
        age = (timezone.now() - counted["oldest"]).total_seconds() if counted["oldest"] else 0.0
        found |= {"outbox_pending": counted["pending"], "outbox_dead": counted["dead"], "outbox_lag_seconds": age}
    if inbox := inbox_of(capability):
        waiting = inbox.message.objects.using(using).filter(handled_at__isnull=True)
        found |= waiting.aggregate(
            inbox_parked=Count("id", filter=Q(available_at__isnull=True, dead_at__isnull=True)),
            inbox_dead=Count("id", filter=Q(dead_at__isnull=False)),
        )
    return Figures(**found)  # type: ignore[arg-type]


def _samples() -> Iterator[Sample]:
    for capability in get_conf().own_capabilities:
        try:
            if owner_of(capability).owner == get_conf().home_of(capability):
                for name, value in figures_of(capability)._asdict().items():
                    yield name, [capability], value
        except (DatabaseError, StranglerError) as error:
            log.warning("no figures of the events of %s: %s", capability, error)


def register() -> None:
    """Let scrapes include these figures."""
    register_gauges("events", _TEXTS, ["capability"], _samples)
