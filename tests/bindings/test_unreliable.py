"""What a caller does when the other home fails: what may be repeated is, what may not is not, and it ends in time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

import jwt
import pytest
from django.test import override_settings

from strangler.bindings import remote
from strangler.bindings.remote import Remote, Target
from strangler.contract import Contract, command, query
from strangler.transport.breaker import FAILURES_MAX
from strangler.transport.client import close_upstreams
from strangler.transport.deadline import Deadline, within
from strangler.transport.errors import BadReply, TimedOut, Unreachable
from tests.integration.proxy.upstream import Upstream

DONE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n7"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
BUG = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
TARGET = Target("service", 1, "writer")


class Lottery(Protocol):
    @query()
    def draw(self) -> int: ...

    @command(key=("ticket",))
    def pay(self, *, ticket: str) -> int: ...

    @command(key=("ticket",), repeatable=False)
    def pay_once(self, *, ticket: str) -> int: ...


LOTTERY = Contract("lottery", Lottery)


@pytest.fixture
def upstream(settings: Any) -> Iterator[Upstream]:
    server = Upstream()
    host = {"app": "sample", "databases": {"service": "default"}, "routes": [{"prefix": "/sample/"}]}
    strangler = {
        **settings.STRANGLER,
        "HOST": "sample",
        "MONOLITH_URL": server.url,
        "CAPABILITIES": {"sample": host, "lottery": {"internal_url": server.url}},
    }
    with override_settings(STRANGLER=strangler):
        yield server
    close_upstreams()
    remote._breaker.cache_clear()
    server.close()


def ask(name: str, seconds: float = 2.0, **arguments: Any) -> Any:
    return Remote(LOTTERY).run(LOTTERY.operations[name], arguments, TARGET, Deadline(seconds))


@pytest.mark.parametrize(("name", "arguments"), [("draw", {}), ("pay", {"ticket": "a"})])
def test_repeatable_operation_is_repeated_until_it_is_answered(upstream, name, arguments):
    upstream.script(BUSY, BUSY, DONE)
    assert ask(name, **arguments) == 7
    assert len(upstream.received) == 3
    assert len({one.body for one in upstream.received}) == 1, "a repeat is the same call"


def test_other_operation_is_sent_once(upstream):
    """It may have run: only the caller knows what to do."""
    upstream.script(BUSY, DONE)
    with pytest.raises(Unreachable):
        ask("pay_once", ticket="a")
    upstream.only()


def test_bug_is_not_repeated(upstream):
    upstream.script(BUG, DONE)
    with pytest.raises(BadReply):
        ask("draw")
    upstream.only()


def test_repeats_end(upstream):
    """However long the deadline is."""
    upstream.script(BUSY)
    with pytest.raises(Unreachable):
        ask("draw", seconds=60)
    assert 1 < len(upstream.received) <= remote._REPEATS_MAX + 1


def test_upstream_that_fails_again_and_again_is_left_alone(upstream):
    upstream.script(BUSY)
    for _ in range(FAILURES_MAX):
        with pytest.raises(Unreachable):
            ask("pay_once", ticket="a")
    with pytest.raises(Unreachable, match="left alone"):
        ask("pay_once", ticket="a")
    assert len(upstream.received) == FAILURES_MAX


def test_silence_ends_with_the_deadline(upstream):
    upstream.script(lambda conversation, _: conversation.reader.read() and None)
    with pytest.raises(TimedOut):
        ask("draw", seconds=0.2)


def test_callee_is_told_how_long_its_caller_waits(upstream):
    """The caller's own caller counts, too."""
    upstream.script(DONE)
    with within(0.7):
        ask("draw", seconds=0.5)
    call = _call(upstream.only())
    assert 0 < call[5] <= 0.5


def _call(received: Any) -> list[Any]:
    token = received.one("Strangler-Call")
    claims = jwt.utils.base64url_decode(token.split(".")[1])
    found: list[Any] = json.loads(claims)["call"]
    return found
