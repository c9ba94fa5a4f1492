"""The edge stands beside the rooms that it shares names with and may not import them; here they are held together."""

from __future__ import annotations

import re

import pytest

from strangler.bindings import remote
from strangler.edge.envoy import listeners, names
from strangler.events import direct
from strangler.proxy import pins, subjects
from strangler.transport.headers import RESERVED_PREFIX


def test_names_are_those_of_the_middleware_and_the_internal_listener():
    assert (names.SUBJECT_COOKIE, names.PINS_COOKIE) == (subjects.COOKIE, pins.COOKIE)
    assert (f"{names.CALLS}/", f"{names.EVENTS}/") == (remote.PATH, direct.PATH)
    script = listeners._LUA.read_text()
    assert f"{names.SUBJECT_COOKIE}=" in script
    assert f'"{names.SUBJECT_HEADER}"' in script


@pytest.mark.parametrize(
    ("field", "removed"),
    [
        ("strangler-hop", True),
        ("strangler-identity", True),
        ("strangler-edge-subject", True),
        ("strangler-overrid", True),
        ("strangler-override-x", True),
        ("strangler-", True),
        ("strangler-o", True),
        ("strangler-override", False),
        ("stranger-hop", False),
        ("x-strangler-hop", False),
    ],
)
def test_only_the_override_passes_of_what_the_router_adds(field, removed):
    assert bool(re.fullmatch(listeners._reserved_but_override(), field)) is removed
    assert not removed or field.startswith(RESERVED_PREFIX)
