"""Backups of a PostgreSQL server, taken and put back with its own programs."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from monolith.config.run.ports import free_port
from monolith.config.run.postgres import ROLE, Postgres
from tests.support.processes import Process, eventually

SUPERUSER = "postgres"


def dump(server: Postgres, database: str) -> bytes:
    """Return a dump of *database*."""
    return _output(server, "pg_dump", "--dbname", server.url(database, role=SUPERUSER))


def restore(server: Postgres, database: str, content: bytes) -> None:
    """Make *database* anew from a dump, whoever is connected."""
    with psycopg.connect(server.url("postgres", role=SUPERUSER), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {database} OWNER {ROLE}".encode())
    _output(server, "psql", "--quiet", "--dbname", server.url(database, role=SUPERUSER), input=content)


@contextmanager
def promoted_copy(server: Postgres) -> Iterator[Postgres]:
    """Run a standby of *server* that has been promoted, as after a failover, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="strangler-standby-"))
    user = pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    copy = replace(server, folder=folder, port=free_port())
    data = folder / "data"
    address = server.url("postgres", role=SUPERUSER)
    command = ["pg_basebackup", "--pgdata", str(data), "--checkpoint", "fast", "--write-recovery-conf"]
    _output(server, *command, "--dbname", address, user=user)
    argv = [str(server.binaries / "postgres"), "-D", str(data)]
    settings = {
        "listen_addresses": "127.0.0.1", "port": copy.port, "unix_socket_directories": "", "fsync": "off",
        "max_connections": 300, "max_worker_processes": 64, "max_wal_senders": 32, "wal_level": "logical",
        "max_replication_slots": 32,
    }  # fmt: skip
    argv += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    process = Process.start("standby", argv, folder / "log", environment=os.environ, user=user, folder=folder)
    try:
        eventually(copy.answers, what="the standby answers")
        with psycopg.connect(copy.url("postgres", role=SUPERUSER), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")
        yield copy
    finally:
        process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _output(
    server: Postgres, program: str, *arguments: str, input: bytes | None = None, user: str | None = None
) -> bytes:
    return subprocess.run(
        [server.binaries / program, *arguments],
        check=True, capture_output=True, input=input, user=user, extra_groups=[] if user else None, cwd="/",
    ).stdout  # fmt: skip
