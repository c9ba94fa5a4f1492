"""The other home's answer as Django's response."""

from contextlib import closing

import pytest

from strangler.proxy.answers import StreamedAnswer, WholeAnswer, answer_from
from strangler.transport.errors import BadReply
from strangler.transport.wire import Head

# Closing a response ends a request, at which Django looks at every connection that an earlier test left open.
pytestmark = pytest.mark.django_db(databases="__all__")
MEMORY = 10


class Given:
    """A reply whose pieces are known, and whether it was closed."""

    def __init__(self, head, *pieces, breaks=False):
        self.head = head
        self.whole = pieces
        self.breaks = breaks
        self.closed = False

    def __iter__(self):
        yield from self.whole
        if self.breaks:
            raise BadReply("ended early")

    def read_away(self):
        self.closed = True

    close = read_away


def head(status=200, fields=(), size=None, chunked=False):
    return Head(status, "Reason", list(fields), size, chunked, True)


def answer(reply, method="GET"):
    return answer_from(reply, list(reply.head.fields), method=method, memory_bytes=MEMORY)


def test_small_answer_is_whole():
    got = answer(Given(head(201, [("X-A", "1")], size=3), b"a", b"bc"))
    assert isinstance(got, WholeAnswer)
    assert (got.status_code, got.reason_phrase, got.content) == (201, "Reason", b"abc")
    assert dict(got.items()) == {"X-A": "1", "Content-Length": "3"}


def test_large_answer_is_streamed_and_closing_it_gives_the_connection_up():
    reply = Given(head(size=11), b"a" * 11)
    with closing(answer(reply)) as got:
        assert isinstance(got, StreamedAnswer)
        assert (got.headers["Content-Length"], b"".join(got.streaming_content)) == ("11", b"a" * 11)
    assert reply.closed


@pytest.mark.parametrize("size", [0, 5, 50])
def test_answer_of_unknown_size_is_spooled_and_says_its_size(size):
    with closing(answer(Given(head(chunked=True), *[b"a"] * size))) as got:
        assert got.headers["Content-Length"] == str(size)
        assert b"".join(got.streaming_content) == b"a" * size


@pytest.mark.parametrize("known", [{"size": 3}, {"chunked": True}, {}])
def test_answer_that_breaks_before_anything_was_sent_is_an_error(known):
    with pytest.raises(BadReply):
        answer(Given(head(**known), b"ab", breaks=True))


@pytest.mark.parametrize("field", [("Content-Type", "text/event-stream; charset=utf-8"), ("X-Accel-Buffering", "no")])
def test_live_stream_is_not_held_back(field):
    def endless():
        while True:
            yield b"data"

    reply = Given(head(fields=[field], chunked=True))
    reply.whole = endless()
    with closing(answer(reply)) as got:
        assert next(iter(got.streaming_content)) == b"data"
        assert "Content-Length" not in got.headers


@pytest.mark.parametrize(
    ("method", "status", "sizes"),
    [
        pytest.param("HEAD", 200, "7", id="RFC 9110 9.3.2 HEAD"),
        pytest.param("GET", 204, None, id="RFC 9110 8.6 204"),
        pytest.param("GET", 304, None, id="RFC 9110 8.6 304"),
    ],
)
def test_answer_without_a_body(method, status, sizes):
    got = answer(Given(head(status, [("Content-Length", "7")], size=0)), method)
    assert got.content == b""
    assert got.headers.get("Content-Length") == (sizes if method == "HEAD" else got.headers.get("Content-Length"))


def test_cookies_of_one_name_stay_apart_and_other_fields_are_joined():
    """RFC 6265 3, RFC 9110 5.3"""
    fields = [("Set-Cookie", "a=1"), ("Vary", "A"), ("set-cookie", "a=2; Path=/x"), ("vary", "B")]
    got = answer(Given(head(fields=fields, size=0)))
    assert [v for n, v in got.items() if n.lower() == "set-cookie"] == ["a=1", "a=2; Path=/x"]
    assert got.headers["Vary"] == "A, B"


def test_answer_without_a_type_gets_none():
    """RFC 9110 8.3: the recipient decides, and not Django's default."""
    assert "Content-Type" not in answer(Given(head(size=0))).headers
