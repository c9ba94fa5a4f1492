"""
What a home remembers of its rows while it owns them (R11).

A remembered value belongs to a home, an epoch and a *mark*. The epoch comes from the home's own ownership row and never
from the routing table, which may lag; a home that does not own the rows remembers nothing. The mark is replaced when a
write commits, so that what was remembered before is never found again: by nobody who reads the mark afterwards.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.cache import BaseCache, caches
from django.db import transaction
from prometheus_client import Counter

from strangler.conf import get_conf
from strangler.fence import own_connection, owner_of

T = TypeVar("T")
ALIAS = "owned"
WORK_S = 10.0
"""How long one request may compute before another may begin the same."""
WAIT_S = 2.0
"""How long a request waits for another's result before it computes its own."""
_POLL_S = 0.01
_MISSING = object()
_log = logging.getLogger("strangler.remember")

OUTCOMES = Counter(
    "strangler_remembered",
    "Values asked of the cache: hit, computed, waited (for another's), gave_up (waiting), unreachable, not_owner.",
    ("capability", "outcome"),
)


def remembered(capability: str, key: str, compute: Callable[[], T]) -> T:
    """
    Return what *compute* returns now or has returned since the last committed write.

    Of many who ask at once, one computes and the others wait for it, at most `WAIT_S`. Inside a transaction, without
    the cache `owned` and while that does not answer, the value is computed.

    Args:
        key: names the value among those of *capability*; of any length.
        compute: reads rows of *capability* only; what it returns can be pickled.
    """
    place = _Place.of(capability)
    if place is None:
        return compute()
    try:
        found = place.find(key)
    except _unreachable() as error:
        return place.unreachable(error, compute)
    if found is not _MISSING:
        return place.note("hit", cast(T, found))
    return _once(place, key, compute)


def forget(capability: str) -> None:
    """
    Forget everything remembered of *capability* when the transaction commits.

    If the cache cannot be told, old values may be served until they expire: seconds, and the log says so.
    """
    if capability not in get_conf().own_capabilities or ALIAS not in settings.CACHES:
        return
    transaction.on_commit(lambda: _replace_mark(capability), using=own_connection(capability).alias)


def _replace_mark(capability: str) -> None:
    try:
        caches[ALIAS].set(_mark_key(capability), uuid.uuid4().hex, timeout=None)
    except _unreachable() as error:
        OUTCOMES.labels(capability, "unreachable").inc()
        _log.error("the cache does not know that %s has changed, and may be behind for a while: %s", capability, error)


def _once(place: _Place, key: str, compute: Callable[[], T]) -> T:
    """Compute unless somebody does already."""
    deadline = time.monotonic() + WAIT_S
    waited = False
    while True:
        try:
            mine = place.begin(key)
            found = place.find(key)  # whoever was at it may have finished just now
        except _unreachable() as error:
            return place.unreachable(error, compute)
        if found is not _MISSING:
            if mine:
                place.end(key)
            return place.note("waited" if waited else "hit", cast(T, found))
        if mine:
            return _compute(place, key, compute)
        if time.monotonic() >= deadline:
            return place.note("gave_up", compute())
        waited = True
        time.sleep(_POLL_S)


def _compute(place: _Place, key: str, compute: Callable[[], T]) -> T:
    try:
        value = compute()
        place.keep(key, value)
        return place.note("computed", value)
    finally:
        place.end(key)


class _Place:
    """Where the values of a capability are, as long as its epoch and mark are the same."""

    def __init__(self, capability: str, prefix: str) -> None:
        self.capability = capability
        self.prefix = prefix
        self.mark = ""

    @classmethod
    def of(cls, capability: str) -> _Place | None:
        """Return the place, or None where nothing is remembered."""
        conf = get_conf()
        if capability not in conf.own_capabilities or ALIAS not in settings.CACHES:
            return None
        if own_connection(capability).in_atomic_block:  # it may see what nobody else sees yet, or ever
            return None
        owned = owner_of(capability)
        if owned.owner != conf.home_of(capability):
            OUTCOMES.labels(capability, "not_owner").inc()
            return None
        return cls(capability, f"{conf.host}:{capability}:{owned.epoch}")

    def find(self, key: str) -> Any:
        """Return the value or _MISSING; the mark is read first, and before anything is computed."""
        if not self.mark:
            self.mark = self._read_mark()
        return _cache().get(self._name(key), _MISSING)

    def begin(self, key: str) -> bool:
        """Return whether this process is the one to compute."""
        return bool(_cache().add(self._name(key) + ":begun", True, timeout=WORK_S))

    def keep(self, key: str, value: Any) -> None:
        """Remember *value*; a cache that does not answer remembers nothing."""
        try:
            _cache().set(self._name(key), value)
        except _unreachable() as error:
            _log.warning("not remembered: %s", error)

    def end(self, key: str) -> None:
        """Let others compute."""
        try:
            _cache().delete(self._name(key) + ":begun")
        except _unreachable() as error:
            _log.warning("others wait for nothing for %s s at most: %s", WORK_S, error)

    def note(self, outcome: str, value: T) -> T:
        """Count and pass on."""
        OUTCOMES.labels(self.capability, outcome).inc()
        return value

    def unreachable(self, error: Exception, compute: Callable[[], T]) -> T:
        """Answer without the cache, and say so."""
        _log.warning("the cache does not answer, computing instead: %s", error)
        return self.note("unreachable", compute())

    def _read_mark(self) -> str:
        name = _mark_key(self.capability)
        mark = _cache().get(name)
        if mark is None:
            _cache().add(name, uuid.uuid4().hex, timeout=None)
            mark = _cache().get(name)
        return str(mark)

    def _name(self, key: str) -> str:
        return f"{self.prefix}:{self.mark}:{hashlib.sha256(key.encode()).hexdigest()}"


def _mark_key(capability: str) -> str:
    return f"{get_conf().host}:{capability}:mark"


def _cache() -> BaseCache:
    return caches[ALIAS]


def _unreachable() -> tuple[type[Exception], ...]:
    """What a cache raises that is not there; redis-py's errors are no OSError, and locmem needs no redis-py."""
    if settings.CACHES[ALIAS]["BACKEND"].endswith("RedisCache"):
        from redis.exceptions import RedisError

        return OSError, RedisError
    return (OSError,)
