"""Periodic work of the catalog: a clock ticks for it in both homes, and the owner of the rows does it (R14)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog

from monolith.catalog.models import CatalogCommand, CatalogIdempotency
from strangler.events import inbox, outbox
from strangler.events.tasks import periodic_task
from strangler.fence import until_done

_CAPABILITY = "catalog"
_EVENTS_KEPT = timedelta(days=1)
_PURGES: tuple[Callable[[], int], ...] = (
    CatalogIdempotency.purge,
    CatalogCommand.purge,
    partial(outbox.purge, _CAPABILITY, _EVENTS_KEPT),
    partial(inbox.purge, _CAPABILITY, _EVENTS_KEPT),
)
_log = structlog.stdlib.get_logger(__name__)


@periodic_task(_CAPABILITY, name="catalog.purge_idempotency")
def purge_idempotency() -> int:
    """
    Delete idempotency records and remembered commands that have expired, and events that everybody has had for a day.

    Returns:
        How many rows there were; None when they belong to the other home.
    """
    purged = sum(until_done(_CAPABILITY, purge) for purge in _PURGES)
    _log.info("purged", rows=purged)
    return purged
