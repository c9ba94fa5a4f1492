"""What the router itself answers when nobody else can: RFC 9457 problems with a closed list of codes."""

from __future__ import annotations

import enum
import json
import logging

from django.http import HttpRequest, HttpResponse

from strangler.errors import Saturated
from strangler.state.identity import Restored
from strangler.state.outages import is_outage
from strangler.transport.errors import (
    BadReply,
    BadRequest,
    BodyCut,
    LengthRequired,
    RemoteCallError,
    TimedOut,
    Unreachable,
    UpstreamSaturated,
)

log = logging.getLogger("strangler.proxy")
PROBLEM_JSON = "application/problem+json"


class Code(enum.Enum):
    """Every problem that the router may answer: code, status, title, and whether repeating is safe and may help."""

    BAD_REQUEST = "bad_request", 400, "The request cannot be forwarded", False
    BODY_CUT = "body_cut", 400, "The request ended before its body was complete", False
    LENGTH_REQUIRED = "length_required", 411, "A Content-Length is required", False
    ROUTES_DIFFER = "routes_differ", 500, "The homes do not agree on whose request this is", False
    BORDER_VIOLATION = "border_violation", 500, "The request wrote rows of a capability that is not its own", False
    UPSTREAM_UNREACHABLE = "upstream_unreachable", 502, "The capability's home cannot be reached", False
    UPSTREAM_BAD_REPLY = "upstream_bad_reply", 502, "The capability's home gave an unusable answer", False
    MOVED_MIDWAY = "moved_midway", 503, "The writer moved while the request ran", True
    SWITCH_SATURATED = "switch_saturated", 503, "Too many requests wait for the switch to end", True
    HOME_UNREACHABLE = "home_unreachable", 503, "The database of this home cannot be reached", False
    HOME_RESTORED = "home_restored", 503, "The database of this home was restored, and may not be written yet", True
    UPSTREAM_SATURATED = "upstream_saturated", 503, "All connections to the capability's home are in use", True
    UPSTREAM_TIMED_OUT = "upstream_timed_out", 504, "The capability's home did not answer in time", False

    def __init__(self, code: str, status: int, title: str, repeat: bool) -> None:
        self.code = code
        self.status = status
        self.title = title
        self.repeat = repeat


_BY_ERROR: tuple[tuple[type[Exception], Code], ...] = (
    (BodyCut, Code.BODY_CUT),
    (LengthRequired, Code.LENGTH_REQUIRED),
    (BadRequest, Code.BAD_REQUEST),
    (Unreachable, Code.UPSTREAM_UNREACHABLE),
    (TimedOut, Code.UPSTREAM_TIMED_OUT),
    (BadReply, Code.UPSTREAM_BAD_REPLY),
    (UpstreamSaturated, Code.UPSTREAM_SATURATED),
    (Saturated, Code.SWITCH_SATURATED),
    (Restored, Code.HOME_RESTORED),
)
EXPECTED_ERRORS = (BadRequest, RemoteCallError, Saturated, Restored)


class ProblemAnswer(HttpResponse):
    """
    A problem as an answer.

    Attributes:
        outcome: which one, for the figures.
    """

    def __init__(self, request: HttpRequest, code: Code, detail: str) -> None:
        self.outcome = code.code
        members = {
            "type": f"urn:problem:{code.code}",
            "title": code.title,
            "status": code.status,
            "detail": detail,
            "code": code.code,
            "instance": request.path,
        }
        super().__init__(json.dumps(members), status=code.status, content_type=PROBLEM_JSON)
        self.headers["Cache-Control"] = "no-store"
        # Without its size, runserver ends the connection after the answer: what follows may be content nobody read.
        if code.status >= 500:
            self.headers["Content-Length"] = str(len(self.content))
        if code.repeat:
            self.headers["Retry-After"] = "1"


def problem_of(request: HttpRequest, error: Exception) -> ProblemAnswer:
    """Return the answer for one of `EXPECTED_ERRORS`; what it tells of the other home goes to the log alone."""
    code = next(code for kind, code in _BY_ERROR if isinstance(error, kind))
    if isinstance(error, BadRequest):
        return ProblemAnswer(request, code, str(error))
    return _logged(request, code, error)


def outage_of(request: HttpRequest, error: Exception) -> ProblemAnswer | None:
    """Return the answer of a home whose database is gone: whoever can may stand in; None for any other error."""
    return _logged(request, Code.HOME_UNREACHABLE, error) if is_outage(error) else None


def _logged(request: HttpRequest, code: Code, error: Exception) -> ProblemAnswer:
    log.warning("%s %s: %s: %s", request.method, request.path, code.code, error)
    repeat = "Repeat it." if code.repeat else "A write may have happened: repeat it only with its Idempotency-Key."
    return ProblemAnswer(request, code, repeat)


def moved_midway(request: HttpRequest) -> ProblemAnswer:
    """Return the answer to a write that was refused and can no longer run elsewhere (R4)."""
    detail = "Repeat it, with the same Idempotency-Key if it has one; nothing of it that was refused has happened."
    return ProblemAnswer(request, Code.MOVED_MIDWAY, detail)
