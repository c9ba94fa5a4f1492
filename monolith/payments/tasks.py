"""
Periodic work of payments: a tick is worked on once, by the owner of the rows, and the other home skips it (R14).

Providers are asked outside of transactions; each outcome is recorded in a short one of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.utils import timezone

from monolith.payments import providers
from monolith.payments.models import PaymentsCommand, PaymentsIdempotency, Reconciliation
from monolith.payments.services.attempts import attempt_ask, attempts_due
from monolith.payments.services.intents import intents_expire
from monolith.payments.services.reconciliations import reconciliation_create
from monolith.payments.services.webhooks import webhook_take, webhooks_waiting
from strangler.events import inbox, outbox
from strangler.events.tasks import owned_task, periodic_task
from strangler.fence import owning, until_done

_CAPABILITY = "payments"
_BATCH = 50
_RUN_S = 10.0
_EVENTS_KEPT = timedelta(days=1)
_PURGES: tuple[Callable[[], int], ...] = (
    PaymentsIdempotency.purge,
    PaymentsCommand.purge,
    partial(outbox.purge, _CAPABILITY, _EVENTS_KEPT),
    partial(inbox.purge, _CAPABILITY, _EVENTS_KEPT),
)
_log = structlog.stdlib.get_logger(__name__)


@owned_task(_CAPABILITY, name="payments.take_webhook")
def take_webhook(webhook_id: str) -> None:
    """Let one delivery have its effect."""
    webhook_take(UUID(webhook_id))


@periodic_task(_CAPABILITY, name="payments.take_webhooks")
def take_webhooks() -> int:
    """Take every delivery that had no effect yet: its task was lost, or what it builds on was not known."""
    waiting = webhooks_waiting(limit=_BATCH)
    for webhook_id in waiting:
        with owning(_CAPABILITY):
            webhook_take(webhook_id)
    return len(waiting)


@periodic_task(_CAPABILITY, name="payments.resolve_attempts")
def resolve_attempts() -> int:
    """
    Ask providers about attempts whose outcome is not known, under the key that each has.

    One that hangs takes its time: what a run does not come to, the next one does.
    """
    until, asked = time.monotonic() + _RUN_S, 0
    for attempt_id in attempts_due(limit=_BATCH):
        if time.monotonic() > until:
            break
        attempt_ask(attempt_id)
        asked += 1
    return asked


@periodic_task(_CAPABILITY, name="payments.expire_intents")
def expire_intents() -> int:
    """Give up authorisations that lapse, and payments that nobody finished in time."""
    with owning(_CAPABILITY):
        total = intents_expire(limit=_BATCH)
    if total:
        _log.info("expired", payments=total)
    return total


@periodic_task(_CAPABILITY, name="payments.reconcile_yesterday")
def reconcile_yesterday() -> int:
    """Compare the books of yesterday with every provider's, until that has been done once."""
    day = timezone.now().astimezone(UTC).date() - timedelta(days=1)
    done = 0
    for name in providers.names():
        with owning(_CAPABILITY):
            known = Reconciliation.objects.filter(provider=name, day=day, error="", finished_at__isnull=False)
            if not known.exists():
                reconciliation_create(provider=name, day=day)
                done += 1
    return done


@periodic_task(_CAPABILITY, name="payments.purge")
def purge() -> int:
    """Delete idempotency records and remembered commands that have expired, and events that everybody had a day ago."""
    total = sum(until_done(_CAPABILITY, delete) for delete in _PURGES)
    _log.info("purged", rows=total)
    return total
