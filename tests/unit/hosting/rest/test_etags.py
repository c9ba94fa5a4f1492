"""Validators and preconditions, clause by clause of RFC 9110."""

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from strangler.hosting.rest.etags import check_match, conditional, etag, etag_of_body, require_match
from strangler.hosting.rest.problems import Problem

CURRENT = etag(version=7, representation=1)


def asked(**headers):
    return APIView().initialize_request(APIRequestFactory().get("/", headers=headers))


def test_validator_is_made_of_row_code_and_part_alone():
    """Nothing of the home is in it (R11), and each of the three changes it."""
    tags = {CURRENT, etag(version=8, representation=1), etag(version=7, representation=2)}
    tags |= {etag(version=7, representation=1, part=part) for part in ("id", "id,name")}
    assert len(tags) == 5
    assert etag(version=7, representation=1, part="id") == etag(version=7, representation=1, part="id")


@pytest.mark.parametrize(
    ("header", "passes"),
    [
        (CURRENT, True),
        ("*", True),
        (f'"a", {CURRENT}', True),
        (etag(version=7, representation=1, part="id"), True),
        (etag(version=6, representation=1), False),
        (etag(version=7, representation=2), False),
        (f"W/{CURRENT}", False),  # 13.1.1: strong comparison
        (CURRENT.strip('"'), False),
        ('"71-r1"', False),
        ("", False),
    ],
)
def test_change_passes_only_with_the_current_version(header, passes):
    for check in (require_match, check_match):
        if passes:
            check(asked(**{"If-Match": header}), CURRENT)
            continue
        with pytest.raises(Problem) as refused:
            check(asked(**{"If-Match": header}), CURRENT)
        assert refused.value.code.value == "version_conflict"
        assert refused.value.headers == {"ETag": CURRENT}


def test_change_without_precondition_is_refused_where_it_is_required():
    check_match(asked(), CURRENT)
    with pytest.raises(Problem) as refused:
        require_match(asked(), CURRENT)
    assert refused.value.code.status == 428


@pytest.mark.parametrize(
    ("header", "held"),
    [(CURRENT, True), (f"W/{CURRENT}", True), (f'"a", {CURRENT}', True), ("*", True), ('"a"', False), ("", False)],
)
def test_read_is_304_when_the_client_holds_it(header, held):
    """13.1.2: weak comparison; 15.4.5: which fields the 304 repeats."""
    response = Response({"a": 1}, headers={"Cache-Control": "no-cache", "Link": "<x>"})
    answer = conditional(asked(**{"If-None-Match": header}), response, CURRENT)
    assert answer.status_code == (304 if held else 200)
    assert answer["ETag"] == CURRENT
    assert answer["Cache-Control"] == "no-cache"
    assert answer.has_header("Link") is not held


def test_part_does_not_stand_for_the_whole():
    """If-None-Match compares all of the tag: the bytes must be the same."""
    part = etag(version=7, representation=1, part="id")
    assert conditional(asked(**{"If-None-Match": part}), Response({}), CURRENT).status_code == 200


def test_validator_of_a_body_follows_its_bytes():
    assert etag_of_body(b"a") == etag_of_body(b"a") != etag_of_body(b"b")
