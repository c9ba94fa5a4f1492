"""What a client sends and gets through both servers, byte for byte; each case cites its clause."""

import gzip
import hashlib
import http.client
import json
import os
import re
import socket
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.proxy.servers.conftest import start, stop

HOST = b"Host: shop.example\r\n"
TEN_MB = 10 << 20


def ask(front, method="GET", path="/sample/x", body=None, **fields):
    """Return status, fields in order, and body, as a plain HTTP client sees them."""
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=10)
    with closing(connection):
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request(method, path, body, {"Host": "shop.example", **named})
        response = connection.getresponse()
        return response.status, response.getheaders(), response.read()


def field(fields, name):
    return [value for n, value in fields if n.lower() == name.lower()]


def answer(*fields, body=b"", status="200 OK"):
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_method_passes(front, method):
    """RFC 9110 9.3"""
    assert ask(front, method, body=b"b" if method in ("POST", "PUT", "PATCH") else None)[0] == 200
    assert front.upstream.only().line == f"{method} /sample/x HTTP/1.1"


@pytest.mark.parametrize(
    "status",
    ["200 OK", "201 Created", "202 Accepted", "206 Partial Content", "400 Bad Request", "401 Unauthorized",
     "403 Forbidden",
     "404 Not Found", "405 Method Not Allowed", "409 Conflict", "412 Precondition Failed", "418 I'm a Teapot",
     "422 Unprocessable Content", "428 Precondition Required", "429 Too Many Requests", "500 Internal Server Error",
     "503 Service Unavailable"],
)  # fmt: skip
def test_status_passes(front, status):
    """RFC 9110 15"""
    front.upstream.script(answer("Retry-After: 7", body=b"said", status=status))
    got, fields, body = ask(front)
    assert (got, body, field(fields, "Retry-After")) == (int(status[:3]), b"said", ["7"])


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, TEN_MB], ids=["0 B", "1 B", "64 KiB", "64 KiB + 1", "10 MB"])
@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
def test_answer_of_any_size_passes(front, size, chunked):
    """RFC 9112 6.2, 7.1"""
    content = os.urandom(size)
    if chunked:
        pieces = [content[n : n + 100_000] for n in range(0, size, 100_000)]
        raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw += b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\nX-Trailer: dropped\r\n\r\n"
    else:
        raw = answer(body=content)
    front.upstream.script(raw)
    status, fields, body = ask(front)
    assert status == 200
    assert hashlib.sha256(body).digest() == hashlib.sha256(content).digest()
    assert field(fields, "X-Trailer") == []  # RFC 9110 6.5.1


@pytest.mark.parametrize("size", [0, 1, 65_537, TEN_MB], ids=["0 B", "1 B", "64 KiB + 1", "10 MB"])
def test_request_of_any_size_passes(front, size):
    """RFC 9112 6.2"""
    content = os.urandom(size)
    front.upstream.script(take)
    assert ask(front, "POST", body=content)[0] == 200
    request = front.upstream.only()
    assert request.one("Content-Length") == str(size)
    assert hashlib.sha256(request.body).digest() == hashlib.sha256(content).digest()


def take(conversation, received):
    if received.one("Expect"):
        conversation.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    received.body = conversation.body(received)
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize("size", [1, TEN_MB], ids=["1 B", "10 MB"])
def test_chunked_request_passes_where_the_server_decodes_it(front, size):
    """RFC 9112 7.1; RFC 9110 15.5.12 lets a server ask for the length instead."""
    content = os.urandom(size)
    front.upstream.script(take)
    pieces = (content[n : n + 50_000] for n in range(0, size, 50_000))
    if front.server == "runserver":
        raw = front.raw(
            b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
        )
        assert raw.startswith(b"HTTP/1.1 411 ")
        return
    assert ask(front, "POST", body=pieces)[0] == 200
    assert hashlib.sha256(front.upstream.only().body).digest() == hashlib.sha256(content).digest()


def test_ten_megabytes_both_ways_do_not_fill_the_memory(front):
    """Bodies are streamed; four at once would else be 80 MB."""
    status_file = Path(f"/proc/{front.pid}/task/{front.pid}/children")
    pids = [front.pid, *map(int, status_file.read_text().split())]
    raw = answer(body=b"x" * TEN_MB)
    front.upstream.script(lambda c, r: (take(c, r), raw)[1])
    ask(front, "POST", body=b"y" * TEN_MB)
    before = sum(peak(pid) for pid in pids)
    threads = [threading.Thread(target=ask, args=(front, "POST"), kwargs={"body": b"y" * TEN_MB}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(peak(pid) for pid in pids) - before < 25 << 20


def peak(pid):
    """Return the most memory that a process ever had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) << 10


def test_compressed_answer_is_untouched(front):
    """RFC 9110 8.4: the coding belongs to the representation, and its ETag and size with it."""
    packed = gzip.compress(b"a" * 1000, mtime=0)
    front.upstream.script(answer("Content-Encoding: gzip", 'ETag: "packed"', "Vary: Accept-Encoding", body=packed))
    _, fields, body = ask(front, Accept_Encoding="gzip, br;q=0.5")
    assert body == packed
    assert field(fields, "Content-Encoding") == ["gzip"]
    assert field(fields, "ETag") == ['"packed"']
    assert front.upstream.only().one("Accept-Encoding") == "gzip, br;q=0.5"


def test_compressed_request_is_untouched(front):
    """RFC 9110 8.4"""
    packed = gzip.compress(b"a" * 1000)
    ask(front, "POST", body=packed, Content_Encoding="gzip", Content_Type="application/json")
    request = front.upstream.only()
    assert (request.body, request.one("Content-Encoding")) == (packed, "gzip")
    assert request.one("Content-Type") == "application/json"


def test_head_tells_the_size_and_sends_no_body(front):
    """RFC 9110 9.3.2"""
    front.upstream.script(b'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: "a"\r\n\r\n')
    raw = front.raw(b"HEAD /sample/x HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"content-length: 1234" in head.lower()
    assert body == b""


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="RFC 9110 15.3.5 204"),
        pytest.param(
            b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 1234\r\n\r\n', id="RFC 9110 15.4.5 304"
        ),
    ],
)
def test_answer_without_a_body_leaves_the_connection_in_step(front, raw):
    """RFC 9112 6.3: what follows on both connections is the next answer."""
    front.upstream.script(raw, answer(body=b"next"))
    request = b"GET /sample/x HTTP/1.1\r\n" + HOST
    with closing(socket.create_connection(("127.0.0.1", front.port))) as sock:
        sock.settimeout(1)
        sock.sendall(request + b"\r\n")
        first = b""
        while b"\r\n\r\n" not in first:
            first += sock.recv(65536)
        assert first.split(b" ")[1] == raw.split(b" ")[1]
        assert first.endswith(b"\r\n\r\n")
        if b"connection: close" not in first.lower():
            sock.sendall(request + b"Connection: close\r\n\r\n")
            assert front.rest(sock).endswith(b"next")


def test_ranges_pass(front):
    """RFC 9110 14"""
    front.upstream.script(
        answer("Content-Range: bytes 1-2/4", "Accept-Ranges: bytes", body=b"bc", status="206 Partial Content")
    )
    status, fields, body = ask(front, Range="bytes=1-2", If_Range='"a"')
    assert (status, body, field(fields, "Content-Range")) == (206, b"bc", ["bytes 1-2/4"])
    request = front.upstream.only()
    assert (request.one("Range"), request.one("If-Range")) == ("bytes=1-2", '"a"')


def test_conditions_pass(front):
    """RFC 9110 13"""
    ask(front, If_Match='"a", "b"', If_None_Match="*", If_Modified_Since="Sun, 06 Nov 1994 08:49:37 GMT")
    request = front.upstream.only()
    assert request.one("If-Match") == '"a", "b"'
    assert request.one("If-None-Match") == "*"


def test_several_set_cookies_pass_apart(front):
    """RFC 6265 3: never folded; even two of one name, with different paths."""
    cookies = [
        "a=1; Path=/; HttpOnly",
        "a=2; Path=/x",
        "b=3; Expires=Sun, 06 Nov 2094 08:49:37 GMT; SameSite=None; Secure",
    ]
    front.upstream.script(answer(*(f"Set-Cookie: {cookie}" for cookie in cookies)))
    assert field(ask(front)[1], "Set-Cookie") == cookies


def test_several_cookie_fields_arrive_as_one(front):
    """RFC 9113 8.2.3, RFC 6265 5.4: joined by a semicolon, in order."""
    front.raw(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"Cookie: a=1; a=2\r\nCookie: b=3\r\n\r\n", wait_s=0.4)
    cookie = front.upstream.only().one("Cookie")
    # wsgiref joins with a comma, which no cookie value may hold; Django reads the first of them only.
    assert re.sub(r"[;,] ?", ";", cookie) == "a=1;a=2;b=3"


def test_repeated_fields_keep_their_values(front):
    """RFC 9110 5.3"""
    front.raw(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"Accept: text/html\r\nAccept: */*;q=0.1\r\n\r\n", wait_s=0.4)
    assert re.sub(", ?", ", ", front.upstream.only().one("Accept")) == "text/html, */*;q=0.1"
    front.upstream.script(answer("Vary: Accept", "Vary: Cookie", 'Link: </a>; rel="next"', 'Link: </b>; rel="prev"'))
    fields = ask(front)[1]
    assert ", ".join(field(fields, "Vary")) == "Accept, Cookie"
    assert ", ".join(field(fields, "Link")) == '</a>; rel="next", </b>; rel="prev"'


def test_hop_by_hop_fields_end_here(front):
    """RFC 9110 7.6.1"""
    front.upstream.script(
        answer("Connection: X-Gone", "X-Gone: 1", "Keep-Alive: timeout=9", "X-Stays: 1", "Proxy-Authenticate: Basic")
    )
    fields = ask(
        front, Connection="X-Secret, close", X_Secret="1", TE="trailers", Keep_Alive="timeout=9", X_Stays="1",
        Proxy_Authorization="Basic eA==",
    )[1]  # fmt: skip
    request = front.upstream.only()
    for name in ("X-Secret", "TE", "Keep-Alive", "Connection", "Proxy-Authorization"):
        assert request.all(name) == []
    assert request.one("X-Stays") == "1"
    for name in ("X-Gone", "Keep-Alive", "Proxy-Authenticate"):
        assert field(fields, name) == []
    assert field(fields, "X-Stays") == ["1"]


def test_who_asked_is_told(front):
    """RFC 9110 7.2, 7.6.3"""
    ask(front, Via="1.0 fred")
    request = front.upstream.only()
    assert request.one("Host") == front.upstream.authority
    assert request.one("X-Forwarded-Host") == "shop.example"
    assert request.one("X-Forwarded-For") == "127.0.0.1"
    assert request.one("Via") == "1.0 fred, 1.1 strangler-monolith"


def test_trace_context_passes(front):
    """W3C Trace Context 3.2"""
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    ask(front, traceparent=parent, tracestate="a=1")
    assert front.upstream.only().one("traceparent") == parent
    assert front.upstream.only().one("tracestate") == "a=1"


@pytest.mark.parametrize(
    "status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 P"]
)
def test_redirect_is_passed_and_not_followed(front, status):
    """RFC 9110 15.4"""
    front.upstream.script(answer("Location: /sample/elsewhere", status=status))
    got, fields, _ = ask(front)
    assert (got, field(fields, "Location")) == (int(status[:3]), ["/sample/elsewhere"])
    assert len(front.upstream.received) == 1


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        ("http://{up}/sample/n?a=1#f", "http://shop.example/sample/n?a=1#f"),
        ("https://pay.example/x", "https://pay.example/x"),
    ],
)
def test_only_the_upstreams_own_address_is_replaced(front, location, seen):
    """RFC 9110 10.2.2"""
    front.upstream.script(answer("Location: " + location.replace("{up}", front.upstream.authority), status="302 Found"))
    assert field(ask(front)[1], "Location") == [seen]


def test_path_and_query_arrive_as_they_were(front):
    """RFC 3986 2.1, 3.3"""
    target = "/sample/%E2%82%AC/a%20b;c=1,d@e:f!$&'()*+~/%25?q=%C3%A9&q=a+b&empty=&&x=%2F?"
    assert ask(front, path=target)[0] == 200
    assert front.upstream.only().line == f"GET {target} HTTP/1.1"


def test_client_that_expects_continue_gets_it_once_somebody_reads(front):
    """RFC 9110 10.1.1"""
    front.upstream.script(take)
    with closing(socket.create_connection(("127.0.0.1", front.port))) as sock:
        sock.settimeout(3)
        sock.sendall(b"POST /sample/x HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"abc")
        assert sock.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert front.upstream.only().body == b"abc"
    assert front.upstream.only().all("Expect") == []


def looks_complete(raw):
    """Read an answer as RFC 9112 6.3 says, and tell whether a client would take it for whole."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    if not separator:
        return False
    if match := re.search(rb"content-length: *(\d+)", head.lower()):
        return len(body) >= int(match.group(1))
    if b"transfer-encoding: chunked" in head.lower():
        return body.endswith(b"0\r\n\r\n")
    return True


@pytest.mark.parametrize("size", [10, 200_000, TEN_MB], ids=["small", "large", "10 MB"])
@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
def test_half_an_answer_never_looks_whole(front, size, chunked):
    """RFC 9112 8: a 502 while nothing was sent yet, else a connection that ends early."""

    def half(conversation, received):
        if chunked:
            conversation.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % size)
        else:
            conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        conversation.send(b"x" * (size // 2))

    front.upstream.script(half)
    raw = front.raw(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"\r\n", wait_s=1.5)
    assert raw.startswith(b"HTTP/1.1 502 ") or not looks_complete(raw)


def test_live_stream_arrives_while_it_lasts(front):
    """An event stream is not held back until its end."""
    release = threading.Event()

    def live(conversation, received):
        conversation.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        conversation.send(b"7\r\ndata: 1\r\n")
        release.wait(5)
        conversation.send(b"7\r\ndata: 2\r\n0\r\n\r\n")

    front.upstream.script(live)
    with closing(socket.create_connection(("127.0.0.1", front.port))) as sock:
        sock.settimeout(3)
        sock.sendall(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"\r\n")
        got = b""
        while b"data: 1" not in got:
            got += sock.recv(1000)
        release.set()
        while b"data: 2" not in got:
            got += sock.recv(1000)


def test_slow_upstream_is_504_and_dead_upstream_502(front):
    front.upstream.script(lambda c, r: (time.sleep(3.5), b"")[1])
    status, _, body = ask(front)
    assert (status, json.loads(body)["code"]) == (504, "upstream_timed_out")
    front.upstream.script(lambda c, r: None)
    status, _, body = ask(front)
    assert (status, json.loads(body)["code"]) == (502, "upstream_unreachable")


def test_client_that_leaves_gives_its_connection_back(front):
    """Abandoned downloads must not use up the pool."""
    front.upstream.script(answer(body=b"x" * TEN_MB))
    for _ in range(70):  # more than MAX_UPSTREAM_CONNECTIONS
        with closing(socket.create_connection(("127.0.0.1", front.port))) as sock:
            sock.sendall(b"GET /sample/x HTTP/1.1\r\n" + HOST + b"\r\n")
            sock.recv(100)
    front.upstream.script(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    deadline = time.monotonic() + 15
    while ask(front)[0] != 200:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("server", ["granian"])
def test_trusted_proxy_in_front_is_continued(server, tmp_path, upstream):
    """X-Forwarded-* from outside count only when the settings say that a proxy stands in front."""
    process, port = start(server, tmp_path, upstream, TRUST_FORWARDED="1")
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with closing(connection):
            fields = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "www.example"}
            connection.request("GET", "/sample/x", headers={"Host": "shop.example", **fields})
            assert connection.getresponse().read() == b"ok"
    finally:
        stop(process)
    request = upstream.only()
    assert request.one("X-Forwarded-For") == "203.0.113.9"
    assert request.one("X-Forwarded-Proto") == "https"
    assert request.one("X-Forwarded-Host") == "www.example"
