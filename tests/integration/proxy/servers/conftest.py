"""The servers in front, as processes: granian, which we ship, and Django's own runserver."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.proxy.upstream import Upstream
from tests.support.processes import free_port

ROOT = Path(__file__).parents[4]
COMMANDS = {
    "granian": ["granian", "--interface", "wsgi", "--no-ws", "--blocking-threads", "8", "--log-level", "warning",
                "--port", "{port}", "tests.integration.proxy.servers.wsgi:application"],
    "runserver": ["django", "runserver", "--noreload", "--nostatic", "127.0.0.1:{port}"],
}  # fmt: skip


@dataclass
class Front:
    """A server with the middleware; *upstream* is the only other home it knows."""

    server: str
    port: int
    upstream: Upstream
    pid: int

    def raw(self, request: bytes, *, wait_s: float = 1.0, half_close: bool = False) -> bytes:
        """Send bytes and return what comes back until the connection ends, or nothing comes for *wait_s*."""
        with closing(socket.create_connection(("127.0.0.1", self.port))) as sock:
            sock.settimeout(wait_s)
            sock.sendall(request)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            return self.rest(sock)

    @staticmethod
    def rest(sock: socket.socket) -> bytes:
        got = b""
        with suppress(TimeoutError, ConnectionResetError):
            while piece := sock.recv(1 << 16):
                got += piece
        return got


def environment(directory: Path, upstream: Upstream, **extra: str) -> dict[str, str]:
    return {
        **os.environ,
        "SERVERS_DIR": str(directory),
        "UPSTREAM_URL": upstream.url,
        "DJANGO_SETTINGS_MODULE": "tests.integration.proxy.servers.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "default",
        **extra,
    }


def start(server: str, directory: Path, upstream: Upstream, **extra: str) -> tuple[subprocess.Popen[bytes], int]:
    env = environment(directory, upstream, **extra)
    prepare = [sys.executable, "-m", "tests.integration.proxy.servers.prepare"]
    subprocess.run(prepare, env=env, check=True, cwd=ROOT)
    port = free_port()
    program, *arguments = COMMANDS[server]
    command = [sys.executable, "-m", program, *(argument.format(port=port) for argument in arguments)]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port))):
            return process, port
        time.sleep(0.05)
    process.kill()
    raise AssertionError((directory / "log").read_text())


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session", params=list(COMMANDS))
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    upstream = Upstream()
    process, port = start(request.param, tmp_path_factory.mktemp(request.param), upstream)
    yield Front(request.param, port, upstream, process.pid)
    stop(process)
    upstream.close()


@pytest.fixture
def front(running: Front) -> Iterator[Front]:
    running.upstream.script(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    yield running
    running.upstream.drop_connections()
