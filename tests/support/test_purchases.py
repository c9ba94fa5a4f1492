"""A customer repeats what they are told to repeat, with the same key, and takes nothing else for an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.checker.wire import NoAnswer
from tests.support.purchases import Customer, Unexpected

AGAIN = (503, {"Retry-After": "0"})


class Door(ThreadingHTTPServer):
    """
    A shop that says what it was told to say, one answer after another; None: it hangs up.

    Attributes:
        keys: of the requests that came.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[tuple[int, dict[str, str]] | None] = []
        self.keys: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Door

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keys.append(self.headers["Idempotency-Key"])
        answer = self.server.script.pop(0)
        if answer is None:
            return
        self.send_response(answer[0])
        for name, value in {**answer[1], "Content-Length": "2"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def door() -> Iterator[Door]:
    """A door that is open."""
    server = Door()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def customer(door: Door) -> Iterator[Customer]:
    """Somebody who stands before it."""
    made = Customer(f"http://127.0.0.1:{door.server_port}")
    yield made
    made.leave()


def test_what_is_to_be_repeated_is_repeated_with_its_key(door: Door, customer: Customer) -> None:
    """As often as it is said, and it is counted."""
    door.script = [AGAIN, AGAIN, (201, {})]
    assert customer.ask("POST", "/", {}, status={201}).status == 201
    assert len(door.keys) == 3
    assert len(set(door.keys)) == 1
    assert customer.repeated.total() == 2


@pytest.mark.parametrize("answer", [(503, {}), (500, {}), (502, {}), (409, {}), (429, {"Retry-After": "0"})])
def test_nothing_else_is_an_answer(door: Door, customer: Customer, answer: tuple[int, dict[str, str]]) -> None:
    """A 503 that does not say when to come again is a failure, as any other status is that was not expected."""
    door.script = [answer]
    with pytest.raises(Unexpected):
        customer.ask("POST", "/", {}, status={201})


def test_whoever_hangs_up_has_failed(door: Door, customer: Customer) -> None:
    """The outcome is unknown, and nobody promised that."""
    door.script = [None]
    with pytest.raises(NoAnswer):
        customer.ask("POST", "/", {}, status={201})
