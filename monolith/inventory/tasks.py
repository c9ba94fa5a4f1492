"""Periodic work of the inventory; it runs in both homes, and the one that does not own the rows skips (R14)."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from celery import shared_task

from monolith.inventory.models import InventoryCommand, InventoryIdempotency
from monolith.inventory.services.reservations import reservations_expire
from strangler.fence import Moved, owning

_log = structlog.stdlib.get_logger(__name__)
# Short transactions: a switch and other writers wait for one batch at most.
_BATCH = 100


@shared_task(name="inventory.expire_reservations")
def expire_reservations() -> int | None:
    """
    End every reservation whose time has come, so that its units are free again; batch by batch.

    Returns:
        How many there were; None when the rows belong to the other home.
    """
    total = 0
    while True:
        done = _as_owner(lambda: reservations_expire(limit=_BATCH))
        if done is None:
            return None
        total += done
        if done < _BATCH:
            break
    if total:
        _log.info("expired", reservations=total)
    return total


@shared_task(name="inventory.purge_idempotency")
def purge_idempotency() -> int | None:
    """
    Delete idempotency records and remembered commands that have expired.

    Returns:
        How many there were; None when the rows belong to the other home.
    """
    purged = _as_owner(lambda: InventoryIdempotency.purge() + InventoryCommand.purge())
    if purged is not None:
        _log.info("purged", rows=purged)
    return purged


def _as_owner(work: Callable[[], int]) -> int | None:
    try:
        with owning("inventory"):
            return work()
    except Moved as moved:
        _log.info("skipped", owner=moved.owner, epoch=moved.epoch)
        return None
