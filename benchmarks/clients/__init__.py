"""Clients that make one call, each with a deadline and, where it has them, a pool of connections for all threads."""

from __future__ import annotations

import asyncio
import atexit
import socket
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

Call = Callable[[], None]
Make = Callable[[int], Call]

TARGET = "/calls/catalog/find"
TIMEOUT_S = 5.0
CONNECTIONS = 16
ASKED = b'{"text":"blue mug","limit":50,"labels":{"note":"' + b"x" * 463 + b'"}}'
FIELDS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Authorization": "Bearer " + "t" * 180,
    "Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}


def a_socket(port: int) -> Call:
    """Ready bytes, one connection per thread, and no reading of the answer but for its length."""
    lines = [f"POST {TARGET} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{n}: {v}" for n, v in FIELDS.items())]
    ready = "\r\n".join([*lines, f"Content-Length: {len(ASKED)}", "", ""]).encode() + ASKED
    held = threading.local()

    def call() -> None:
        sock = getattr(held, "sock", None)
        if sock is None:
            sock = held.sock = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(ready)
        answer = sock.recv(65536)
        while not answer.endswith(ASKED):
            answer += sock.recv(65536)

    return call


class _Document:
    """Content that is at hand."""

    size: int | None = len(ASKED)
    large = False
    replayable = True

    def pieces(self) -> Iterator[bytes]:
        yield ASKED


def ours(port: int) -> Call:
    """The toolkit's client: a pool for all threads, answers read strictly (ADR 0007)."""
    from strangler.transport.client import Outgoing, Upstream

    upstream = Upstream(f"http://127.0.0.1:{port}", connect_timeout_s=1.0, connections_max=CONNECTIONS)

    def call() -> None:
        fields = [("Host", upstream.authority), *FIELDS.items()]
        with_deadline = Outgoing("POST", TARGET, fields, _Document(), TIMEOUT_S, repeatable=True)
        reply = upstream.send(with_deadline)
        assert b"".join(reply) == ASKED
        assert reply.head.status == 200

    return call


def http_client(port: int) -> Call:
    """The standard library's, one connection per thread."""
    held = threading.local()

    def call() -> None:
        connection = getattr(held, "connection", None)
        if connection is None:
            connection = held.connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        connection.request("POST", TARGET, ASKED, FIELDS)
        response = connection.getresponse()
        assert response.read() == ASKED
        assert response.status == 200

    return call


def urllib3(port: int) -> Call:
    """A pool for all threads, no retries."""
    import urllib3

    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=CONNECTIONS, timeout=TIMEOUT_S, retries=False)

    def call() -> None:
        response = pool.urlopen("POST", TARGET, ASKED, FIELDS)
        assert response.data == ASKED
        assert response.status == 200

    return call


def httpx(port: int) -> Call:
    """A client for all threads."""
    import httpx

    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S, limits=limits)

    def call() -> None:
        response = client.post(TARGET, content=ASKED, headers=FIELDS)
        assert response.content == ASKED
        assert response.status_code == 200

    return call


def aiohttp(port: int) -> Call:
    """A session in an event loop of its own, to which synchronous callers hand their calls."""
    import aiohttp

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    url = f"http://127.0.0.1:{port}{TARGET}"

    async def open_session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(TIMEOUT_S))

    session = asyncio.run_coroutine_threadsafe(open_session(), loop).result()

    atexit.register(lambda: asyncio.run_coroutine_threadsafe(session.close(), loop).result())

    async def exchange() -> None:
        async with session.post(url, data=ASKED, headers=FIELDS) as response:
            assert await response.read() == ASKED
            assert response.status == 200

    return lambda: asyncio.run_coroutine_threadsafe(exchange(), loop).result()


# The name of each, the module that it needs, and what makes it.
CLIENTS: dict[str, tuple[str, Make]] = {
    "a socket": ("socket", a_socket),
    "django-strangler": ("strangler", ours),
    "http.client": ("http", http_client),
    "urllib3": ("urllib3", urllib3),
    "httpx": ("httpx", httpx),
    "aiohttp": ("aiohttp", aiohttp),
}
