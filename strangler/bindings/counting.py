"""How often a request calls which operation: a loop of calls is found before it is deployed, and counted after."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

from django.core.signals import request_finished, request_started

from strangler.bindings.errors import TooManyCalls
from strangler.bindings.figures import count_calls, count_excess
from strangler.conf import get_conf

log = logging.getLogger(__name__)
_counts: ContextVar[dict[str, int] | None] = ContextVar("strangler_calls", default=None)


def count(name: str) -> None:
    """
    Count a call of the operation *name* (`catalog.variants`) in the present request; outside of one nothing happens.

    Raises:
        TooManyCalls: more than `CALLS_MAX`, where `STRICT` is on; elsewhere it is counted and logged once a request.
    """
    counts = _counts.get()
    if counts is None:
        return
    made = counts[name] = counts.get(name, 0) + 1
    if made > get_conf().calls_max:
        _excess(name, made)


def _excess(name: str, made: int) -> None:
    limit = get_conf().calls_max
    message = f"{name} was called more than {limit} times in one request: use a bulk operation instead of a loop."
    if get_conf().strict:
        raise TooManyCalls(message)
    if made == limit + 1:
        count_excess(name)
        log.warning(message)


def _begin(**_: Any) -> None:
    _counts.set({})


def _end(**_: Any) -> None:
    counts = _counts.get()
    _counts.set(None)
    for name, made in (counts or {}).items():
        count_calls(name, made)


def count_requests() -> None:
    """Begin to count with every request that Django serves, and forget when it ends."""
    request_started.connect(_begin, dispatch_uid="strangler.calls")
    request_finished.connect(_end, dispatch_uid="strangler.calls")
