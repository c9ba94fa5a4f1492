"""What comes from outside is not believed, and what a home gets is one clean request."""

from __future__ import annotations

import json
import socket
from contextlib import closing, suppress

import pytest

from strangler.routing import CapabilityState
from tests.integration.edge.conftest import Edge
from tests.integration.proxy.servers.test_smuggling import ATTACKS, SMUGGLED
from tests.support.envoy import Connection
from tests.support.processes import eventually

MOVED = CapabilityState("sample", "extracted", 0, "service", 2)
HOST = b"Host: shop.example\r\n"
FROM_OUTSIDE = {
    "Strangler-Hop": "x", "Strangler-Identity": "x", "Strangler-Edge-Subject": "42", "strangler_hop": "x",
    "X-Forwarded-For": "203.0.113.1", "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1",
    "X-Forwarded-Proto": "https", "X-Real-IP": "203.0.113.1", "Forwarded": "for=203.0.113.1", "Proxy": "x",
    "X-Envoy-Upstream-Rq-Timeout-Ms": "1", "X-Envoy-Retry-On": "5xx", "X-Envoy-Original-Path": "/x",
}  # fmt: skip


@pytest.fixture
def keeping(edge: Edge) -> Edge:
    edge.obey(MOVED)
    for name in ("monolith", "sample"):
        edge.homes[name].keeps = True
    return edge


def received(edge: Edge) -> list[bytes]:
    """Return what both homes got, but for Envoy's own looks at their health."""
    got = [*edge.homes["monolith"].received, *edge.homes["sample"].received]
    return [raw for raw in got if not raw.startswith(b"GET /readyz ")]


def raw(address: str, request: bytes, *, wait_s: float = 0.5) -> bytes:
    host, _, port = address.rpartition(":")
    got = b""
    with closing(socket.create_connection((host, int(port)))) as sock, suppress(TimeoutError, ConnectionResetError):
        sock.settimeout(wait_s)
        sock.sendall(request)
        while piece := sock.recv(1 << 16):
            got += piece
    return got


def test_what_a_router_says_is_not_taken_from_outside(keeping: Edge) -> None:
    fields = "".join(f"{name}: {value}\r\n" for name, value in FROM_OUTSIDE.items()).encode()
    override = b"Strangler-Override: kept-for-a-home-to-verify\r\n"
    connection = Connection(keeping.envoy.listen)
    connection.ask(b"GET /sample/x HTTP/1.1\r\n" + HOST + fields + override + b"\r\n")
    connection.close()
    (head,) = received(keeping)
    got = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:] if line)
    for name, value in FROM_OUTSIDE.items():
        assert got.get(name.lower()) != value, name
    assert "203.0.113.1" not in got["x-forwarded-for"]
    assert "," not in got["x-forwarded-for"]  # the client alone, or for one on this machine, the machine
    assert got["x-forwarded-proto"] == "http"
    assert got["strangler-override"] == "kept-for-a-home-to-verify"
    assert [name for name in got if name.startswith(("x-envoy", "strangler-"))] == ["strangler-override"]
    assert got["host"] == "shop.example"


@pytest.mark.parametrize("attack", ATTACKS)
def test_home_sees_clean_requests_only(keeping: Edge, attack: bytes) -> None:
    """The smuggling suite of the middleware, with Envoy in front of the home."""
    said = raw(keeping.envoy.listen, attack, wait_s=0.15)
    assert len(received(keeping)) <= 1, said
    for request in received(keeping):
        head = request.partition(b"\r\n\r\n")[0].lower()
        framings = head.count(b"\r\ncontent-length:") + head.count(b"\r\ntransfer-encoding:")
        assert framings <= 1, request
        assert head.count(b"\r\nhost:") == 1
        assert b"\n" not in head.replace(b"\r\n", b"")
        assert b"x-evil" not in head.replace(b"%0d%0ax-evil", b"")
        assert b"upgrade: h2c" not in head


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if b"chunked" in attack.values[0]])
def test_no_request_rides_in_the_body_of_another(keeping: Edge, attack: bytes) -> None:
    raw(keeping.envoy.listen, attack + SMUGGLED, wait_s=0.15)
    for request in received(keeping):
        head, _, content = request.partition(b"\r\n\r\n")
        assert b"smuggled" not in content
        if b"/sample/smuggled" in head:  # then Envoy read it as a request of its own, with our fields
            assert b"\r\nx-forwarded-for: " in head.lower()


@pytest.mark.parametrize("path", ["/calls/sample/stock", "/events/sample"])
def test_calls_reach_a_home_by_the_internal_listener_alone(keeping: Edge, path: str) -> None:
    """R21: what the public listener sends to a public port, a home answers with 404, for it has no such page."""
    ask = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
    homes = []
    for address in (keeping.envoy.listen, keeping.envoy.internal):
        connection = Connection(address)
        homes.append(connection.ask(ask)[1]["x-home"])
        connection.close()
    assert homes == ["monolith", "sample-internal"]


def test_requests_are_written_down_as_json(keeping: Edge) -> None:
    connection = Connection(keeping.envoy.listen)
    connection.ask(b"GET /sample/logged?secret=1 HTTP/1.1\r\n" + HOST + b"traceparent: 00-aa-bb-01\r\n\r\n")
    connection.close()
    log = keeping.envoy.folder / "access.log"
    line = eventually(
        lambda: next((x for x in log.read_text().splitlines() if "/sample/logged" in x), None), what="a line in the log"
    )
    entry = json.loads(line)
    assert entry["status"] == 200
    assert (entry["cluster"], entry["path"], entry["listener"]) == ("sample", "/sample/logged", "public") or entry[
        "cluster"
    ].startswith("sample")
    assert entry["traceparent"] == "00-aa-bb-01"
    assert "secret" not in line
    assert "envoy_http_downstream_rq_xx" in keeping.envoy.admin._get("/stats/prometheus")
