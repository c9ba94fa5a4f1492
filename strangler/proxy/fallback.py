"""Reads that the service fails to answer, answered from the monolith's copy where that is good enough (R10)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from strangler.conf import get_conf
from strangler.errors import Saturated
from strangler.fence import owner_of
from strangler.proxy import freshness
from strangler.proxy.answers import ForwardedAnswer
from strangler.proxy.bodies import RequestBody
from strangler.proxy.figures import count_fallback
from strangler.proxy.local import GetResponse
from strangler.proxy.own_writes import may_fall_back
from strangler.routing import Decision
from strangler.transport.breaker import Breaker
from strangler.transport.errors import RemoteCallError, TimedOut, Unreachable
from strangler.transport.handing_back import Elsewhere

FALLBACK = "Strangler-Fallback"
_FAILED = frozenset({502, 503, 504})
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (Unreachable, "unreachable"),
    (TimedOut, "timed_out"),
    (RemoteCallError, "bad_reply"),
    (Saturated, "saturated"),
)
Outcome = HttpResponseBase | Elsewhere


class Fallback:
    """Stands behind the reads that the monolith sends to services; *get_response* runs one here."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        # Behind an edge, the first read of a service that comes here is one that the service has failed to answer.
        freshness.start()

    def behind(
        self,
        request: HttpRequest,
        decision: Decision,
        body: RequestBody | None,
        forward: Callable[[], ForwardedAnswer | Elsewhere],
    ) -> Outcome:
        """
        Return the service's answer, or when it fails, the monolith's, if that may be given instead.

        A service that fails again and again is left alone for a moment where the monolith may answer.

        Raises:
            RemoteCallError, Saturated: there is no usable answer, and none may be given instead.
        """
        freshness.start()  # in a process that was forked since, so that it is known before it is needed
        breaker = _breaker(decision.capability)
        if not breaker.admits() and (answer := self._instead(request, decision, body, "resting")):
            return answer
        try:
            outcome = forward()
        except (RemoteCallError, Saturated) as error:
            breaker.failed()
            reason = next(word for kind, word in _REASONS if isinstance(error, kind))
            if answer := self._instead(request, decision, body, reason):
                return answer
            raise
        if isinstance(outcome, Elsewhere) or outcome.status_code not in _FAILED:
            breaker.succeeded()
            return outcome
        breaker.failed()
        if answer := self._instead(request, decision, body, f"answered_{outcome.status_code}"):
            outcome.close()
            return answer
        return outcome

    def _instead(
        self, request: HttpRequest, decision: Decision, body: RequestBody | None, reason: str
    ) -> HttpResponseBase | None:
        if (body is not None and not body.replayable) or not _allowed(request, decision):
            return None
        if body is not None:
            body.give_to(request)
        answer = self._get_response(request)
        answer.headers[FALLBACK] = reason
        count_fallback(decision.capability, reason)
        return answer


def _allowed(request: HttpRequest, decision: Decision) -> bool:
    """The writer may answer whatever was the service's share; a copy only what may be old, and nobody's own writes."""
    if decision.reason == "override" or get_conf().home_of(decision.capability) != "monolith":
        return False
    try:
        owned = owner_of(decision.capability)
    except DatabaseError:
        return False
    if owned.owner == "monolith" and owned.epoch >= decision.epoch:
        return True
    return decision.route.stale_ok and may_fall_back(request, decision)


@lru_cache(maxsize=64)
def _breaker(capability: str) -> Breaker:
    return Breaker()
