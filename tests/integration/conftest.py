"""Two homes of the sample capability, on PostgreSQL and on SQLite, fresh for each test."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from monolith.config.run.postgres import ROLE
from strangler.conf import get_conf
from strangler.models import Ownership
from strangler.state.identity import renew_identity
from tests.settings import STRANGLER
from tests.support.streams import end_streams

ALIASES = {"default": "monolith", "sample_service": "service"}


@dataclass
class Homes:
    """The two databases of one test."""

    vendor: str
    dsn: dict[str, str]

    @property
    def monolith(self):
        return connections["default"]

    @property
    def service(self):
        return connections["sample_service"]

    def of(self, home):
        return self.monolith if home == "monolith" else self.service


def _postgres_entries(server, databases):
    return {
        alias: {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": database,
            "USER": "strangler",
            "PASSWORD": server.password,
            "HOST": "127.0.0.1",
            "PORT": server.port,
        }
        for alias, database in databases.items()
    }


def _sqlite_entries(folder, original):
    return {alias: {**original[alias], "NAME": folder / f"{alias}.sqlite3"} for alias in ALIASES}


def _use(entries):
    for alias in entries:
        connections[alias].close()
        del connections[alias]
    connections.settings.update(connections.configure_settings(entries))


@contextmanager
def _using(entries):
    original = {alias: connections.settings[alias] for alias in ALIASES}
    _use(entries)
    try:
        yield
    finally:
        _use(original)


def _migrate():
    """Migrate for every capability, whatever the test that happens to come first has changed."""
    with override_settings(STRANGLER=STRANGLER):
        for alias in ALIASES:
            call_command("migrate", database=alias, verbosity=0)


@pytest.fixture(scope="session")
def postgres_templates(postgres, django_db_blocker):
    """Migrated databases to copy from: much faster than migrating for every test."""
    templates = {alias: f"{name}_template" for alias, name in ALIASES.items()}
    postgres.ensure_databases(*templates.values())
    with django_db_blocker.unblock(), _using(_postgres_entries(postgres, templates)):
        _migrate()
    return postgres


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory, django_db_blocker):
    """Migrated files to copy from."""
    folder = tmp_path_factory.mktemp("templates")
    original = {alias: connections.settings[alias] for alias in ALIASES}
    with django_db_blocker.unblock(), _using(_sqlite_entries(folder, original)):
        _migrate()
        for alias in ALIASES:
            connections[alias].cursor().execute("PRAGMA journal_mode=DELETE")
    return folder


def _make_originals():
    """Let the copies be taken for databases of their own, not for restored ones."""
    for alias in ALIASES:
        for capability in Ownership.objects.using(alias).values_list("capability", flat=True):
            renew_identity(connections[alias], capability)


def _fresh_postgres(server):
    with psycopg.connect(server.url("postgres", role="postgres"), autocommit=True) as connection:
        for name in ALIASES.values():
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                end_streams(server.url(name, role="postgres"))
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {name}_template OWNER {ROLE}")
    return _postgres_entries(server, ALIASES)


def _fresh_sqlite(templates, folder):
    for alias in ALIASES:
        shutil.copy(templates / f"{alias}.sqlite3", folder)
    return _sqlite_entries(folder, {alias: connections.settings[alias] for alias in ALIASES})


@pytest.fixture(params=["postgresql", "sqlite"])
def homes(request, tmp_path, django_db_blocker):
    """Two migrated databases; the monolith owns the capability, the service is fenced."""
    dsn = {}
    with django_db_blocker.unblock():
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_templates")
            entries = _fresh_postgres(server)
            dsn = {database: server.url(database) for database in ALIASES.values()}
        else:
            entries = _fresh_sqlite(request.getfixturevalue("sqlite_templates"), tmp_path)
        with _using(entries):
            _make_originals()
            yield Homes(request.param, dsn)


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def service(settings):
    """A service that says that it is ready."""
    with HTTPServer(("127.0.0.1", 0), _Ready) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        change_capability(settings, service_url=address)
        yield address
        server.shutdown()
        thread.join()


def change_capability(settings, **values):
    """Change settings of the sample capability for one test."""
    strangler = settings.STRANGLER
    sample = {**strangler["CAPABILITIES"]["sample"], **values}
    settings.STRANGLER = {**strangler, "CAPABILITIES": {**strangler["CAPABILITIES"], "sample": sample}}
    assert get_conf().capabilities["sample"]
