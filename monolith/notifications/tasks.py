"""
Periodic work: a tick is worked on once, by the owner of the rows, and the other home skips it (R14).

The mail server is spoken to outside of transactions; what becomes of a message is recorded in short ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from django.utils import timezone

from monolith.notifications import selectors
from monolith.notifications.models import KnownOrder, NotificationsCommand, NotificationsIdempotency
from monolith.notifications.services.deliveries import delivery_send
from strangler.events import inbox, outbox
from strangler.events.tasks import periodic_task
from strangler.fence import until_done

_CAPABILITY = "notifications"
_BATCH = 50
_RUN_S = 10.0
_EVENTS_KEPT = timedelta(days=1)
_ORDERS_KEPT = timedelta(days=365)
_log = structlog.stdlib.get_logger(__name__)


def _old_orders() -> int:
    over = KnownOrder.objects.filter(placed_at__lt=timezone.now() - _ORDERS_KEPT)
    return int(KnownOrder.objects.filter(id__in=list(over.values_list("id", flat=True)[:500])).delete()[0])


_PURGES: tuple[Callable[[], int], ...] = (
    NotificationsIdempotency.purge,
    NotificationsCommand.purge,
    _old_orders,
    partial(outbox.purge, _CAPABILITY, _EVENTS_KEPT),
    partial(inbox.purge, _CAPABILITY, _EVENTS_KEPT),
)


@periodic_task(_CAPABILITY, name="notifications.send")
def send() -> int:
    """
    Send what is due.

    A mail server that hangs takes its time: what a run does not come to, the next one does.
    """
    until, begun = time.monotonic() + _RUN_S, 0
    for delivery_id in selectors.due(limit=_BATCH):
        if time.monotonic() > until:
            break
        delivery_send(delivery_id)
        begun += 1
    return begun


@periodic_task(_CAPABILITY, name="notifications.purge")
def purge() -> int:
    """Delete what has expired, orders of long ago, and events that everybody had a day ago."""
    total = sum(until_done(_CAPABILITY, delete) for delete in _PURGES)
    _log.info("purged", rows=total)
    return total
