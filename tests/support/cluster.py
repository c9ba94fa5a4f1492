"""A PostgreSQL server for a whole test run, with databases made from templates."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from monolith.config.run.account import server_binaries
from tests.support.processes import Process, eventually, free_port

OWNER = "strangler"
"""The hosts' role: it owns its databases and is no superuser."""
SUPERUSER = "postgres"


@dataclass(slots=True)
class Cluster:
    """A running server; anybody who reaches its port is who they say (`trust`)."""

    folder: Path
    port: int
    process: Process
    templates: dict[str, str] = field(default_factory=dict)

    def dsn(self, database: str, *, role: str = OWNER) -> str:
        """Return the address of *database* for *role*."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def execute(self, database: str, statement: str, *, role: str = SUPERUSER) -> list[tuple[Any, ...]]:
        """Run one statement outside any transaction and return its rows, if it has any."""
        with psycopg.connect(self.dsn(database, role=role), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def create(self, *, template: str = "template1") -> str:
        """Make a database, as a copy of *template*, and return its name."""
        name = f"t{uuid.uuid4().hex[:12]}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        with psycopg.connect(self.dsn("postgres", role=SUPERUSER), autocommit=True) as connection:
            connection.execute(statement.format(*map(sql.Identifier, (name, template, OWNER))))
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with psycopg.connect(self.dsn("postgres", role=SUPERUSER), autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name)))


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Run a server with an empty cluster until the block ends."""
    folder, port, user = Path(tempfile.mkdtemp(prefix="strangler-pg-")), free_port(), _user()
    if user:
        shutil.chown(folder, user)
    data, binaries = folder / "data", server_binaries(folder)
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"],
        check=True, capture_output=True, cwd=folder, user=user, extra_groups=[] if user else None,
    )  # fmt: skip
    settings = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "max_connections": 300,
        "shared_buffers": "64MB", "log_min_messages": "fatal",
    }  # fmt: skip
    command = [str(binaries / "postgres"), "-D", str(data), *(f"--{key}={value}" for key, value in settings.items())]
    process = Process.start("postgres", command, folder / "log", environment=os.environ, user=user, folder=folder)
    server = Cluster(folder, port, process)
    try:
        eventually(lambda: _answers(server), what="PostgreSQL answers")
        server.execute("postgres", f"CREATE ROLE {OWNER} LOGIN")
        yield server
    finally:
        process.stop(signal.SIGINT)  # fast shutdown
        shutil.rmtree(folder, ignore_errors=True)


def _answers(server: Cluster) -> bool:
    try:
        server.execute("postgres", "SELECT 1")
    except psycopg.OperationalError:
        assert server.process.alive(), server.process.tail()
        return False
    return True


def _user() -> str | None:
    """PostgreSQL refuses to run as root; this account exists everywhere and owns nothing."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam("nobody").pw_name
