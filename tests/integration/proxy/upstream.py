"""An upstream that keeps every byte it was sent and answers whatever a test says, byte for byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Received:
    """One request as it stood on the wire; *connection* counts the connections of the upstream from 1."""

    connection: int
    head: bytes
    body: bytes = b""

    @property
    def line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def fields(self) -> list[tuple[str, str]]:
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]

    def all(self, name: str) -> list[str]:
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def one(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) < 2, f"{name} is there {len(values)} times"
        return values[0] if values else None


class Conversation:
    """One accepted connection, for answers that need more than bytes to send."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.sock = sock
        self.number = number
        self.reader = sock.makefile("rb")

    def head(self) -> bytes:
        lines = []
        while (line := self.reader.readline()) not in (b"", b"\r\n", b"\n"):
            lines.append(line)
        return b"".join(lines) + line if lines else b""

    def body(self, received: Received) -> bytes:
        if received.one("Transfer-Encoding"):
            return self.chunks()
        return self.reader.read(int(received.one("Content-Length") or 0))

    def chunks(self) -> bytes:
        whole = b""
        while size := int(self.reader.readline(), 16):
            whole += self.reader.read(size)
            assert self.reader.readline() == b"\r\n"
        assert self.reader.readline() == b"\r\n"
        return whole

    def send(self, raw: bytes) -> None:
        self.sock.sendall(raw)


Answer = bytes | Callable[[Conversation, Received], bytes | None]


@dataclass
class Upstream:
    """
    Listens on a free port and answers requests in order with *answers*, the last of them again and again.

    An answer is bytes, or a function that may read and write as it likes and returns bytes to send, or None to
    close the connection.
    """

    answers: list[Answer] = field(default_factory=lambda: [OK])
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    def script(self, *answers: Answer) -> None:
        """Answer with these from now on, and forget what was received."""
        self.answers = list(answers)
        self.received.clear()

    def only(self) -> Received:
        assert len(self.received) == 1, [r.line for r in self.received]
        return self.received[0]

    def _accept(self) -> None:
        while not self._closing.is_set():
            with suppress(OSError):
                sock, _ = self._listener.accept()
                sock.settimeout(10)
                self.connections += 1
                self._open.append(sock)
                thread = threading.Thread(target=self._talk, args=(Conversation(sock, self.connections),), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _talk(self, conversation: Conversation) -> None:
        with suppress(OSError, ValueError):
            while head := conversation.head():
                received = Received(conversation.number, head)
                with self._lock:
                    self.received.append(received)
                    answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if callable(answer):
                    raw = answer(conversation, received)
                else:
                    received.body = conversation.body(received)
                    raw = answer
                if raw is None:
                    break
                conversation.send(raw)
        conversation.reader.close()
        conversation.sock.close()

    def drop_connections(self) -> None:
        """Close every connection, as an upstream does that restarts or lost patience with an idle one."""
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def close(self) -> None:
        self._closing.set()
        self._acceptor.join(5)
        self._listener.close()
        self.drop_connections()
