"""Ports: the public one that people type, and free ones for everything behind it."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable
from pathlib import Path

import psutil

HOST = "127.0.0.1"
# Below what Linux gives to outgoing connections (32768 and up), above what people use.
_RANGE = range(21000, 32000)
_TRIES = 200


class PortTaken(Exception):
    """The public port is in use; the message says by whom, and what to do."""


def is_free(port: int) -> bool:
    """Whether a server could listen on *port* now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def require_free(port: int) -> None:
    """
    Make sure that *port* can be used.

    Raises:
        PortTaken: it cannot.
    """
    if not is_free(port):
        raise PortTaken(
            f"Port {port} is taken{_by_whom(port)}. Stop that, or choose another port: make run PORT={port + 10}"
        )


def free_port(*, preferred: int | None = None, avoid: Iterable[int] = ()) -> int:
    """Return *preferred* when it is free, else a free port that collides with no outgoing connection."""
    avoided = set(avoid)
    candidates = random.sample(_RANGE, _TRIES)
    if preferred is not None:
        candidates.insert(0, preferred)
    for port in candidates:
        if port not in avoided and is_free(port):
            return port
    raise PortTaken(f"No free port was found between {_RANGE.start} and {_RANGE.stop}.")


def same_port(file: Path, *, avoid: Iterable[int] = ()) -> int:
    """Return the port that *file* remembers while it is free, else another one, which it remembers from now on."""
    remembered = file.read_text() if file.exists() else ""
    port = free_port(preferred=int(remembered) if remembered.isdigit() else None, avoid=avoid)
    file.write_text(str(port))
    return port


def _by_whom(port: int) -> str:
    """Name the process, as far as we may know it."""
    try:
        sockets = psutil.net_connections("tcp")
        pid = next((s.pid for s in sockets if s.pid and s.status == psutil.CONN_LISTEN and s.laddr.port == port), None)
        return f" by {psutil.Process(pid).name()} (process {pid})" if pid else ""
    except psutil.Error:
        return ""
