"""A Service, as a cluster has it: one address, and behind it whichever pods are ready."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.processes import free_port

PIECE_BYTES = 65536


class Service:
    """
    Gives each new connection to the next pod, and leaves those that there are where they are, as kube-proxy does.

    Attributes:
        port: where it listens on this machine.
        taken: how many connections each pod was given, by its port.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.taken: dict[int, int] = {}
        self._pods: list[int] = []
        self._turn = 0
        self._listening = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self._accepting = threading.Thread(target=self._serve, name=f"service-{self.port}", daemon=True)
        self._accepting.start()

    def add(self, port: int) -> None:
        """Let a pod be given connections."""
        self._pods = [*self._pods, port]

    def remove(self, port: int) -> None:
        """Let a pod be given no more connections; it keeps those that it has."""
        self._pods = [other for other in self._pods if other != port]

    def close(self) -> None:
        """Listen no more; connections that there are live on."""
        self._listening.shutdown(socket.SHUT_RDWR)  # whoever waits in accept() hears of it
        self._accepting.join()
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        """Nobody behind it: refused, as far as a program can."""
        pods = self._pods
        for _ in pods:
            self._turn += 1
            port = pods[self._turn % len(pods)]
            with suppress(OSError):
                pod = socket.create_connection(("127.0.0.1", port), timeout=5)
                pod.settimeout(None)
                self.taken[port] = self.taken.get(port, 0) + 1
                threading.Thread(target=_join, args=(client, pod), daemon=True).start()
                return
        client.close()


def _join(client: socket.socket, pod: socket.socket) -> None:
    """Carry both ways until both have ended."""
    with client, pod:
        for end in (client, pod):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=_carry, args=(pod, client), daemon=True)
        back.start()
        _carry(client, pod)
        back.join()


def _carry(source: socket.socket, to: socket.socket) -> None:
    """One way of a connection; its end is passed on as it was: a half, or all of it."""
    with suppress(OSError):
        while piece := source.recv(PIECE_BYTES):
            to.sendall(piece)
    with suppress(OSError):
        to.shutdown(socket.SHUT_WR)


@contextmanager
def services(*names: str) -> Iterator[dict[str, Service]]:
    """Yield a Service for each name until the block ends."""
    found = {name: Service() for name in names}
    try:
        yield found
    finally:
        for service in found.values():
            service.close()
