"""A server that is not set up for rows that flow, and what it writes into its log."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from monolith.config.run.ports import free_port
from monolith.config.run.postgres import Postgres
from strangler.doctor.case import Case, Place
from strangler.doctor.serverlog import last_error
from strangler.doctor.servers import servers
from strangler.models import Stream
from strangler.routing import CapabilityState
from strangler.state import Owned
from tests.integration.conftest import _postgres_entries, _use
from tests.support.processes import Process, eventually

POOR = {
    "wal_level": "replica", "max_logical_replication_workers": 0, "logging_collector": "on", "log_directory": "log",
    "log_line_prefix": "%m [%p] ", "log_min_messages": "info",
}  # fmt: skip


@contextmanager
def running(settings):
    folder = Path(tempfile.mkdtemp(prefix="strangler-poor-"))
    folder.chmod(0o755)
    server = Postgres(folder, free_port(), "test")
    try:
        server.initialise()
        program = server.program()
        argv = [*program.argv, *(part for key, value in settings.items() for part in ("-c", f"{key}={value}"))]
        process = Process.start(
            "poor", argv, folder / "log", environment=os.environ, user=program.user, folder=program.directory
        )
        try:
            eventually(server.answers, what="the server answers")
            server.ensure_databases("poor")
            yield server
        finally:
            process.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def superuser(server, statement):
    with closing(psycopg.connect(server.url("poor", role="postgres"), autocommit=True)) as connection:
        connection.execute(statement)


@pytest.fixture(scope="module")
def poor():
    with running(POOR) as server:
        yield server


@pytest.fixture
def connection(poor, homes, sample_alone):
    own = {alias: connections.settings[alias] for alias in ("default", "sample_service")}
    _use({**own, **_postgres_entries(poor, {"sample_service": "poor"})})
    yield connections["sample_service"]
    _use(own)


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_server_that_cannot_take_part_is_named(poor, connection):
    """Somebody has changed its settings while rows flow."""
    superuser(
        poor,
        "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=9' PUBLICATION p"
        " WITH (connect = false, slot_name = 's')",
    )
    superuser(poor, "ALTER SUBSCRIPTION s ENABLE")
    Stream.objects.create(
        capability="sample", source="monolith", target="service", kind="logical", state=Stream.STREAMING
    )
    place = Place("service", connection, Owned("monolith", 1), "")
    found = list(servers(Case("sample", CapabilityState("sample"), None, {"service": place})))
    assert {f.code: f.level for f in found} == {"wal-level": "error", "workers-exhausted": "error"}
    assert "wal_level = replica" in found[0].what
    superuser(poor, "ALTER SUBSCRIPTION s DISABLE")
    superuser(poor, "ALTER SUBSCRIPTION s SET (slot_name = NONE)")
    superuser(poor, "DROP SUBSCRIPTION s")


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_the_log_says_why_if_the_role_may_read_it(poor, connection):
    assert last_error(connection, "s") == ""
    for statement in (
        "GRANT pg_monitor TO strangler",
        "GRANT pg_read_server_files TO strangler",
        "GRANT EXECUTE ON FUNCTION pg_read_file(text, bigint, bigint), pg_stat_file(text) TO strangler",
    ):
        superuser(poor, statement)
    with psycopg.connect(poor.url("poor", role="postgres"), autocommit=True) as worker:
        worker.execute(
            "DO $$ BEGIN RAISE LOG 'logical replication apply worker for subscription \"s\" has started'; END $$"
        )
        with pytest.raises(psycopg.Error):
            worker.execute("INSERT INTO nowhere VALUES (1)")
    told = eventually(lambda: last_error(connection, "s"), what="the log is written")
    assert told == 'Its server says: relation "nowhere" does not exist at character 13.'
    assert last_error(connection, "another") == ""
