"""The pooled client against an upstream that plays every trick on the wire."""

import socket
import threading
import time
from contextlib import closing

import pytest

from strangler.transport.client import Outgoing, Upstream
from strangler.transport.errors import BadReply, TimedOut, Unreachable, UpstreamSaturated


class Content:
    """A request body as the client sees it."""

    def __init__(self, *pieces, size=..., large=False, replayable=True):
        self.whole = pieces
        self.size = sum(map(len, pieces)) if size is ... else size
        self.large = large
        self.replayable = replayable

    def pieces(self):
        yield from self.whole


@pytest.fixture
def client(upstream):
    client = Upstream(upstream.url, connect_timeout_s=0.3, connections_max=2)
    yield client
    client.close()


def send(client, method="GET", body=None, timeout_s=2.0, repeatable=None, fields=()):
    repeatable = method in ("GET", "HEAD") if repeatable is None else repeatable
    return client.send(Outgoing(method, "/x", [("Host", "up"), *fields], body, timeout_s, repeatable))


def whole(reply):
    return b"".join(reply)


def test_connection_is_used_again(client, upstream):
    for _ in range(3):
        assert whole(send(client)) == b"ok"
    assert upstream.connections == 1


@pytest.mark.parametrize(
    ("method", "body", "framing", "received"),
    [
        pytest.param("GET", None, [], b"", id="RFC 9110 9.3.1 no content, no framing"),
        pytest.param("POST", None, [("Content-Length", "0")], b"", id="RFC 9110 8.6 POST without content"),
        pytest.param("DELETE", None, [("Content-Length", "0")], b"", id="RFC 9110 8.6 DELETE"),
        pytest.param("PUT", Content(b"a"), [("Content-Length", "1")], b"a", id="RFC 9112 6.2 one byte"),
        pytest.param("POST", Content(b"ab", b"c"), [("Content-Length", "3")], b"abc", id="RFC 9112 6.2"),
        pytest.param(
            "POST", Content(b"ab", b"c", size=None), [("Transfer-Encoding", "chunked")], b"abc", id="RFC 9112 7.1"
        ),
    ],
)
def test_request_has_exactly_one_framing(client, upstream, method, body, framing, received):
    whole(send(client, method, body))
    request = upstream.only()
    assert request.fields == [("Host", "up"), *framing]
    assert request.body == received


@pytest.mark.parametrize(
    "raw", [b"HTTP/1.1 200 OK\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"]
)
def test_connection_that_the_answer_ends_is_not_used_again(client, upstream, raw):
    """RFC 9112 9.3"""
    upstream.script(lambda c, r: (c.send(raw), None)[1])
    assert whole(send(client)) == b"abc"
    assert whole(send(client)) == b"abc"
    assert upstream.connections == 2


def test_answer_that_nobody_finished_ends_its_connection(client, upstream):
    """The rest of it would be taken for the next answer."""
    upstream.script(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    )
    send(client).close()
    assert whole(send(client)) == b"x"
    assert upstream.connections == 2


def test_bytes_that_follow_an_answer_are_never_taken_for_the_next(client, upstream):
    """RFC 9112 11.2 response splitting."""
    upstream.script(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb",
    )
    assert whole(send(client)) == b"a"
    assert whole(send(client)) == b"b"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_idle_connection_that_was_closed_is_noticed_before_sending(client, upstream, method):
    """RFC 9112 9.3.1: so a write needs no repetition either."""
    whole(send(client, method, Content(b"a")))
    upstream.drop_connections()
    assert whole(send(client, method, Content(b"a"))) == b"ok"
    assert len(upstream.received) == 2


def break_on_second(upstream):
    """Let the second request on a connection meet a connection that closes without an answer."""

    def close(conversation, received):
        received.body = conversation.body(received)

    upstream.script(
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", close, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain"
    )


def test_read_on_a_stale_connection_is_repeated_once(client, upstream):
    """RFC 9112 9.3.1, RFC 9110 9.2.2"""
    break_on_second(upstream)
    whole(send(client))
    assert whole(send(client)) == b"again"
    assert [r.connection for r in upstream.received] == [1, 1, 2]


def test_write_whose_bytes_left_is_never_repeated(client, upstream):
    """RFC 9110 9.2.2: it may have been executed."""
    break_on_second(upstream)
    whole(send(client))
    with pytest.raises(Unreachable):
        send(client, "POST", Content(b"a"))
    assert len(upstream.received) == 2


def test_post_that_is_declared_a_read_is_repeated(client, upstream):
    break_on_second(upstream)
    whole(send(client))
    assert whole(send(client, "POST", Content(b"a"), repeatable=True)) == b"again"


def test_read_whose_content_is_gone_is_not_repeated(client, upstream):
    break_on_second(upstream)
    whole(send(client))
    with pytest.raises(Unreachable):
        send(client, "POST", Content(b"a", replayable=False), repeatable=True)


def test_fresh_connection_that_breaks_is_not_repeated(client, upstream):
    """It is no stale connection: the upstream broke on this very request."""
    upstream.script(lambda c, r: None)
    with pytest.raises(Unreachable):
        send(client)
    assert len(upstream.received) == 1


def test_write_on_a_connection_that_takes_no_byte_is_repeated(client, upstream, monkeypatch):
    """A reset that arrives between the look and the send: nothing has left."""
    whole(send(client))
    connection = client._idle[0]
    connection.is_stale = lambda: False
    upstream.drop_connections()
    with socket.create_server(("127.0.0.1", 0)):
        connection._socket.shutdown(socket.SHUT_WR)
        assert whole(send(client, "POST", Content(b"a"))) == b"ok"


def test_dead_upstream_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = Upstream(f"http://127.0.0.1:{port}", connect_timeout_s=0.3, connections_max=1)
    for _ in range(3):  # and a failure gives its place back
        with pytest.raises(Unreachable):
            send(client)


def test_failed_connection_is_tried_a_second_time():
    """With a byte-less write, too: a home that restarts is back a moment later."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        client = Upstream(f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout_s=0.3, connections_max=1)
        tries = []
        connect = client.kind.connect

        class Counting(client.kind):
            def connect(self):
                tries.append(1)
                if len(tries) == 2:
                    listener.listen()
                connect(self)

        client.kind = Counting
        with pytest.raises(TimedOut):
            send(client, "POST", timeout_s=0.2)
        assert len(tries) == 2


def test_slow_head_is_timed_out(client, upstream):
    upstream.script(lambda c, r: (time.sleep(0.5), b"")[1])
    with pytest.raises(TimedOut):
        send(client, timeout_s=0.1)


def test_slow_body_is_timed_out(client, upstream):
    def slow(conversation, received):
        conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        time.sleep(0.5)

    upstream.script(slow)
    reply = send(client, timeout_s=0.1)
    with pytest.raises(TimedOut):
        whole(reply)


def test_answer_that_ends_early_is_bad(client, upstream):
    upstream.script(lambda c, r: (c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), None)[1])
    with pytest.raises(BadReply):
        whole(send(client))


def test_connections_are_bounded_and_places_come_back(client, upstream):
    upstream.script(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    held = [send(client), send(client)]
    with pytest.raises(UpstreamSaturated):
        send(client)
    for reply in held:
        reply.close()
        reply.close()
    assert whole(send(client)) == b"ok"


def test_waiting_request_gets_the_place_that_becomes_free(client, upstream):
    held = [send(client), send(client)]
    threading.Timer(0.05, held[0].close).start()
    assert whole(send(client)) == b"ok"
    held[1].close()


def expecting(conversation, received):
    assert received.one("Expect") == "100-continue"
    conversation.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    received.body = conversation.body(received)
    return b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


def test_large_content_waits_until_it_is_asked_for(client, upstream):
    """RFC 9110 10.1.1"""
    upstream.script(expecting)
    reply = send(client, "POST", Content(b"a" * 70_000, b"b", large=True))
    assert (reply.head.status, upstream.only().body) == (201, b"a" * 70_000 + b"b")
    reply.close()


@pytest.mark.parametrize("size", [..., None])
def test_large_content_is_not_read_when_the_answer_is_there_first(client, upstream, size):
    """RFC 9110 10.1.1; the connection still owes the content, so it ends."""
    upstream.script(lambda c, r: b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n")

    class Untouched(Content):
        def pieces(self):
            pytest.fail("the content was read")

    reply = send(client, "POST", Untouched(b"a", size=size, large=True))
    assert reply.head.status == 421
    whole(reply)
    assert client._idle == []


def test_answer_in_the_middle_of_large_content_counts(client, upstream):
    """RFC 9112 9.5"""

    def enough(conversation, received):
        conversation.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        conversation.reader.read(10)
        conversation.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        conversation.sock.shutdown(socket.SHUT_RD)

    upstream.script(enough)
    reply = send(client, "POST", Content(*[b"a" * 65536] * 100, large=True))
    assert (reply.head.status, whole(reply)) == (413, b"big")
