"""Two homes whose rows flow, shared by a module: each test leaves them as it found them, by the doctor's help."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connections, transaction
from django.test import override_settings

from monolith.config.run.postgres import ROLE
from strangler.doctor import examine, repair
from strangler.fence import fence_of, tables_of
from strangler.models import Capability, Stream
from strangler.replication import flow_of, stream_of
from tests.integration.conftest import ALIASES, _make_originals, _postgres_entries, _using
from tests.support.processes import eventually
from tests.support.streams import end_streams

NAMES = {alias: f"doctor_{home}" for alias, home in ALIASES.items()}


def codes():
    """What the doctor finds."""
    return {finding.code for finding in examine()}


def only(code):
    """The one finding of a kind; there is no other kind."""
    found = examine()
    assert {f.code for f in found} == {code}, found
    return found[0]


def mend(*expected):
    """Repair everything, and see that it was what is expected and that nothing is left."""
    done = repair(examine())
    assert [f.code for f in done] == list(expected), done
    assert eventually(lambda: not examine(), what=f"nothing is found any more: {examine()}")
    return done


@dataclass
class Patient:
    """The sample capability between two databases of one server."""

    server: object

    def sql(self, home, statement, *parameters):
        """Run a statement as the superuser, past every fence."""
        name = f"doctor_{home}"
        with closing(psycopg.connect(self.server.url(name, role="postgres"), autocommit=True)) as connection:
            connection.execute("SET session_replication_role = replica")
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def stream(self, target):
        source = "monolith" if target == "service" else "service"
        return stream_of("logical", flow_of("sample", source, target))

    def flow(self, target, *, copy=True, state=Stream.STREAMING):
        """Let rows flow, as a mover does."""
        stream = self.stream(target)
        stream.arm()
        stream.start(copy=copy)
        self.record(target, state)
        if copy:
            eventually(lambda: stream.progress().done, what="every table is in step")
        eventually(lambda: not stream.lag().problem, what=f"the stream runs: {stream.lag()}")

    def record(self, target, state=Stream.STREAMING):
        source = "monolith" if target == "service" else "service"
        defaults = {"source": source, "kind": "logical", "state": state}
        Stream.objects.update_or_create(capability="sample", target=target, defaults=defaults)

    def in_stage(self, stage, owner="monolith", epoch=1):
        """Let table, rows and fences say so, as they do when nothing is under way."""
        values = {"stage": stage, "writer": owner, "epoch": epoch, "switching": False}
        Capability.objects.update_or_create(name="sample", defaults=values)
        for home in ALIASES.values():
            self.sql(home, "UPDATE strangler_ownership SET owner = %s, epoch = %s", owner, epoch)
            connection = connections["default" if home == "monolith" else "sample_service"]
            with transaction.atomic(using=connection.alias):
                fence_of(connection).install("sample", tables_of("sample"))
                if home == owner:
                    fence_of(connection).disable(tables_of("sample"))
                else:
                    fence_of(connection).enable("sample", tables_of("sample"))

    def empty(self):
        """Take every stream away, and all rows."""
        for home in ALIASES.values():
            end_streams(self.server.url(f"doctor_{home}", role="postgres"))
        for home in ALIASES.values():
            for (name,) in self.sql(home, "SELECT pubname FROM pg_publication"):
                self.sql(home, f"DROP PUBLICATION {name}")
            self.sql(home, "TRUNCATE sample_shelf, sample_book, sample_tag, sample_book_tags, strangler_marker")
        Stream.objects.all().delete()


@pytest.fixture(scope="module")
def _databases(postgres_templates, django_db_blocker):
    server = postgres_templates
    sample = {"sample": django_settings.STRANGLER["CAPABILITIES"]["sample"]}
    with (
        django_db_blocker.unblock(),
        psycopg.connect(server.url("postgres", role="postgres"), autocommit=True) as connection,
        override_settings(STRANGLER={**django_settings.STRANGLER, "CAPABILITIES": sample}),
    ):
        connection.execute("ALTER SYSTEM SET wal_retrieve_retry_interval = '100ms'")
        connection.execute("ALTER SYSTEM SET wal_receiver_status_interval = '1s'")
        connection.execute("SELECT pg_reload_conf()")
        for alias, name in NAMES.items():
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {ALIASES[alias]}_template OWNER {ROLE}")
        with _using(_postgres_entries(server, NAMES)):
            _make_originals()
            yield Patient(server)
        for name in NAMES.values():
            end_streams(server.url(name, role="postgres"))
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute("ALTER SYSTEM RESET ALL")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def synced(_databases):
    """Rows flow to the service."""
    _databases.empty()
    _databases.in_stage("synced")
    _databases.flow("service")
    assert not examine(), examine()
    return _databases


@pytest.fixture
def monolith(_databases):
    """Nothing has moved."""
    _databases.empty()
    _databases.in_stage("monolith")
    assert not examine(), examine()
    return _databases


@pytest.fixture
def extracted(_databases):
    """The service writes, and rows flow back."""
    _databases.empty()
    _databases.in_stage("extracted", "service", 2)
    _databases.flow("monolith", copy=False)
    assert not examine(), examine()
    return _databases
