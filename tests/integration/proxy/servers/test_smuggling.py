"""
Raw bytes at both servers in front; the upstream keeps what it is sent.

Whatever a client writes, the upstream sees one well-formed request per request that was accepted, with one framing,
on the address that the settings name, and nothing that the client claims about itself.
"""

import json
import socket
import time

import pytest

HOST = b"Host: shop.example\r\n"
SMUGGLED = b"GET /sample/smuggled HTTP/1.1\r\nHost: shop.example\r\n\r\n"


def statuses(raw):
    return [int(part[:3]) for part in raw.split(b"HTTP/1.1 ")[1:]]


def assert_clean(front):
    """Hold what the upstream got to one framing, one Host, our own X-Forwarded-*, and no smuggled request."""
    for request in front.upstream.received:
        framings = request.all("Content-Length") + request.all("Transfer-Encoding")
        assert len(framings) <= 1, request.head
        assert request.all("Host") == [front.upstream.authority]
        assert request.all("X-Forwarded-For") == ["127.0.0.1"]
        assert request.all("X-Forwarded-Proto") == ["http"]
        assert len(request.all("X-Forwarded-Host")) == 1
        assert len(request.all("Strangler-Hop")) == 1
        assert b"\n" not in request.head.replace(b"\r\n", b"")
        assert b"\r" not in request.head.replace(b"\r\n", b"")


# Each: what it is, the bytes, and how many requests at most may reach the upstream.
ATTACKS = [
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
        id="RFC 9112 6.3 CL and TE",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        id="RFC 9112 6.3 TE and CL",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        id="RFC 9112 6.3 two CL",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Content-Length: 3, 3\r\n\r\nabc", id="RFC 9110 8.6 list of CL"
    ),
    pytest.param(b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Content-Length: +3\r\n\r\nabc", id="RFC 9110 8.6 sign"),
    pytest.param(b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\nabc", id="RFC 9110 8.6 negative"),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        id="RFC 9112 6.1 TE.xchunked",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding : chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        id="RFC 9112 5.1 space before the colon",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\tchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        id="RFC 9112 5.1 tab",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST
        + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        id="RFC 9112 6.1 two TE",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
        id="RFC 9112 6.1 identity",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"X: 1\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        id="RFC 9112 5.2 folded",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        id="RFC 9112 6.1 in HTTP/1.0",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
        id="RFC 9112 7.1 bare LF in chunks",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        id="RFC 9112 7.1 chunk size 0x",
    ),
    pytest.param(
        b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Transfer_Encoding: chunked\r\nContent_Length: 60\r\n\r\n",
        id="names with underscores",
    ),
    pytest.param(b"GET /sample/x HTTP/1.1\n" + b"Host: shop.example\nX: 1\n\n", id="RFC 9112 2.2 bare LF"),
    pytest.param(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"X: 1\nY: 2\r\n\r\n", id="RFC 9112 2.2 bare LF in fields"),
    pytest.param(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"X: a\rY: b\r\n\r\n", id="RFC 9112 2.2 bare CR"),
    pytest.param(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"X Y: 1\r\n\r\n", id="RFC 9112 5.1 space in a name"),
    pytest.param(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"X\0Y: 1\r\n\r\n", id="RFC 9110 5.6.2 NUL in a name"),
    pytest.param(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"X: 1\0\r\n\r\n", id="RFC 9110 5.5 NUL in a value"),
    pytest.param(b"GET /sample/%0d%0aX-Evil:%201%0d%0a HTTP/1.1\r\n" + HOST + b"\r\n", id="CRLF in the path"),
    pytest.param(b"GET /sample/x?a=%0d%0aX-Evil:1 HTTP/1.1\r\n" + HOST + b"\r\n", id="CRLF in the query"),
    pytest.param(b"GET /sample/x\tHTTP/1.1\r\n" + HOST + b"\r\n", id="RFC 9112 3 tab in the request line"),
    pytest.param(b"GET /sample/x HTTP/1.1\r\n" + HOST + HOST + b"\r\n", id="RFC 9112 3.2 two Host"),
    pytest.param(b"GET /sample/x HTTP/1.1\r\n\r\n", id="RFC 9112 3.2 no Host"),
    pytest.param(b"CONNECT evil.example:80 HTTP/1.1\r\n" + HOST + b"\r\n", id="RFC 9110 9.3.6 CONNECT"),
    pytest.param(
        b"GET /sample/x HTTP/1.1\r\n" + HOST
        + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
        id="RFC 9110 7.8 h2c upgrade",
    ),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_upstream_sees_clean_requests_only(front, attack):
    front.raw(attack, wait_s=0.4)
    assert_clean(front)
    assert len(front.upstream.received) <= 1
    for request in front.upstream.received:
        assert b"x-evil" not in request.head.lower().replace(b"%0d%0ax-evil", b"")


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if b"chunked" in attack.values[0]])
def test_smuggled_request_does_not_ride_in_a_body(front, attack):
    """What follows an ambiguous request on the connection is not read, or is a request of its own with our fields."""
    front.raw(attack + SMUGGLED, wait_s=0.4)
    assert_clean(front)
    for request in front.upstream.received:
        assert b"smuggled" not in request.body


def test_unread_chunks_are_not_taken_for_the_next_request(front):
    """RFC 9112 6.3: a server that does not decode chunks must not read on; granian decodes them."""
    chunked = b"POST /%s HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    for path in (b"sample/x", b"whoami"):
        front.upstream.script(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        front.raw(chunked % path + b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED), wait_s=0.5)
        assert not [r for r in front.upstream.received if "smuggled" in r.line]


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"GET http://{evil}/sample/x HTTP/1.1\r\nHost: shop.example\r\n\r\n", id="absolute-form"),
        pytest.param(b"GET //{evil}/sample/x HTTP/1.1\r\nHost: shop.example\r\n\r\n", id="network path"),
        pytest.param(b"GET /sample//{evil}/ HTTP/1.1\r\nHost: shop.example\r\n\r\n", id="within the path"),
        pytest.param(b"GET /sample/@{evil}/ HTTP/1.1\r\nHost: shop.example\r\n\r\n", id="userinfo"),
        pytest.param(b"GET /sample/x HTTP/1.1\r\nHost: {evil}\r\n\r\n", id="Host"),
        pytest.param(
            b"GET /sample/x HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-Host: {evil}\r\n\r\n", id="X-F-Host"
        ),
        pytest.param(b"GET /sample/x HTTP/1.1\r\nHost: shop.example\r\nForwarded: host={evil}\r\n\r\n", id="Forwarded"),
        pytest.param(
            b"GET /sample/x HTTP/1.1\r\nHost: shop.example\r\nX-Original-URL: http://{evil}/\r\n\r\n", id="X-O-URL"
        ),
        pytest.param(b"GET /sample/x?url=http://{evil}/ HTTP/1.1\r\nHost: shop.example\r\n\r\n", id="query"),
    ],
)
def test_no_request_selects_the_upstream(front, request_bytes):
    """No SSRF: the address comes from the settings."""
    with socket.create_server(("127.0.0.1", 0)) as evil:
        evil.settimeout(0)
        front.raw(request_bytes.replace(b"{evil}", b"127.0.0.1:%d" % evil.getsockname()[1]), wait_s=0.4)
        with pytest.raises(BlockingIOError):
            evil.accept()
    assert_clean(front)
    for request in front.upstream.received:
        assert request.line.startswith("GET /sample/")


def test_foreign_host_is_not_passed_on(front):
    """ALLOWED_HOSTS holds for forwarded requests as well."""
    assert statuses(front.raw(b"GET /sample/x HTTP/1.1\r\nHost: evil.example\r\n\r\n", wait_s=0.4)) == [400]
    assert front.upstream.received == []


def test_nobody_speaks_for_somebody_else(front):
    """No spoofed X-Forwarded-*, subject, identity or Strangler-*."""
    claims = {
        "X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1", "X-Real-IP": "203.0.113.1", "Forwarded": "for=203.0.113.1",
        "X_Forwarded_For": "203.0.113.2",
        "Strangler-Hop": "x", "Strangler-Identity": "x", "Strangler-Subject": "42", "Strangler_Hop": "y", "Proxy": "x",
    }  # fmt: skip
    fields = "".join(f"{name}: {value}\r\n" for name, value in claims.items()).encode()
    front.raw(b"GET /sample/x HTTP/1.1\r\n" + HOST + fields + b"\r\n", wait_s=0.4)
    assert_clean(front)
    request = front.upstream.only()
    assert request.one("X-Forwarded-Host") == "shop.example"
    for name in ("X-Forwarded-Port", "X-Real-IP", "Forwarded", "Strangler-Identity", "Strangler-Subject", "Proxy"):
        assert request.all(name) == []
    assert "x" != request.one("Strangler-Hop") != "y"


def test_two_requests_on_a_connection_stay_two(front):
    """RFC 9112 9.3.2 pipelining: the second is no part of the first."""
    one = b"POST /sample/one HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc"
    front.raw(one + b"GET /sample/two HTTP/1.1\r\n" + HOST + b"\r\n", wait_s=0.8)
    assert [(r.line.split()[1], r.body) for r in front.upstream.received] == [
        ("/sample/one", b"abc"),
        ("/sample/two", b""),
    ]
    assert_clean(front)


def test_problem_is_a_whole_answer(front):
    """A refused request leaves the connection, or an end of it, that a client can understand."""
    front.upstream.script(lambda c, r: None)
    raw = front.raw(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert statuses(head) == [502]
    assert json.loads(body)["code"] == "upstream_unreachable"


@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n\r\nabc", b"Content-Length: 3\r\n\r\n"])
def test_request_that_is_cut_is_not_completed(front, framing):
    """RFC 9112 8"""
    front.raw(b"POST /sample/x HTTP/1.1\r\n" + HOST + framing, wait_s=0.5, half_close=True)
    time.sleep(0.1)
    assert front.upstream.received == []
