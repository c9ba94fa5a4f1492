"""The internal listener: a port of its own, many calls at a time, an orderly end (R21)."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from strangler.conf import get_conf
from strangler.errors import SetupError
from strangler.hosting import draining, internal
from tests.support.processes import eventually, free_port


class Endpoint:
    """A callable that holds each call until it is let go, and counts them."""

    def __init__(self) -> None:
        self.begun = 0
        self.go_on = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        with self._lock:
            self.begun += 1
        if environ["PATH_INFO"] == "/held":
            self.go_on.wait(20)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def address(settings: Any) -> str:
    """Where this host takes calls."""
    settings.STRANGLER = {**settings.STRANGLER, "INTERNAL_BIND": f"127.0.0.1:{free_port()}"}
    bound = get_conf().internal_bind
    assert bound
    return bound


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def listener(address: str, endpoint: Endpoint) -> Iterator[internal.Listener]:
    """A listener with four threads; whatever a test holds is let go at its end."""
    made = internal.Listener(internal.bind(), endpoint, threads=4)
    made.start()
    yield made
    endpoint.go_on.set()
    made.stop()


def call(address: str, path: str = "/", body: bytes = b"asked") -> bytes:
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request("POST", path, body)
        return connection.getresponse().read()
    finally:
        connection.close()


def in_background(address: str, answers: list[bytes]) -> threading.Thread:
    thread = threading.Thread(target=lambda: answers.append(call(address, "/held")))
    thread.start()
    return thread


def is_refused(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


@pytest.mark.usefixtures("listener")
def test_a_connection_serves_many_calls(address: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=20)
    sockets = set()
    for number in range(3):
        connection.request("POST", "/", str(number))
        assert connection.getresponse().read() == str(number).encode()
        sockets.add(id(connection.sock))
    connection.close()
    assert len(sockets) == 1


@pytest.mark.usefixtures("listener")
def test_a_call_that_waits_does_not_keep_others_from_being_served(address: str, endpoint: Endpoint) -> None:
    answers: list[bytes] = []
    held = [in_background(address, answers) for _ in range(3)]
    eventually(lambda: endpoint.begun == 3, what="three calls wait")
    assert call(address) == b"asked"
    assert answers == []
    endpoint.go_on.set()
    for one in held:
        one.join()
    assert answers == [b"asked"] * 3


@pytest.mark.parametrize("told", ["stop", "mark"])
def test_an_end_refuses_new_calls_and_finishes_what_has_begun(
    told: str, listener: internal.Listener, address: str, endpoint: Endpoint, monkeypatch: Any, tmp_path: Any
) -> None:
    """`stop` is this process's own end; the mark is what the server's parent sets for all of its workers."""
    monkeypatch.setenv(draining.VARIABLE, str(tmp_path))
    answers: list[bytes] = []
    held = in_background(address, answers)
    idle = http.client.HTTPConnection(address, timeout=20)
    idle.request("POST", "/", b"x")
    idle.getresponse().read()
    eventually(lambda: endpoint.begun == 2, what="a call waits")
    ending = threading.Thread(target=listener.stop if told == "stop" else draining.close)
    ending.start()
    eventually(lambda: is_refused(address), what="new calls are refused")
    assert held.is_alive()
    assert idle.sock.recv(1) == b"", "an idle connection is ended"
    idle.close()
    endpoint.go_on.set()
    held.join()
    ending.join()
    assert answers == [b"asked"]


def test_an_end_does_not_wait_for_ever(address: str, endpoint: Endpoint) -> None:
    listener = internal.Listener(internal.bind(), endpoint, threads=1)
    listener.start()
    held = in_background(address, [])
    eventually(lambda: endpoint.begun == 1, what="a call waits")
    began = time.monotonic()
    listener.stop(within_s=0.3)
    assert time.monotonic() - began < 5
    endpoint.go_on.set()
    held.join()


def test_a_taken_port_is_named_with_its_variable(address: str) -> None:
    with internal.bind(), pytest.raises(SetupError, match=rf"INTERNAL_BIND: {address} .* choose INTERNAL_BIND="):
        internal.bind()


def test_workers_take_calls_from_one_queue(address: str, endpoint: Endpoint) -> None:
    """Two listeners on one bound socket, as two worker processes have it: each call is served once."""
    bound = internal.bind()
    listeners = [internal.Listener(bound.dup(), endpoint, threads=1) for _ in range(2)]
    bound.close()
    for one in listeners:
        one.start()
    assert {call(address, body=b"%d" % number) for number in range(20)} == {b"%d" % number for number in range(20)}
    assert endpoint.begun == 20
    for one in listeners:
        one.stop()
    assert is_refused(address)
