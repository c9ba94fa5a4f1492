"""
Periodic work of orders: a tick is worked on once, by the owner of the rows, and the other home skips it (R14).

Others are asked outside of transactions; each outcome is recorded in a short one of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog

from monolith.orders.models import OrdersCommand, OrdersIdempotency
from monolith.orders.saga.engine import Engine
from monolith.orders.services.carts import carts_purge
from monolith.orders.services.orders import orders_complete
from strangler.events import inbox, outbox
from strangler.events.tasks import periodic_task
from strangler.fence import until_done

_CAPABILITY = "orders"
_RUN_S = 15.0
_BATCH = 100
_EVENTS_KEPT = timedelta(days=1)
_PURGES: tuple[Callable[[], int], ...] = (
    OrdersIdempotency.purge,
    OrdersCommand.purge,
    carts_purge,
    partial(outbox.purge, _CAPABILITY, _EVENTS_KEPT),
    partial(inbox.purge, _CAPABILITY, _EVENTS_KEPT),
)
_log = structlog.stdlib.get_logger(__name__)


@periodic_task(_CAPABILITY, name="orders.run_sagas")
def run_sagas() -> int:
    """
    Take every step that is due; what a run does not come to, the next one does.

    Runs may overlap: a saga is one run's at a time.
    """
    return Engine().run(time.monotonic() + _RUN_S)


@periodic_task(_CAPABILITY, name="orders.complete_delivered")
def complete_delivered() -> int | None:
    """Complete orders that arrived so long ago that nobody can send them back; return how many."""
    return until_done(_CAPABILITY, lambda: orders_complete(limit=_BATCH))


@periodic_task(_CAPABILITY, name="orders.purge")
def purge() -> int | None:
    """Delete what has expired: idempotency records, remembered commands, carts, and events that everybody had."""
    total = sum(until_done(_CAPABILITY, work) for work in _PURGES)
    _log.info("purged", rows=total)
    return total
