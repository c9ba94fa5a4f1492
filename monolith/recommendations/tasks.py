"""Periodic work of recommendations: a tick is worked on once, by the owner of the rows (R14)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog

from monolith.recommendations.services import forget
from strangler.events import inbox
from strangler.events.tasks import periodic_task
from strangler.fence import until_done

_CAPABILITY = "recommendations"
_PURGES: tuple[Callable[[], int], ...] = (
    partial(forget, limit=1_000),
    partial(inbox.purge, _CAPABILITY, timedelta(days=1)),
)
_log = structlog.stdlib.get_logger(__name__)


@periodic_task(_CAPABILITY, name="recommendations.purge")
def purge() -> int | None:
    """
    Delete what was bought too long ago, and events that were handled a day ago.

    Returns:
        How many rows there were; None when they belong to the other home.
    """
    total = sum(until_done(_CAPABILITY, purge) for purge in _PURGES)
    _log.info("purged", rows=total)
    return total
