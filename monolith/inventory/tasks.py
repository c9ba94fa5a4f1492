"""
Periodic work of the inventory: a tick is worked on once, by the owner of the rows, and the other home skips it (R14).

It is done in short transactions, so that a switch and other writers wait for one batch at most; a run that is cut short
is continued by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from monolith.inventory.models import InventoryCommand, InventoryIdempotency
from monolith.inventory.services.reservations import reservations_expire
from strangler.events import inbox, outbox
from strangler.events.tasks import periodic_task
from strangler.fence import owning

_CAPABILITY = "inventory"
_BATCH = 100
_EVENTS_KEPT_FOR = timedelta(days=1)
_log = structlog.stdlib.get_logger(__name__)


@periodic_task(_CAPABILITY, name="inventory.expire_reservations")
def expire_reservations() -> int | None:
    """
    End every reservation whose time has come, so that its units are free again.

    Returns:
        How many there were; None when the rows belong to the other home.
    """
    total = _until_done(lambda: reservations_expire(limit=_BATCH))
    if total:
        _log.info("expired", reservations=total)
    return total


@periodic_task(_CAPABILITY, name="inventory.purge_idempotency")
def purge_idempotency() -> int | None:
    """
    Delete idempotency records and remembered commands that have expired, and events that everybody had a day ago.

    Returns:
        How many rows there were; None when they belong to the other home.
    """
    purges = (
        InventoryIdempotency.purge,
        InventoryCommand.purge,
        lambda: outbox.purge(_CAPABILITY, _EVENTS_KEPT_FOR),
        lambda: inbox.purge(_CAPABILITY, _EVENTS_KEPT_FOR),
    )
    total = sum(map(_until_done, purges))
    _log.info("purged", rows=total)
    return total


def _until_done(work: Callable[[], int]) -> int:
    """Repeat *work* as the owner, each time in a transaction of its own, until there is nothing left."""
    total = 0
    while True:
        with owning(_CAPABILITY):
            done = work()
        if not done:
            return total
        total += done
