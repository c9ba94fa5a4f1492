"""
Periodic work of the inventory: a tick is worked on once, by the owner of the rows, and the other home skips it (R14).

It is done in short transactions, so that a switch and other writers wait for one batch at most; a run that is cut short
is continued by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog

from monolith.inventory.models import InventoryCommand, InventoryIdempotency
from monolith.inventory.services.reservations import reservations_expire
from strangler.events import inbox, outbox
from strangler.events.tasks import periodic_task
from strangler.fence import until_done

_CAPABILITY = "inventory"
_BATCH = 100
_EVENTS_KEPT = timedelta(days=1)
_PURGES: tuple[Callable[[], int], ...] = (
    InventoryIdempotency.purge,
    InventoryCommand.purge,
    partial(outbox.purge, _CAPABILITY, _EVENTS_KEPT),
    partial(inbox.purge, _CAPABILITY, _EVENTS_KEPT),
)
_log = structlog.stdlib.get_logger(__name__)


@periodic_task(_CAPABILITY, name="inventory.expire_reservations")
def expire_reservations() -> int | None:
    """
    End every reservation whose time has come, so that its units are free again.

    Returns:
        How many there were; None when the rows belong to the other home.
    """
    total = until_done(_CAPABILITY, lambda: reservations_expire(limit=_BATCH))
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
    total = sum(until_done(_CAPABILITY, purge) for purge in _PURGES)
    _log.info("purged", rows=total)
    return total
