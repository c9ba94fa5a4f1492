"""A pooled HTTP/1.1 client for one upstream, whose address comes from the settings and from nowhere else."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPSConnection
from select import POLLIN, poll
from socket import socket
from typing import Protocol
from urllib.parse import urlsplit

from strangler.transport.deadline import Deadline
from strangler.transport.errors import BadReply, TimedOut, Unreachable, UpstreamSaturated
from strangler.transport.headers import Headers
from strangler.transport.wire import (
    PIECE_BYTES,
    Head,
    Incoming,
    body_pieces,
    chunk,
    read_any_head,
    read_head,
    request_head,
)

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 9.2.1


class Body(Protocol):
    """
    The content of a request.

    Attributes:
        size: bytes; None when only its end will tell.
        large: worth asking the other home before sending it (RFC 9110 10.1.1).
        replayable: `pieces()` may be called again.
    """

    @property
    def size(self) -> int | None: ...

    @property
    def large(self) -> bool: ...

    @property
    def replayable(self) -> bool: ...

    def pieces(self) -> Iterator[bytes]:
        """Yield the content from its beginning, no piece empty."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """
    A request as it leaves.

    Attributes:
        fields: everything but framing.
        timeout_s: for the next byte of the answer; a slow client's upload and a long download may take longer.
        repeatable: a read, which may run twice.
    """

    method: str
    target: str
    fields: Headers
    body: Body | None
    timeout_s: float
    repeatable: bool


class Connection:
    """
    One connection to the upstream, used by one request at a time.

    Attributes:
        reused: it has carried a request before, so the other side may have closed it meanwhile.
        sent: a byte of the present request may have left.
    """

    def __init__(self, upstream: Upstream, timeout_s: float) -> None:
        http = upstream.kind(upstream.host, upstream.port, timeout=timeout_s)
        try:
            http.connect()
        except OSError as error:
            raise Unreachable(f"{upstream.authority}: {error}") from error
        self._socket: socket = http.sock
        self._timeout_s = timeout_s
        self._incoming = Incoming(self._socket.recv)
        self._poll = poll()
        self._poll.register(self._socket, POLLIN)
        self.reused = False
        self.sent = False

    def is_stale(self) -> bool:
        """Tell whether an idle connection was closed, or holds bytes that nobody asked for."""
        return self._incoming.pending or bool(self._poll.poll(0))

    def close(self) -> None:
        """Close it; a second time does nothing."""
        self._socket.close()

    def exchange(self, request: Outgoing) -> Head:
        """
        Send *request* and read the head of its answer; `pieces` reads the rest.

        Raises:
            RemoteCallError: see `sent` for what may have happened.
        """
        self.sent = False
        self._wait_at_most(request.timeout_s)
        try:
            return self._exchange(request)
        except TimeoutError as error:
            raise TimedOut("the other home did not answer within the deadline") from error
        except OSError as error:
            raise Unreachable(f"the connection to the other home broke: {error}") from error

    def _wait_at_most(self, timeout_s: float) -> None:
        if timeout_s != self._timeout_s:
            self._socket.settimeout(timeout_s)
            self._timeout_s = timeout_s

    def _exchange(self, request: Outgoing) -> Head:
        body = request.body
        head = request_head(request.method, request.target, _framed(request, body))
        if body is None:
            self._send(head)
        elif body.large:
            self._send(head)
            return self._answer_before_body(request.method) or self._send_body(request.method, body)
        else:
            self._send(head + b"".join(_encoded(body)))
        return read_head(self._incoming, request.method)

    def _send(self, raw: bytes) -> None:
        first = self._socket.send(raw)
        self.sent = True
        if first < len(raw):
            self._socket.sendall(memoryview(raw)[first:])

    def _answer_before_body(self, method: str) -> Head | None:
        """
        Wait for 100 Continue; return the final answer when that came instead (RFC 9110 10.1.1).

        The other home asks for the content once it knows that it may take the request, which a switch can delay.
        """
        head = read_any_head(self._incoming, method)
        return replace(head, reusable=False) if head.status >= 200 else None

    def _send_body(self, method: str, body: Body) -> Head:
        """
        Send a large body as fast as the client gives it.

        An answer that comes although sending failed is the answer (RFC 9112 9.5).
        """
        try:
            for piece in _encoded(body):
                self._socket.sendall(piece)
        except OSError:
            return replace(read_head(self._incoming, method), reusable=False)
        return read_head(self._incoming, method)

    def pieces(self, head: Head) -> Iterator[bytes]:
        """
        Yield the body.

        Raises:
            BadReply: it ended early.
            TimedOut: nothing came for as long as the head might have taken.
        """
        try:
            yield from body_pieces(self._incoming, head)
        except TimeoutError as error:
            raise TimedOut("the other home stopped in the middle of its answer") from error
        except OSError as error:
            raise BadReply(f"the connection broke in the middle of the answer: {error}") from error


def _framed(request: Outgoing, body: Body | None) -> Headers:
    """Return the fields with exactly one framing, our own (RFC 9112 6.3)."""
    if body is None:
        # A method that usually has content says that there is none (RFC 9110 8.6).
        return [*request.fields, *([("Content-Length", "0")] if request.method not in _SAFE_METHODS else [])]
    framing = ("Transfer-Encoding", "chunked") if body.size is None else ("Content-Length", str(body.size))
    return [*request.fields, framing, *([("Expect", "100-continue")] if body.large else [])]


def _encoded(body: Body) -> Iterator[bytes]:
    if body.size is not None:
        yield from body.pieces()
        return
    for piece in body.pieces():
        yield chunk(piece)
    yield chunk(b"")


class Reply:
    """
    The other home's answer, whose connection is held until it was read or closed.

    Attributes:
        head: status and fields.
    """

    def __init__(self, head: Head, connection: Connection, pool: Upstream) -> None:
        self.head = head
        self._connection: Connection | None = connection
        self._pool = pool
        self._pieces = connection.pieces(head)

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
            self._release(reusable=self.head.reusable)
        finally:
            self.close()

    def read_away(self) -> None:
        """Read a body that nobody wants, if it is short enough to make its connection worth keeping."""
        if self.head.size is not None and self.head.size <= PIECE_BYTES:
            for _ in self:
                pass
        self.close()

    def close(self) -> None:
        """Give the connection up; one whose answer was not read to its end is closed."""
        self._release(reusable=False)

    def _release(self, *, reusable: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give_back(connection, reusable=reusable)


class Upstream:
    """
    The other home of a capability: a bounded pool of connections to one address.

    Args:
        url: scheme and authority.
        connect_timeout_s: patience for a connection, and for a free place among them.
    """

    def __init__(self, url: str, *, connect_timeout_s: float, connections_max: int) -> None:
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self.host = parts.hostname or ""
        self.kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self.port = parts.port or self.kind.default_port
        self.authority = parts.netloc
        self._connect_timeout_s = connect_timeout_s
        self._places = threading.BoundedSemaphore(connections_max)
        # The most recently used connection first: the others age and are closed by the other side.
        self._idle: list[Connection] = []

    def send(self, request: Outgoing) -> Reply:
        """
        Send *request* and return the answer once its head is here.

        A connection that could not be made is tried a second time. So is a request on a connection from the pool that
        broke before an answer began, when it is a read or when no byte of it had left (RFC 9110 9.2.2).

        Raises:
            UpstreamSaturated: no place became free.
            RemoteCallError: no answer.
        """
        deadline = Deadline(request.timeout_s)
        if not self._places.acquire(timeout=min(self._connect_timeout_s, deadline.left())):
            raise UpstreamSaturated(f"all connections to {self.authority} are in use")
        try:
            connection, head = self._exchange(request, deadline)
        except BaseException:
            self._places.release()
            raise
        return Reply(head, connection, self)

    def _exchange(self, request: Outgoing, deadline: Deadline) -> tuple[Connection, Head]:
        connection = self._idle_connection() or self._connect(deadline)
        try:
            return connection, connection.exchange(request)
        except Unreachable:
            connection.close()
            if not (connection.reused and _may_repeat(request, connection)):
                raise
        except BaseException:
            connection.close()
            raise
        connection = self._connect(deadline)
        try:
            return connection, connection.exchange(request)
        except BaseException:
            connection.close()
            raise

    def _idle_connection(self) -> Connection | None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if not connection.is_stale():
                connection.reused = True
                return connection
            connection.close()
        return None

    def _connect(self, deadline: Deadline) -> Connection:
        try:
            return Connection(self, min(self._connect_timeout_s, deadline.left()))
        except Unreachable:
            return Connection(self, min(self._connect_timeout_s, deadline.left()))

    def give_back(self, connection: Connection, *, reusable: bool) -> None:
        """Keep *connection* for the next request, or close it, and free its place."""
        if reusable:
            self._idle.append(connection)
        else:
            connection.close()
        self._places.release()

    def close(self) -> None:
        """Close all idle connections."""
        while self._idle:
            self._idle.pop().close()


def _may_repeat(request: Outgoing, connection: Connection) -> bool:
    if connection.sent and not request.repeatable:
        return False
    return request.body is None or request.body.replayable


_upstreams: dict[tuple[str, float, int], Upstream] = {}


def upstream(url: str, connect_timeout_s: float, connections_max: int) -> Upstream:
    """Return this process's pool for *url*, which must come from the settings."""
    key = (url, connect_timeout_s, connections_max)
    return _upstreams.get(key) or _upstreams.setdefault(
        key, Upstream(url, connect_timeout_s=connect_timeout_s, connections_max=connections_max)
    )


@atexit.register
def close_upstreams() -> None:
    """Close the idle connections of all pools and forget the pools."""
    while _upstreams:
        _upstreams.popitem()[1].close()
