"""
Periodic work of shipping: a tick is worked on once, by the owner of the rows, and the other home skips it (R14).

It is done in short transactions, so that a switch and other writers wait for one of them at most; carriers are asked
between them. A run that is cut short is continued by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from django.utils import timezone

from extracted.shipping.models import ShippingCommand, ShippingIdempotency, Webhook
from extracted.shipping.services.labels import labels_handle
from extracted.shipping.services.tracking import webhook_take
from strangler.events import inbox, outbox
from strangler.events.tasks import periodic_task
from strangler.fence import until_done

_CAPABILITY = "shipping"
_BATCH = 500
_EVENTS_KEPT = timedelta(days=1)
_WEBHOOKS_KEPT = timedelta(days=30)
_log = structlog.stdlib.get_logger(__name__)


@periodic_task(_CAPABILITY, name="shipping.handle_labels")
def handle_labels() -> int | None:
    """
    Buy the labels that are due, settle those whose outcome is unknown, and give back what is unwanted.

    Returns:
        How many; None when the rows belong to the other home.
    """
    return labels_handle()


@periodic_task(_CAPABILITY, name="shipping.take_webhooks")
def take_webhooks() -> int | None:
    """
    Let what carriers have sent have its effect.

    Returns:
        How many webhooks were looked at; None when the rows belong to the other home.
    """
    return until_done(_CAPABILITY, webhook_take)


@periodic_task(_CAPABILITY, name="shipping.purge")
def purge() -> int | None:
    """
    Delete idempotency records and remembered commands that have expired, events that everybody had, old webhooks.

    Returns:
        How many rows there were; None when they belong to the other home.
    """
    total = sum(until_done(_CAPABILITY, work) for work in _PURGES)
    _log.info("purged", rows=total)
    return total


def _purge_webhooks() -> int:
    old = Webhook.objects.filter(received_at__lt=timezone.now() - _WEBHOOKS_KEPT).exclude(taken_at=None, dead_at=None)
    ids = list(old.values_list("id", flat=True)[:_BATCH])
    return Webhook.objects.filter(id__in=ids).delete()[0]


_PURGES: tuple[Callable[[], int], ...] = (
    ShippingIdempotency.purge,
    ShippingCommand.purge,
    partial(outbox.purge, _CAPABILITY, _EVENTS_KEPT),
    partial(inbox.purge, _CAPABILITY, _EVENTS_KEPT),
    _purge_webhooks,
)
