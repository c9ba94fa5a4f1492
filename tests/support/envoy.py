"""An Envoy for a test, and homes for it to send requests to that say who they are."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

from strangler.edge.envoy.admin import Admin, Silent
from strangler.edge.envoy.program import command
from strangler.edge.renderer import Document, write
from tests.support.processes import Process, eventually, free_port


@dataclass(slots=True)
class Envoy:
    """A running Envoy, and where it reads its routes."""

    folder: Path
    listen: str
    internal: str
    admin_address: str
    process: Process
    admin: Admin

    def take(self, routes: Iterable[Document], version: str) -> None:
        """Replace the routes, and return when Envoy obeys them."""
        write(routes, self.folder)
        eventually(lambda: self._obeys(version), what=f"Envoy obeys {version}\n{self.log()}", every_s=0.003)

    def _obeys(self, version: str) -> bool:
        with suppress(Silent):  # a busy machine
            return self.admin.look().obeys(version)
        return False

    def start(self) -> None:
        """Start it anew after it was killed."""
        self.process = _start(self.folder)
        eventually(self.admin.is_ready, what=f"Envoy is ready\n{self.log()}")

    def log(self) -> str:
        """Return the end of its log, without the files that it quotes."""
        return "\n".join(line[:400] for line in self.process.tail(12).splitlines())


@contextmanager
def running_envoy(folder: Path, write: Callable[[dict[str, object]], None]) -> Iterator[Envoy]:
    """Run an Envoy in *folder* until the block ends; *write* renders its files there by the options it is given."""
    listen, internal, admin = (f"127.0.0.1:{free_port()}" for _ in range(3))
    log = str(folder / "access.log")
    write({"listen": listen, "internal": internal, "admin": admin, "out": folder, "access_log": log})
    envoy = Envoy(folder, listen, internal, admin, _start(folder), Admin(admin))
    try:
        eventually(envoy.admin.is_ready, what=f"Envoy is ready\n{envoy.log()}")
        yield envoy
    finally:
        envoy.process.stop()


def _start(folder: Path) -> Process:
    return Process.start(
        "envoy", command(folder / "envoy.json"), folder / "envoy.log", environment={"PATH": os.environ["PATH"]}
    )


class Connection:
    """A kept connection on which raw requests are answered one after another."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")

    def ask(self, request: bytes, *, has_content: bool = True) -> tuple[int, dict[str, str], bytes]:
        """Return status, fields by lower-case name, and content of the answer; one to HEAD has none."""
        self._socket.sendall(request)
        status = self._stream.readline()
        if not status:
            raise ConnectionError("closed without an answer")
        fields: dict[str, str] = {}
        while (line := self._stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            fields[name.lower()] = value.strip()
        return int(status.split()[1]), fields, self._content(fields) if has_content else b""

    def _content(self, fields: Mapping[str, str]) -> bytes:
        if "content-length" in fields:
            return self._stream.read(int(fields["content-length"]))
        content = b""
        while fields.get("transfer-encoding") == "chunked" and (size := int(self._stream.readline(), 16)):
            content += self._stream.read(size)
            self._stream.readline()
        if "transfer-encoding" in fields:
            self._stream.readline()
        return content

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
        self._socket.close()


class _Handler(StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.server.open.append(self.connection)  # type: ignore[attr-defined]
        with suppress(OSError):
            self._serve()

    def _serve(self) -> None:
        while head := self._head():
            method = head.partition(b" ")[0]
            content = self._content(dict(_fields(head)))
            home: Home = self.server.home  # type: ignore[attr-defined]
            if home.keeps:
                home.received.append(head + content)
            said = b"" if method == b"HEAD" else home.name.encode()
            answer = f"HTTP/1.1 200 OK\r\nX-Home: {home.name}\r\nContent-Length: {len(home.name)}\r\n\r\n"
            self.wfile.write(answer.encode() + said)

    def _content(self, fields: Mapping[str, str]) -> bytes:
        if "transfer-encoding" not in fields:
            return self.rfile.read(int(fields.get("content-length", 0)))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _head(self) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return b""
            head += line
        return head


def _fields(head: bytes) -> Iterator[tuple[str, str]]:
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            yield name.lower(), value.strip()


@dataclass
class Home:
    """
    A server that says its name to whatever it is asked.

    Attributes:
        keeps: remember what was received.
    """

    name: str
    keeps: bool = False
    received: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def fields(self) -> list[tuple[str, str]]:
        """Return the fields of the last request that is none of Envoy's own."""
        return list(_fields(self.received[-1]))


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, home: Home) -> None:
        super().__init__(("127.0.0.1", home.port), _Handler)
        self.home = home
        self.open: list[socket.socket] = []

    def die(self) -> None:
        """End as a killed process does: all connections break."""
        self.shutdown()
        self.server_close()
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_homes(*named: str) -> Iterator[dict[str, Home]]:
    """Run homes of these names until the block ends."""
    servers = []
    homes = {}
    for name in named:
        home = homes[name] = Home(name, port=free_port())
        server = _Server(home)
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        servers.append(server)
    try:
        yield homes
    finally:
        for server in servers:
            server.die()
