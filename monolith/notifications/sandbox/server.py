"""A small mail server (RFC 5321) over real sockets: one thread for each client."""

from __future__ import annotations

import itertools
import socketserver
import threading
from pathlib import Path

_LINE_MAX = 2000


class MailServer(socketserver.ThreadingTCPServer):
    """
    Keeps every message that it takes as `<number>.eml` in a folder.

    Attributes:
        busy: addresses that were asked to come again, once each.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], folder: Path) -> None:
        super().__init__(address, _Client)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.busy: set[str] = set()
        self._guard = threading.Lock()
        taken = (int(file.stem) for file in folder.glob("*.eml") if file.stem.isdecimal())
        self._numbers = itertools.count(max(taken, default=0) + 1)

    def keep(self, content: bytes) -> None:
        """Write a message down, whole or not at all."""
        with self._guard:
            file = self.folder / f"{next(self._numbers):06d}.eml"
        draft = file.with_suffix(".part")
        draft.write_bytes(content)
        draft.rename(file)


class _Client(socketserver.StreamRequestHandler):
    """One connection."""

    server: MailServer

    def handle(self) -> None:
        """Speak until the client has had enough, or is to be left alone."""
        self._say("220 sandbox")
        recipients: list[str] = []
        while line := self.rfile.readline(_LINE_MAX):
            verb, _, rest = line.decode("latin-1").strip().partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    self._say("250 sandbox")
                case "MAIL" | "RSET":
                    recipients.clear()
                    self._say("250 ok")
                case "RCPT":
                    answer = self._judge(rest.lower())
                    recipients += [rest] if answer.startswith("250") else []
                    self._say(answer)
                case "DATA" if recipients:
                    self._say("354 go on")
                    if not self._take(recipients):
                        return
                case "QUIT":
                    self._say("221 bye")
                    return
                case "NOOP":
                    self._say("250 ok")
                case _:
                    self._say("503 not now")

    def _judge(self, recipient: str) -> str:
        if "bounce" in recipient:
            return "550 no such mailbox"
        if "busy" in recipient and recipient not in self.server.busy:
            self.server.busy.add(recipient)
            return "450 come again"
        return "250 ok"

    def _take(self, recipients: list[str]) -> bool:
        """Read a message; False: say nothing of it, and go away."""
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        if any("refuse" in one.lower() for one in recipients):
            self._say("554 not this one")
            return True
        self.server.keep(b"".join(lines))
        if any("cut" in one.lower() for one in recipients):
            return False
        self._say("250 taken")
        return True

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
