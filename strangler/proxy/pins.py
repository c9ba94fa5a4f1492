"""
Who must read from the writer, because what they have written has not reached the copy yet (R8).

A pin is a position, by capability, source and subject. It stands in the cache `pins`, which all hosts share; where
there is none, or it does not answer, in a signed cookie of the client's own. A cache may lose what it was given: so it
holds one pin of everybody's, and where that is missing, everybody is pinned to the present until it is there again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable

from django.conf import settings
from django.core.cache import BaseCache, caches
from django.db import DatabaseError, connections, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from strangler.conf import Home, get_conf
from strangler.fence.alone import lock_id
from strangler.transport import signing
from strangler.transport.breaker import Breaker

log = logging.getLogger("strangler.pins")
ALIAS = "pins"
COOKIE = "strangler_pins"
_ONE_PROCESS = ("locmem.LocMemCache", "dummy.DummyCache")
_owing: dict[tuple[str, Home], int] = {}
_breaker = Breaker(failures_max=1)


def ttl_s() -> float:
    """Return how long a pin lasts at most: by then the rows have arrived, or the copy is too old for anybody."""
    conf = get_conf()
    return 2 * max(conf.lag_limit_s, conf.max_stale_s) + 10


def shared() -> bool:
    """Return whether there is a cache that all hosts see."""
    entry = settings.CACHES.get(ALIAS)
    return entry is not None and not entry["BACKEND"].endswith(_ONE_PROCESS)


def trouble() -> str:
    """Return why no client could be pinned now, or an empty string; cookies can always be given."""
    if not shared():
        return ""
    try:
        _cache().get(_everybody("", "monolith"))
    except Exception as error:
        return f"The cache {ALIAS!r}, which keeps who has written what, does not answer: {error}"
    return ""


def keep(
    request: HttpRequest,
    response: HttpResponseBase,
    pin: tuple[str, Home],
    subjects: Iterable[str],
    position: Callable[[], int],
) -> None:
    """
    Pin the subjects of a write that has been committed.

    Args:
        pin: the capability, and the home that wrote.
        position: asks the writer's database, whose alias the settings give.
    """
    if shared():
        try:
            _keep_in_cache(pin, subjects, position)
        except Exception as error:
            log.error("the cache was not told who wrote, so all are pinned once it answers: %s", error)
            _owing[pin] = _owing.get(pin, 0) + 1
        else:
            return
    _keep_in_cookie(request, response, pin, position())


def _keep_in_cache(pin: tuple[str, Home], subjects: Iterable[str], position: Callable[[], int]) -> None:
    """One at a time for each subject: of two writes, the earlier must not have the last word."""
    alias = get_conf().database_of(pin[0])
    for subject in sorted(subjects):
        with transaction.atomic(using=alias):
            if connections[alias or ""].vendor == "postgresql":
                with connections[alias or ""].cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_id("pin", *pin, subject)])
            _cache().set(_name(*pin, subject), position(), timeout=ttl_s())


def _keep_in_cookie(request: HttpRequest, response: HttpResponseBase, pin: tuple[str, Home], position: int) -> None:
    capability, source = pin
    held = {**_cookie(request), capability: [source, position]}
    token = signing.sign("pins", {"at": held}, ttl_s=ttl_s())
    response.set_cookie(COOKIE, token, max_age=int(ttl_s()), secure=request.is_secure(), httponly=True, samesite="Lax")


def position_of(request: HttpRequest, capability: str, source: Home, subjects: Iterable[str]) -> int | None:
    """
    Return what the copy must have before *subjects* may read it: 0 when they are not pinned.

    Returns:
        None, when nobody can say.
    """
    home, position = _cookie(request).get(capability, (source, 0))
    own = position if home == source else 0
    if not shared():
        return own
    everybody = _everybody(capability, source)
    names = [everybody, *(_name(capability, source, subject) for subject in subjects)]
    if (capability, source) in _owing or not _breaker.admits():
        return None
    try:
        found: dict[str, int] = _cache().get_many(names)
    except Exception as error:
        _breaker.failed()
        log.warning("the cache does not say who has written, so all read from the writer: %s", error)
        return None
    _breaker.succeeded()
    if everybody not in found:
        return None
    return max(own, *found.values())


def tend(capability: str, source: Home, position: Callable[[], int]) -> None:
    """Pin everybody to the present where the cache may have lost a pin, or was never told of one."""
    if not shared():
        return
    pin, name = (capability, source), _everybody(capability, source)
    owed = _owing.get(pin)
    try:
        if owed:
            _cache().set(name, position(), timeout=None)
        elif _cache().get(name) is None:
            _cache().add(name, position(), timeout=None)
    except DatabaseError:
        raise
    except Exception as error:
        log.debug("the cache does not answer: %s", error)
    else:
        if owed and _owing.get(pin) == owed:  # nothing has been added meanwhile
            del _owing[pin]


def _everybody(capability: str, source: Home) -> str:
    return f"{capability}:{source}:everybody"


def _name(capability: str, source: Home, subject: str) -> str:
    return f"{capability}:{source}:{hashlib.sha256(subject.encode()).hexdigest()}"


def _cookie(request: HttpRequest) -> dict[str, tuple[Home, int]]:
    token = request.COOKIES.get(COOKIE)
    payload = signing.verify("pins", token) if token else None
    return {name: (home, position) for name, (home, position) in payload["at"].items()} if payload else {}


def _cache() -> BaseCache:
    return caches[ALIAS]
