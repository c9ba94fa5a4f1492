"""Two databases of each kind, in transactions that end with the test: shapes are built and gone in milliseconds."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.module_loading import import_string

from strangler.replication import Flow
from tests.support.cluster import PASSWORD, Cluster
from tests.support.fixtures import cluster, long_version
from tests.support.processes import Process, eventually, free_port
from tests.support.versions import VERSIONS, programs_of

__all__ = ["cluster"]

OLDEST = min(VERSIONS)


@dataclass
class Pair:
    """The homes `here` and `there`."""

    here: BaseDatabaseWrapper
    there: BaseDatabaseWrapper

    @property
    def vendor(self) -> str:
        return self.here.vendor

    def build(self, here: str, there: str | None = None) -> None:
        """Run statements in both homes, or other ones in each."""
        for connection, script in ((self.here, here), (self.there, here if there is None else there)):
            for statement in filter(str.strip, script.split(";")):
                with connection.cursor() as cursor:
                    cursor.execute(statement)

    def flow(self, *tables: str, capability: str = "sample") -> Flow:
        return Flow(capability, "monolith", "service", tables, self.here, self.there)


def wrapper(alias: str, **values: object) -> BaseDatabaseWrapper:
    """Return a connection that Django does not know by name."""
    entry = connections.configure_settings({"default": {"ENGINE": "", "NAME": ""}, alias: values})[alias]
    made: BaseDatabaseWrapper = import_string(f"{values['ENGINE']}.base.DatabaseWrapper")(entry, alias)
    return made


def postgres_wrapper(alias: str, server: Cluster, database: str, role: str = "strangler") -> BaseDatabaseWrapper:
    return wrapper(
        alias,
        ENGINE="django.db.backends.postgresql",
        NAME=database,
        USER=role,
        PASSWORD=PASSWORD,
        HOST="127.0.0.1",
        PORT=server.port,
    )


@contextmanager
def running_oldest(folder: Path, programs: Path) -> Iterator[Cluster]:
    """Run the oldest version, whose plain roles may do less than those of `Cluster`."""
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
        for parent in folder.parents[:2]:
            parent.chmod(0o755)
    data, port = folder / "data", free_port()
    command = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, user=user, extra_groups=[] if user else None)
    settings = {"port": port, "unix_socket_directories": "", "fsync": "off", "wal_level": "logical"}
    arguments = [str(programs / "postgres"), "-D", str(data), *(f"--{key}={value}" for key, value in settings.items())]
    process = Process.start("postgres", arguments, folder / "log", environment=os.environ, user=user, folder=folder)
    server = Cluster(folder, port)
    try:
        eventually(lambda: "ready to accept" in process.tail(), what="the oldest PostgreSQL answers")
        server.execute("postgres", "CREATE ROLE strangler LOGIN REPLICATION")
        yield server
    finally:
        process.stop()


@pytest.fixture(scope="session")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    try:
        programs = programs_of(OLDEST)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    with running_oldest(tmp_path_factory.mktemp("oldest"), programs) as server:
        yield server


SERVERS = ["cluster", long_version("oldest", timeout_s=300)]


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Cluster:
    """The newest version, and the oldest in the long run."""
    found: Cluster = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def databases(server: Cluster) -> Iterator[tuple[str, str]]:
    """Two empty databases on one server."""
    here, there = server.create(), server.create()
    yield here, there
    for name in (here, there):
        server.drop(name)


@contextmanager
def _undone(pair: Pair) -> Iterator[Pair]:
    homes = (pair.here, pair.there)
    for connection in homes:
        connection.set_autocommit(False)
    try:
        yield pair
    finally:
        for connection in homes:
            connection.rollback()
            connection.close()


@pytest.fixture
def postgres_pair(server, databases, django_db_blocker):
    """Two PostgreSQL databases."""
    with django_db_blocker.unblock():
        homes = (
            postgres_wrapper(alias, server, name) for alias, name in zip(("here", "there"), databases, strict=True)
        )
        with _undone(Pair(*homes)) as pair:
            yield pair


@pytest.fixture
def sqlite_pair(tmp_path, django_db_blocker):
    """Two SQLite files."""
    with django_db_blocker.unblock():
        homes = (
            wrapper(alias, ENGINE="django.db.backends.sqlite3", NAME=tmp_path / alias) for alias in ("here", "there")
        )
        with _undone(Pair(*homes)) as pair:
            yield pair
