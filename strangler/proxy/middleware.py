"""The router: who serves this request, and where its answer says it was served."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from strangler.conf import HOMES, Home, get_conf
from strangler.fence import Moved, other
from strangler.proxy.bodies import body_of
from strangler.proxy.figures import count_held_back, count_request
from strangler.proxy.hops import Hop, read_hop
from strangler.proxy.identity import read_identity
from strangler.proxy.local import GetResponse, run_nobodys_write
from strangler.proxy.origin import believe_proxy, restore_origin
from strangler.proxy.own_writes import objection_to_copy
from strangler.proxy.problems import EXPECTED_ERRORS, Code, ProblemAnswer, moved_midway, outage_of, problem_of
from strangler.proxy.serving import Serving
from strangler.proxy.subjects import issue_subject, keeps_cookies, subjects_of
from strangler.routing import READ_METHODS, Decision, Facts, decide
from strangler.state import follower
from strangler.state.identity import Restored
from strangler.transport import signing
from strangler.transport.headers import without_reserved


class StranglerMiddleware:
    """
    Django middleware that routes each request to the home that serves it; it belongs first in `MIDDLEWARE`.

    A request without a route runs where it arrived. Routing is a hint: for a write only the home's own
    database decides, and a request that it refuses before anything happened runs once more in the other home.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._conf = get_conf()
        self._serving = Serving(get_response, self._conf)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        environ = request.META
        reserved = without_reserved(environ)
        hop = _hop(request, reserved) if reserved else None
        if hop is None and self._conf.trust_forwarded:
            believe_proxy(request)
        table = follower.table()
        facts = Facts(
            request.method or "",
            environ.get("HTTP_HOST", "").partition(":")[0].lower(),
            request.path_info,
            None,
            _override(reserved) if reserved else None,
        )
        decision = decide(table, facts)
        if "HTTP_TRANSFER_ENCODING" in environ and not environ.get("wsgi.input_terminated"):
            # What it leaves unread would be taken for the next request (RFC 9112 6.3; RFC 9110 15.5.12).
            return ProblemAnswer(request, Code.LENGTH_REQUIRED, "This server does not read chunked content.")
        if hop is not None and not _agree(hop, decision):
            return ProblemAnswer(
                request, Code.ROUTES_DIFFER, f"The other home takes it for a {hop.kind} of {hop.capability}."
            )
        if decision is None:
            return self._nobodys(request)
        newcomer = False
        if decision.reason == "no_subject" and hop is None:
            subjects = subjects_of(request)
            decision = decide(table, facts._replace(subject=next(iter(subjects), None))) or decision
            newcomer = not subjects
            if decision.reason == "share" and (reason := objection_to_copy(request, decision, subjects)):
                newcomer = reason == "unpinnable" and not keeps_cookies(request)
                decision = decision._replace(home=other(decision.home), reason=reason)
                count_held_back(decision.capability, reason)
        response = self._serve(request, hop, decision)
        if newcomer:
            issue_subject(request, response)
        self._finish(response, table.version, decision, hop)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer a refusal, or an outage, that a view let through; whoever observes the request replaces the answer."""
        if isinstance(exception, Restored):
            return problem_of(request, exception)
        return moved_midway(request) if isinstance(exception, Moved) else outage_of(request, exception)

    def _nobodys(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in READ_METHODS:
            return self._get_response(request)
        return run_nobodys_write(self._get_response, request)

    def _serve(self, request: HttpRequest, hop: Hop | None, decision: Decision) -> HttpResponseBase:
        body = None
        try:
            body = body_of(request, self._conf)
            if hop is None:
                response = self._serving.routed(request, decision, body)
            else:
                response = self._serving.hopped(request, hop, decision, body)
        except EXPECTED_ERRORS as error:
            response = problem_of(request, error)
        except OperationalError as error:
            if (outage := outage_of(request, error)) is None:
                raise
            response = outage
        if body is not None:
            response._resource_closers.append(body.close)  # type: ignore[attr-defined]  # as Django closes the request
        return response

    def _finish(self, response: HttpResponseBase, version: int, decision: Decision, hop: Hop | None) -> None:
        """Say who served it, in the answer and in the figures."""
        home = self._conf.side
        outcome = getattr(response, "outcome", None)
        if outcome == "forwarded":  # and marked by the home that served it
            home = other(home)
        elif self._conf.expose_headers:
            # Past Django's own setter, which would encode the same two values again for every answer.
            response.headers._store.update(_marks(home, version))
        count_request(decision.capability, home, decision.kind, outcome or ("hop" if hop else "local"))


@lru_cache(maxsize=16)
def _marks(home: Home, version: int) -> dict[str, tuple[str, str]]:
    return {
        "strangler-home": ("Strangler-Home", home),
        "strangler-version": ("Strangler-Version", str(version)),
    }


def _agree(hop: Hop, decision: Decision | None) -> bool:
    return decision is not None and (decision.capability, decision.kind) == (hop.capability, hop.kind)


def _hop(request: HttpRequest, reserved: Mapping[str, str]) -> Hop | None:
    """Return the hop by which the other home forwarded *request*, and let the request look as it did there."""
    token = reserved.get("HTTP_STRANGLER_HOP")
    hop = read_hop(token) if token else None
    if hop is None or get_conf().home_of(hop.capability) != hop.home:
        return None
    restore_origin(request)
    identity = reserved.get("HTTP_STRANGLER_IDENTITY")
    if identity and read_identity(identity) is not None:
        # Back in its place, so that a host's authentication finds it; only a verified one ever stands there.
        request.META["HTTP_STRANGLER_IDENTITY"] = identity
    return hop


def _override(reserved: Mapping[str, str]) -> Mapping[str, Home] | None:
    """Return the homes that a signed `Strangler-Override` asks for."""
    token = reserved.get("HTTP_STRANGLER_OVERRIDE")
    payload: dict[str, Any] | None = signing.verify("override", token) if token else None
    return {name: home for name, home in payload["homes"].items() if home in HOMES} if payload else None
