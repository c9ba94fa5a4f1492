"""Starts processes on free ports and stops exactly those."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


_given: set[int] = set()


def free_port() -> int:
    """
    Return a port that nobody listens on, below those from which outgoing connections are made.

    No port is given twice, for whoever got it may not listen yet; each process of a run has ports of its own.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    for _ in range(500):
        port = random.randrange(20_000 + int(worker.removeprefix("gw")) % 4, 32_000, 4)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise AssertionError("no free port below 32000")


def eventually(look: Callable[[], T | None], *, what: str, timeout_s: float = 30, every_s: float = 0.02) -> T:
    """Return the first true result of *look*. Raises: AssertionError, when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if result := look():
            return result
        time.sleep(every_s)
    raise AssertionError(f"not within {timeout_s} s: {what}")


@dataclass(slots=True)
class Process:
    """A process with its own group and log, so that its children end with it."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str],
        user: str | None = None,
        folder: Path | None = None,
    ) -> Process:
        """Start *command*; its output goes to *log*."""
        with log.open("ab") as output:
            popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(environment),
                start_new_session=True,
                user=user,
                extra_groups=[] if user else None,
                cwd=folder,
            )
        return cls(name, popen, log)

    @property
    def pid(self) -> int:
        """The process's id, which is also its group's."""
        return self.popen.pid

    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.popen.poll() is None

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 20) -> None:
        """Ask the group to end, kill what is left of it, and collect the process."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)
        try:
            self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL the group and collect the process."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait(20)

    def tail(self, lines: int = 30) -> str:
        """Return the end of the log, for a failing test's message."""
        return f"--- {self.name}\n" + "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
