"""A strict reading of answers; RFC 9112 unless another is named."""

from io import BytesIO

import pytest

from strangler.transport.errors import BadReply, Unreachable
from strangler.transport.wire import Incoming, body_pieces, chunk, read_head, request_head


def read(raw, method="GET", at_once=7):
    source = BytesIO(raw)
    incoming = Incoming(lambda limit: source.read(min(limit, at_once)))
    head = read_head(incoming, method)
    body = b"".join(body_pieces(incoming, head))
    return head, body, incoming.some(100)


def test_request_is_written_line_by_line():
    raw = request_head("GET", "/x?y", [("Host", "a"), ("X-A", "\xe4")])
    assert raw == b"GET /x?y HTTP/1.1\r\nHost: a\r\nX-A: \xe4\r\n\r\n"


@pytest.mark.parametrize("piece", [b"", b"a", b"x" * 70_000])
def test_chunk_says_its_size(piece):
    """7.1"""
    assert chunk(piece) == b"%x\r\n" % len(piece) + piece + b"\r\n"


@pytest.mark.parametrize(
    ("raw", "method", "body", "reusable"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcREST", "GET", b"abc", True, id="6.2"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", b"", True, id="6.2 empty"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n1 \r\nd\r\n0\r\nX-T: 1\r\n\r\nREST",
            "GET", b"abcd", True, id="7.1 chunks, extension, trailer",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nabc", "GET", b"abc", False, id="6.3 until the end of the connection"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nREST", "HEAD", b"", True, id="6.3 HEAD"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\nREST", "GET", b"", True, id="6.3 204"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nREST", "GET", b"", True, id="6.3 304"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            "GET", b"a", True, id="RFC 9110 15.2 interim answers",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 1\r\n\r\na", "GET", b"a", False, id="9.3 close"
        ),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "GET", b"a", False, id="9.3 HTTP/1.0"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            "GET", b"abc", True, id="6.3 twice the same",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("at_once", [1, 100_000])
def test_answer(raw, method, body, reusable, at_once):
    head, got, _ = read(raw, method, at_once)
    assert (got, head.reusable) == (body, reusable)


def test_what_follows_an_answer_is_left():
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1"
    assert read(raw, at_once=1000)[2] == b"HTTP/1.1"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", id="6.3 two sizes"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc", id="6.3 list of sizes"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="6.1 both framings",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", id="6.1 unknown coding"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nabc", id="6.1 identity"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", id="6.3 not digits"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", id="6.3 negative"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nabc", id="6.3 empty"),
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 1\n\na", id="2.2 bare LF"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: 1\nContent-Length: 1\r\n\r\na", id="2.2 bare LF within a line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, id="5.4 fields without end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX : 1\r\n\r\n", id="5.1 space before the colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: 1\r\n folded\r\n\r\n", id="5.2 folded line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: a\rY: b\r\n\r\n", id="2.2 bare CR"),
        pytest.param(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", id="5 no colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: 1", id="8 cut within the fields"),
        pytest.param(b"HTTP/1.1 200", id="8 cut within the status line"),
        pytest.param(b"HTTP/2 200 OK\r\n\r\n", id="2.3 version"),
        pytest.param(b"HTTP/1.1 2 OK\r\n\r\n", id="4 status"),
        pytest.param(b"HTTP/1.1 999 OK\r\n\r\n", id="RFC 9110 15 status"),
        pytest.param(b"<html>", id="not HTTP"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="RFC 9110 15.2.2 unasked"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", id="8 ends early"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", id="8 no last chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", id="8 within a chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", id="7.1 too long"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", id="7.1 0x"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", id="7.1 sign"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1_0\r\nabc\r\n0\r\n\r\n", id="7.1 underscore"
        ),
    ],
)
def test_answer_that_could_be_taken_for_another_is_refused(raw):
    with pytest.raises(BadReply):
        read(raw)


def test_no_answer_at_all_is_not_a_bad_one():
    """Only then may a read be repeated."""
    with pytest.raises(Unreachable):
        read(b"")
