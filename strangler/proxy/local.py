"""Run a request in this home, and find out whether it was allowed to."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from strangler.conf import get_conf
from strangler.fence import Moved, Observation, observe
from strangler.proxy.bodies import RequestBody
from strangler.proxy.figures import count_refusal
from strangler.proxy.problems import Code, ProblemAnswer, moved_midway, problem_of
from strangler.state.identity import Restored
from strangler.transport.handing_back import Elsewhere

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def run_write(
    get_response: GetResponse, request: HttpRequest, capability: str, epoch: int, body: RequestBody | None
) -> HttpResponseBase | Elsewhere:
    """
    Run a write of *capability* here, under observation.

    Args:
        epoch: in which this home is believed to own the rows.

    Returns:
        The answer, if this home was the owner throughout; who the owner is, if nothing has happened yet and the
        request can run there; a problem otherwise (R4).

    Raises:
        Restored: this home's database is not the one that it knows (R18).
    """
    outcome = _run_once(get_response, request, capability, epoch, body)
    if isinstance(outcome, Elsewhere) and outcome.owner == get_conf().home_of(capability):
        # This home owns it, in a later epoch than the table knew.
        return _run_once(get_response, request, capability, outcome.epoch, body)
    return outcome


def _run_once(
    get_response: GetResponse, request: HttpRequest, capability: str, epoch: int, body: RequestBody | None
) -> HttpResponseBase | Elsewhere:
    response: HttpResponseBase | None = None
    with observe(capability, epoch) as seen:
        try:
            if body is not None:
                if body.large:
                    seen.assert_now()
                body.give_to(request)
            response = get_response(request)
            seen.confirm()
        except Moved as moved:
            refusal = seen.moved or moved
        except Restored:
            if response is not None:
                response.close()
            raise
        else:
            return response
    if response is not None:
        response.close()
    return _after_refusal(request, refusal, seen, body)


def _after_refusal(
    request: HttpRequest, refusal: Moved, seen: Observation, body: RequestBody | None
) -> HttpResponseBase | Elsewhere:
    movable = seen.clean and (body is None or body.replayable)
    count_refusal(refusal.capability, clean=movable)
    if refusal.capability != seen.capability:
        detail = f"A route of {seen.capability} wrote rows of {refusal.capability}: {refusal}."
        return ProblemAnswer(request, Code.BORDER_VIOLATION, detail)
    return Elsewhere(refusal.capability, refusal.owner, refusal.epoch) if movable else moved_midway(request)


def run_nobodys_write(get_response: GetResponse, request: HttpRequest) -> HttpResponseBase:
    """Run a write that no route claims; a refusal makes its answer worthless even if a view swallowed it (R5)."""
    with observe(None) as seen:
        response = get_response(request)
    if seen.restored:
        response.close()
        return problem_of(request, seen.restored)
    if seen.moved is None:
        return response
    response.close()
    count_refusal(seen.moved.capability, clean=seen.clean)
    return moved_midway(request)
