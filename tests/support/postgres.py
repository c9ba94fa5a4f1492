"""One PostgreSQL server for a test session, from the same wheel as `make run`."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from monolith.config.run.ports import free_port
from monolith.config.run.postgres import Postgres

START_S = 30
# Nothing here outlives the machine, so nothing has to reach its disk.
FASTER = ("-c", "fsync=off", "-c", "full_page_writes=off")


@contextlib.contextmanager
def running_postgres(*databases: str) -> Iterator[Postgres]:
    """Run a fresh cluster with *databases*; it and its files are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="strangler-pg-"))
    folder.chmod(0o755)  # the server runs as another account when we are root
    server = Postgres(folder, free_port(), "test")
    process = None
    try:
        server.initialise()
        program = server.program()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*program.argv, *FASTER],
                cwd=program.directory,
                env=program.environment,
                user=program.user,
                stdout=log,
                stderr=log,
            )
        _wait_until_it_answers(server, process)
        server.ensure_databases(*databases)
        yield server
    finally:
        if process:
            process.send_signal(server.program().stop_signal)
            process.wait(START_S)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_it_answers(server: Postgres, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while not server.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((server.folder / "log").read_text())
        time.sleep(0.02)
