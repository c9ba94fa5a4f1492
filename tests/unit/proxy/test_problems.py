import json

import pytest
from django.test import RequestFactory

from strangler.errors import Saturated
from strangler.proxy.problems import moved_midway, problem_of
from strangler.state.identity import Restored
from strangler.transport.errors import (
    BadReply,
    BadRequest,
    BodyCut,
    LengthRequired,
    TimedOut,
    Unreachable,
    UpstreamSaturated,
)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadRequest("why"), 400, "bad_request"),
        (BodyCut("why"), 400, "body_cut"),
        (LengthRequired("why"), 411, "length_required"),
        (Unreachable("10.0.0.1"), 502, "upstream_unreachable"),
        (BadReply("10.0.0.1"), 502, "upstream_bad_reply"),
        (TimedOut("10.0.0.1"), 504, "upstream_timed_out"),
        (UpstreamSaturated("10.0.0.1"), 503, "upstream_saturated"),
        (Saturated("10.0.0.1"), 503, "switch_saturated"),
        (Restored("catalog", "The database at 10.0.0.1 is a copy."), 503, "home_restored"),
    ],
)
def test_error_becomes_a_problem(error, status, code):
    """RFC 9457 3.1; nothing of the inside is told."""
    answer = problem_of(RequestFactory().get("/api/x?secret"), error)
    document = json.loads(answer.content)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)
    assert document["instance"] == "/api/x"
    assert "10.0.0.1" not in answer.content.decode()
    assert ("Retry-After" in answer.headers) is (status == 503)


def test_moved_midway_may_be_repeated():
    answer = moved_midway(RequestFactory().post("/api/x"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.headers["Cache-Control"] == "no-store"
