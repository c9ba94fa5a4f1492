"""Two homes of the sample capability, on PostgreSQL and on SQLite, fresh for each test."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections

from strangler.conf import get_conf

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


def _postgres_entries(server):
    return {
        alias: {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": database,
            "USER": "strangler",
            "PASSWORD": server.password,
            "HOST": "127.0.0.1",
            "PORT": server.port,
        }
        for alias, database in ALIASES.items()
    }


def _sqlite_entries(folder, original):
    return {alias: {**original[alias], "NAME": folder / f"{alias}.sqlite3"} for alias in ALIASES}


def _use(entries):
    for alias in entries:
        connections[alias].close()
        del connections[alias]
    connections.settings.update(connections.configure_settings(entries))


@pytest.fixture(params=["postgresql", "sqlite"])
def homes(request, tmp_path, django_db_blocker):
    """Two migrated databases; the monolith owns the capability, the service is fenced."""
    original = {alias: connections.settings[alias] for alias in ALIASES}
    dsn = {}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        entries = _postgres_entries(server)
        dsn = {database: server.url(database) for database in ALIASES.values()}
        for url in dsn.values():
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    else:
        entries = _sqlite_entries(tmp_path, original)
    with django_db_blocker.unblock():
        _use(entries)
        for alias in ALIASES:
            call_command("migrate", database=alias, verbosity=0)
        yield Homes(request.param, dsn)
        _use(original)


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
