"""The sandbox's mail server as a process of its own, and what has arrived there."""

from __future__ import annotations

import email
import email.policy
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from tests.support.processes import Process, eventually, free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Mails:
    """
    A mail server that runs.

    Attributes:
        folder: where it keeps each message.
    """

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Where mail is handed over."""
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[EmailMessage]:
        """Return what somebody got, in its order."""
        files = sorted(self.folder.glob("*.eml"))
        mails = (email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files)
        return [cast(EmailMessage, mail) for mail in mails if mail["To"] == address]

    def wait(self, address: str, subject: str) -> EmailMessage:
        """Return the only mail of this subject that somebody has got, as soon as it is there."""
        (mail,) = eventually(
            lambda: [one for one in self.to(address) if one["Subject"] == subject],
            what=f"{subject!r} has arrived",
            timeout_s=60,
            every_s=0.1,
        )
        return mail


@contextmanager
def running_mails(folder: Path) -> Iterator[Mails]:
    """Run a mail server until the block ends."""
    mails = Mails(free_port(), folder / "mails")
    command = [sys.executable, "-m", "monolith.notifications.sandbox", "--port", str(mails.port)]
    command += ["--folder", str(mails.folder)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    process = Process.start("mails", command, folder / "mails.log", environment=environment, folder=ROOT)
    try:
        eventually(lambda: _answers(mails.port), what=f"the mail server answers\n{process.tail()}")
        yield mails
    finally:
        process.stop()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False
