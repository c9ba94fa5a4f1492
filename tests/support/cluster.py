"""A PostgreSQL server for a whole test run, with databases made from templates."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from monolith.config.run.account import server_binaries
from tests.support.processes import Process, eventually, free_port
from tests.support.streams import end_streams

OWNER = "strangler"
"""The hosts' role: it owns its databases and is no superuser."""
SUPERUSER = "postgres"
_WITHOUT_SUPERUSER, _COUNTS_ORIGINS = 16, 18
PASSWORD = secrets.token_urlsafe(24)
MOVES_MAX = 64
"""Streams of rows at one time, over all platforms of a run."""
SETTINGS: dict[str, Any] = {
    "wal_level": "logical", "max_replication_slots": MOVES_MAX, "max_wal_senders": MOVES_MAX,
    "max_logical_replication_workers": MOVES_MAX, "max_worker_processes": 2 * MOVES_MAX,
    "max_active_replication_origins": MOVES_MAX,
    "max_sync_workers_per_subscription": 4, "scram_iterations": 1, "unix_socket_directories": "",
    "max_connections": 300, "shared_buffers": "64MB", "fsync": "off", "full_page_writes": "off",
    "log_min_messages": "warning",
}  # fmt: skip
"""What is committed outlives the server, but not the machine: nothing of a test run has to."""


@dataclass(slots=True)
class Cluster:
    """
    A server that can be killed and started again; both roles have the same password, for a subscription of a plain
    role must have one.

    Attributes:
        host: the address on which it listens and under which everybody knows it.
        entry: words before the server's command that take it to where that address is.
        programs: the folder of another version's programs than the wheel's.
    """

    folder: Path
    port: int
    host: str = "127.0.0.1"
    entry: tuple[str, ...] = ()
    programs: Path | None = None
    templates: dict[str, str] = field(default_factory=dict)
    _process: Process | None = None

    @property
    def process(self) -> Process:
        """The server's main process. Raises: AssertionError, when it does not run."""
        assert self._process, f"the server on port {self.port} does not run"
        return self._process

    def program(self, name: str) -> str:
        """Return the path of one of the server's programs."""
        return str((self.programs or server_binaries(self.folder)) / name)

    @property
    def major(self) -> int:
        """The server's major version."""
        said = subprocess.run([self.program("postgres"), "--version"], check=True, capture_output=True, text=True)
        return int(said.stdout.split()[2].partition(".")[0])

    def start(self) -> None:
        """Start the server on its data and wait until it answers."""
        settings = SETTINGS | {"listen_addresses": self.host, "port": self.port}
        if self.major < _WITHOUT_SUPERUSER:
            del settings["scram_iterations"]
        if self.major < _COUNTS_ORIGINS:
            del settings["max_active_replication_origins"]
        command = [self.program("postgres"), "-D", str(self.folder / "data")]
        command += [f"--{key}={value}" for key, value in settings.items()]
        user = _user()
        if self.entry and user:
            command, user = [*self.entry, *_as_user(user), *command], None
        self._process = Process.start(
            "postgres", command, self.folder / "log", environment=os.environ, user=user, folder=self.folder
        )
        eventually(lambda: _answers(self), what=f"PostgreSQL answers\n{self._process.tail()}", timeout_s=60)

    def kill(self) -> None:
        """SIGKILL the server and all its backends, as if the machine had lost its power."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        for backend in family:  # each leads a group of its own, and would end what it is doing
            with suppress(psutil.NoSuchProcess):
                backend.kill()
        _, left = psutil.wait_procs(family, timeout=20)
        assert not left, left
        self._process = None

    def stop(self) -> None:
        """Stop the server, if it runs."""
        if self._process:
            self._process.stop(signal.SIGINT)  # fast shutdown

    def dsn(self, database: str, *, role: str = OWNER) -> str:
        """Return the address of *database* for *role*."""
        return f"postgresql://{role}:{PASSWORD}@{self.host}:{self.port}/{database}"

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
        """Drop a database, whoever is connected, and the streams of rows from and to it."""
        end_streams(self.dsn(name, role=SUPERUSER))
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with psycopg.connect(self.dsn("postgres", role=SUPERUSER), autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name)))


@contextmanager
def running_cluster(
    host: str = "127.0.0.1", entry: Sequence[str] = (), programs: Path | None = None
) -> Iterator[Cluster]:
    """Run a server with an empty cluster until the block ends; for the arguments see `Cluster`."""
    server = Cluster(Path(tempfile.mkdtemp(prefix="strangler-pg-")), free_port(), host, tuple(entry), programs)
    try:
        _initialise(server)
        server.start()
        _make_owner(server)
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


def _make_owner(server: Cluster) -> None:
    """Before 16 only a superuser may subscribe, so there it is one."""
    able = "REPLICATION" if server.major >= _WITHOUT_SUPERUSER else "SUPERUSER"
    server.execute("postgres", f"CREATE ROLE {OWNER} LOGIN {able} PASSWORD '{PASSWORD}'")
    if able == "REPLICATION":
        server.execute("postgres", f"GRANT pg_create_subscription TO {OWNER}")


def _initialise(server: Cluster) -> None:
    folder, user = server.folder, _user()
    if user:
        shutil.chown(folder, user)
    password = folder / "password"
    password.write_text(PASSWORD)
    subprocess.run(
        [server.program("initdb"), "-D", folder / "data", "-U", SUPERUSER, "--auth=scram-sha-256",
         f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8"],
        check=True, capture_output=True, cwd=folder, user=user, extra_groups=[] if user else None,
    )  # fmt: skip
    with (folder / "data" / "pg_hba.conf").open("a") as rules:
        rules.write("host all,replication all 0.0.0.0/0 scram-sha-256\n" if server.entry else "")


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


def _as_user(name: str) -> list[str]:
    account = pwd.getpwnam(name)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
