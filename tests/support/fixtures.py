"""
Fixtures of every suite that needs real servers; a suite's conftest imports the ones that it uses.

One PostgreSQL and one Valkey per run; platforms are made of them with databases of their own.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.support.cluster import Cluster, running_cluster
from tests.support.platform import Kind, Platform, running_platform
from tests.support.servers import two_servers
from tests.support.valkey import running_valkey

PRODUCTS = 1_000

StartPlatform = Callable[..., AbstractContextManager[Platform]]

__all__ = [
    "any_platform",
    "cluster",
    "postgres_platform",
    "servers",
    "sqlite_platform",
    "start_platform",
    "two_server_platform",
    "unwound_by_sigterm",
    "valkey",
]


def long_version(*values: Any, timeout_s: int) -> Any:
    """Return a parameter of the version of a test that runs in `make soak` alone."""
    return pytest.param(*values, marks=[pytest.mark.soak, pytest.mark.timeout(timeout_s)])


def sampled(name: str, cases: Sequence[Any], count: int) -> list[Any]:
    """Return a matrix of which CI takes *count* cases, chosen by the run's seed, and `make soak` the others."""
    chosen = set(random.Random(f"{name}:{os.environ['SEED']}").sample(range(len(cases)), count))
    values = (case if isinstance(case, tuple) else (case,) for case in cases)
    return [pytest.param(*v, marks=() if i in chosen else pytest.mark.soak) for i, v in enumerate(values)]


@pytest.fixture(scope="session", autouse=True)
def unwound_by_sigterm() -> Iterator[None]:
    """Let a run that is told to end stop what it started, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL 18 server."""
    with running_cluster() as server:
        yield server


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Cluster]]:
    """A PostgreSQL server for each home."""
    with two_servers() as both:
        yield both


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The address of a Valkey server."""
    with running_valkey() as address:
        yield address


@pytest.fixture(scope="session")
def start_platform(request: pytest.FixtureRequest) -> StartPlatform:
    """A function (kind, *, products, services, settings, **variables) that runs a platform as a context manager."""

    def start(kind: Kind, *, products: int = PRODUCTS, **others: Any) -> AbstractContextManager[Platform]:
        if kind == "sqlite":
            return running_platform(None, products=products, **others)
        cache = request.getfixturevalue("valkey")
        server = request.getfixturevalue("cluster")
        return running_platform(server, products=products, CACHE_URL=cache, **others)

    return start


@pytest.fixture(scope="module")
def postgres_platform(start_platform: StartPlatform) -> Iterator[Platform]:
    """Two hosts on two PostgreSQL databases, shared by the tests of a module."""
    with start_platform("postgres") as platform:
        yield platform


@pytest.fixture(scope="module")
def two_server_platform(servers: dict[str, Cluster], valkey: str) -> Iterator[Platform]:
    """Two hosts, each with its database on a server of its own, shared by the tests of a module."""
    with running_platform(servers, products=PRODUCTS, CACHE_URL=valkey) as platform:
        yield platform


@pytest.fixture(scope="module")
def sqlite_platform(start_platform: StartPlatform) -> Iterator[Platform]:
    """Two hosts on two SQLite files, shared by the tests of a module."""
    with start_platform("sqlite") as platform:
        yield platform


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def any_platform(request: pytest.FixtureRequest) -> Platform:
    """Each kind of platform in turn."""
    platform: Platform = request.getfixturevalue(f"{request.param}_platform")
    return platform
