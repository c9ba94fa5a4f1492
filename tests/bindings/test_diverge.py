"""
Where a local call and a remote one are known to differ: nothing else may.

A plain function call checks no types and waits for ever; making it do so would cost every call that stays at home.
Loopback, the binding of tests, shows what a border would show.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from strangler.transport.errors import BadReply, TimedOut
from tests.bindings.conftest import bound
from tests.bindings.counter.contract import Undeclared, counter
from tests.support.platform import Platform

pytestmark = pytest.mark.platform
ERRORS = {"local": {"bug": ZeroDivisionError, "undeclared": Undeclared}, "loopback": {"bug": ZeroDivisionError}}


@pytest.fixture
def client(platform: Platform, binding: str, django_db_blocker: Any) -> Iterator[Any]:
    with django_db_blocker.unblock(), bound(counter, platform, binding) as client:
        yield client


@pytest.mark.parametrize("how", ["bug", "undeclared", "unspeakable", "wrong type"])
def test_bug_of_a_query(client, binding, how):
    """Locally it is what it is; over a border it is a bad reply, never a refusal."""
    expected = ERRORS.get(binding, {}).get(how, BadReply)
    if binding == "local" and how not in ERRORS["local"]:
        client.broken(how=how)  # nobody looks
        return
    with pytest.raises(expected):
        client.broken(how=how)


def test_argument_of_a_wrong_type(client, binding):
    """The receiver refuses it; a local call lets it pass."""
    if binding == "local":
        assert client.totals(names=["x"]) == {}
        with pytest.raises(TypeError):
            client.slow(nap_s="0")
        return
    assert client.totals(names=["x"]) == {}, "a list is an array on the wire, as a tuple is"
    with pytest.raises(BadReply):
        client.slow(nap_s="0")


def test_patience(client, binding):
    """Nobody can be made to give up a function call; a remote one is given up after the contract's timeout."""
    if binding == "remote":
        with pytest.raises(TimedOut):
            client.slow(nap_s=1.0)
    else:
        assert client.slow(nap_s=0.4) == "done"


def test_number_that_json_does_not_know(client, binding):
    """NaN is written as null, which the receiver refuses."""
    if binding == "local":
        with pytest.raises(ValueError, match="NaN"):
            client.slow(nap_s=float("nan"))
    else:
        with pytest.raises(BadReply):
            client.slow(nap_s=float("nan"))


def test_value_is_shared_or_copied(client, binding):
    """A value that its caller changes: only without a border do others see it."""
    first = client.broken(how="shared")
    mark = uuid.uuid4().hex
    first[mark] = 1
    assert (mark in client.broken(how="shared")) == (binding == "local")
