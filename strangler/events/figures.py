"""
What there is to say of outboxes and inboxes, counted when somebody asks, in the registry that django-prometheus serves.

Without prometheus_client nothing is counted. A home says nothing of what another one owns.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.db.models import Count, Min, Q
from django.utils import timezone

from strangler.conf import get_conf
from strangler.errors import StranglerError
from strangler.events.catalogue import inbox_of, outbox_of
from strangler.fence import own_connection, owner_of

try:
    from prometheus_client import REGISTRY
    from prometheus_client.core import GaugeMetricFamily
except ImportError:
    REGISTRY = GaugeMetricFamily = None  # type: ignore[assignment,misc]

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


class _Collector:
    """Asks this host's own databases at each scrape."""

    def describe(self) -> Iterator[Any]:
        """Yield nothing: the registry must not ask databases when it is told of the collector."""
        return iter(())

    def collect(self) -> Iterator[Any]:
        """Yield a gauge for each figure, with one sample for each capability that this home owns."""
        gauges = {name: GaugeMetricFamily(name, text, labels=["capability"]) for name, text in _TEXTS.items()}
        for capability in get_conf().own_capabilities:
            try:
                if owner_of(capability).owner == get_conf().home_of(capability):
                    for name, value in figures_of(capability)._asdict().items():
                        gauges[name].add_metric([capability], value)
            except (DatabaseError, StranglerError) as error:
                log.warning("no figures of the events of %s: %s", capability, error)
        yield from gauges.values()


_registered = False


def register() -> None:
    """Let scrapes include these figures."""
    global _registered
    if REGISTRY is not None and not _registered:
        REGISTRY.register(_Collector())
        _registered = True
