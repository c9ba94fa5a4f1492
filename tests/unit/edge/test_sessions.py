"""A request with a session is known by its Cookie field alone, as edges that know no cookies see it."""

from __future__ import annotations

import re

import pytest
from django.test import override_settings

from strangler.edge.sessions import session_cookie, session_pattern


@pytest.mark.parametrize(
    ("field", "held"),
    [
        ("sid+x=1", True),
        ("a=b; sid+x=1", True),
        ("a=b;sid+x=1; c=d", True),
        ("sid+x=", True),
        ("", False),
        ("my-sid+x=1", False),
        ("a=sid+x=1", False),
        ("sidx=1", False),
        ("siddx=1; a=b", False),
        ("sid+x-old=1", False),
    ],
)
def test_pattern_fits_a_field_that_holds_the_cookie(field: str, held: bool) -> None:
    assert bool(re.fullmatch(session_pattern("sid+x"), field)) is held


def test_host_without_sessions_has_no_such_cookie() -> None:
    with override_settings(MIDDLEWARE=[]):
        assert session_cookie() is None
    with override_settings(
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"], SESSION_COOKIE_NAME="sid"
    ):
        assert session_cookie() == "sid"
