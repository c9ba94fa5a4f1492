"""
Periodic work of risk: a tick is worked on once, by the owner of the rows, and the other home skips it (R14).

It is done in short transactions, so that a switch and other writers wait for one batch at most.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog

from monolith.risk.models import RiskCommand, RiskIdempotency
from monolith.risk.services.activity import orders_forget
from strangler.events import inbox, outbox
from strangler.events.tasks import periodic_task
from strangler.fence import until_done

_CAPABILITY = "risk"
_BATCH = 500
_EVENTS_KEPT = timedelta(days=1)
_PURGES: tuple[Callable[[], int], ...] = (
    RiskIdempotency.purge,
    RiskCommand.purge,
    partial(orders_forget, limit=_BATCH),
    partial(outbox.purge, _CAPABILITY, _EVENTS_KEPT),
    partial(inbox.purge, _CAPABILITY, _EVENTS_KEPT),
)
_log = structlog.stdlib.get_logger(__name__)


@periodic_task(_CAPABILITY, name="risk.purge")
def purge() -> int | None:
    """
    Delete what has expired, orders that nobody counts any more, and events that everybody had a day ago.

    Returns:
        How many rows there were; None when they belong to the other home.
    """
    total = sum(until_done(_CAPABILITY, purge) for purge in _PURGES)
    _log.info("purged", rows=total)
    return total
