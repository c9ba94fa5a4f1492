"""
Periodic work of the users: a tick is worked on once, by the owner of the rows, and the other home skips it (R14).

It is done in short transactions, so that a switch and other writers wait for one batch at most.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from django.utils import timezone

from monolith.users.models import OneTimeToken, RefreshToken, UsersIdempotency
from monolith.users.services.accounts import customers_unlock
from strangler.events import inbox, outbox
from strangler.events.tasks import periodic_task
from strangler.fence import until_done

_CAPABILITY = "users"
_BATCH = 100
_EVENTS_KEPT = timedelta(days=1)
_log = structlog.stdlib.get_logger(__name__)


def _over(tokens: type[RefreshToken] | type[OneTimeToken]) -> int:
    return int(tokens.objects.filter(expires_at__lt=timezone.now()).delete()[0])


_PURGES: tuple[Callable[[], int], ...] = (
    UsersIdempotency.purge,
    partial(_over, RefreshToken),
    partial(_over, OneTimeToken),
    partial(outbox.purge, _CAPABILITY, _EVENTS_KEPT),
    partial(inbox.purge, _CAPABILITY, _EVENTS_KEPT),
)


@periodic_task(_CAPABILITY, name="users.unlock")
def unlock() -> int | None:
    """
    Take every lock off that has run out.

    Returns:
        How many there were; None when the rows belong to the other home.
    """
    total = until_done(_CAPABILITY, lambda: customers_unlock(limit=_BATCH))
    if total:
        _log.info("unlocked", accounts=total)
    return total


@periodic_task(_CAPABILITY, name="users.purge")
def purge() -> int | None:
    """
    Delete what has expired, and events that everybody had a day ago.

    Returns:
        How many rows there were; None when they belong to the other home.
    """
    total = sum(until_done(_CAPABILITY, purge) for purge in _PURGES)
    _log.info("purged", rows=total)
    return total
