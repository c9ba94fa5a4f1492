"""Periodic work of the catalog; it runs in both homes, and the one that does not own the rows skips (R14)."""

from __future__ import annotations

import structlog
from celery import shared_task

from monolith.catalog.models import CatalogCommand, CatalogIdempotency
from strangler.fence import Moved, owning

_log = structlog.stdlib.get_logger(__name__)


@shared_task(name="catalog.purge_idempotency")
def purge_idempotency() -> int | None:
    """
    Delete idempotency records and remembered commands that have expired.

    Returns:
        How many there were; None when the rows belong to the other home.
    """
    try:
        with owning("catalog"):
            purged = CatalogIdempotency.purge() + CatalogCommand.purge()
    except Moved as moved:
        _log.info("skipped", owner=moved.owner, epoch=moved.epoch)
        return None
    _log.info("purged", rows=purged)
    return purged
