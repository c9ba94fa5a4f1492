"""
Calls as a host makes them, against real processes.

This process plays a host of a running platform: it takes that host's settings, keys and database. So a port's local
binding runs here, and its remote binding meets a real service.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.test import override_settings

from strangler.bindings import loopback
from strangler.bindings.endpoint import served
from strangler.bindings.publication import port_of
from strangler.contract import Port, unbind_ports
from strangler.hosting.databases import database
from strangler.hosting.environment import Environment
from strangler.transport.client import close_upstreams
from tests.bindings.hosts import CAPABILITIES
from tests.support.fixtures import (  # noqa: F401  fixtures
    StartPlatform,
    cluster,
    start_platform,
    unwound_by_sigterm,
    valkey,
)
from tests.support.platform import BEFORE, Platform
from tests.support.processes import free_port
from tests.support.state import writer_of

HOSTS = BEFORE | {"monolith": "tests.bindings.hosts.monolith", "counter": "tests.bindings.hosts.counter"}
SERVICES = ("counter", "inventory", "catalog", "users", "payments", "shipping", "risk", "orders")
CONTROL = "sample_service"  # an alias that the suite's settings have already
BINDINGS = ("local", "loopback", "remote")


@pytest.fixture(scope="package")
def providers_port() -> int:
    """Where every host looks for the payment providers; a module that needs them runs them."""
    return free_port()


@pytest.fixture(scope="package", params=["postgres", "sqlite"])
def platform(
    request: pytest.FixtureRequest,
    start_platform: StartPlatform,  # noqa: F811
    providers_port: int,
) -> Iterator[Platform]:
    """A platform in which each of `SERVICES` has one."""
    where = {"PAYMENTS_SANDBOX_URL": f"http://127.0.0.1:{providers_port}"}
    with start_platform(request.param, products=0, services=SERVICES, settings=HOSTS, **where) as running:
        yield running


@pytest.fixture
def as_host(platform: Platform, django_db_blocker: Any) -> Iterator[Callable[[str], Any]]:
    """A function (name) -> context manager: let this process be that host; `caller` is a host that only calls."""
    with django_db_blocker.unblock():
        yield lambda name: playing(platform, name)


@contextmanager
def playing(platform: Platform, name: str) -> Iterator[None]:
    """Let this process be the host *name* of *platform*."""
    own = {"caller": "monolith"}.get(name, name)
    aliases = {"default": own, CONTROL: "monolith"}
    entries = {alias: _entry(platform, host) for alias, host in aliases.items()}
    before = {alias: connections.settings[alias] for alias in entries if alias in connections.settings}
    _use(entries)
    try:
        with override_settings(STRANGLER=_strangler(platform, name)):
            yield
    finally:
        _use(before)
        _forget()


def _entry(platform: Platform, host: str) -> dict[str, Any]:
    address = platform.databases[host]
    url = address if platform.kind == "postgres" else f"sqlite:///{address}"
    entry = database(Environment({"X": url}), "X", fallback=platform.folder / "none")
    entry["OPTIONS"].pop("pool", None)  # Django keeps a pool by alias, whatever database that has become
    return entry


def _use(entries: dict[str, Any]) -> None:
    for alias in ("default", CONTROL):
        if alias in connections.settings:
            connections[alias].close()
            del connections[alias]
            del connections.settings[alias]
    connections.settings.update(connections.configure_settings(entries))
    _forget()


def _forget() -> None:
    unbind_ports()
    served.cache_clear()
    port_of.cache_clear()
    close_upstreams()


def _strangler(platform: Platform, name: str) -> dict[str, Any]:
    kid, _, secret = platform.environment["STRANGLER_KEYS"].partition(":")
    return {
        "HOST": name,
        "KEYS": {kid: secret},
        "FOLLOW": False,
        "STRICT": True,
        "CONTROL_DATABASE": CONTROL,
        "STATE_DIR": platform.folder / "tests",
        "MONOLITH_URL": platform.public["monolith"],
        "MONOLITH_INTERNAL_URL": platform.internal["monolith"],
        "CAPABILITIES": {c.name: _capability(platform, name, c) for c in CAPABILITIES} | _caller(name),
    }


def _capability(platform: Platform, host: str, capability: Any) -> dict[str, Any]:
    entry = {
        "internal_url": platform.internal[capability.name],
        "app": capability.package.rpartition(".")[2],
        "contract": capability.contract,
    }
    if host in ("monolith", capability.name):
        home = "monolith" if host == "monolith" else "service"
        entry |= {"routes": capability.routes, "databases": {home: "default"}}
    return entry


def _caller(name: str) -> dict[str, Any]:
    routes = [{"prefix": "/caller/"}]
    return (
        {"caller": {"app": "sample", "databases": {"service": "default"}, "routes": routes}} if name == "caller" else {}
    )


@pytest.fixture(scope="module", params=BINDINGS)
def binding(request: pytest.FixtureRequest) -> str:
    """Each way in which a call can go; the tests of a module run binding by binding."""
    name: str = request.param
    return name


@contextmanager
def bound(port: Port[Any], platform: Platform, binding: str) -> Iterator[Any]:
    """Call *port* as the monolith does: its own home, through the wire's form, or the service that has the rows."""
    seen = platform.of(port.name)
    home = "service" if binding == "remote" else "monolith"
    move(seen, home)
    with playing(platform, "monolith"):
        if binding == "loopback":
            with loopback(port) as client:
                yield client
        else:
            yield port()


def move(platform: Platform, home: str) -> None:
    """Let the platform's capability live in *home*."""
    if writer_of(platform) != home:
        platform.strangler("toggle", platform.capability, home, "--yes")


def rows(platform: Platform, home: str, statement: str) -> list[tuple[Any, ...]]:
    """Read the database of one home as it is, past everything of ours."""
    address = platform.homes[home]
    if platform.kind == "postgres":
        with psycopg.connect(address) as connection:
            return connection.execute(statement.encode()).fetchall()
    with closing(sqlite3.connect(address)) as connection:
        return connection.execute(statement).fetchall()
