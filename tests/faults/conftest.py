"""Real servers for the fault tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster
from tests.support.fixtures import *  # noqa: F403
from tests.support.fixtures import PRODUCTS
from tests.support.networks import Network, why_not
from tests.support.platform import Platform, running_platform
from tests.support.servers import parted_servers, two_servers

Parted = tuple[Platform, Network]


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Cluster]]:
    """A PostgreSQL server for each home."""
    with two_servers() as both:
        yield both


@pytest.fixture(scope="module")
def two_server_platform(servers: dict[str, Cluster], valkey: str) -> Iterator[Platform]:
    """Two hosts, each with its database on a server of its own, shared by the tests of a module."""
    with running_platform(servers, products=PRODUCTS, CACHE_URL=valkey) as platform:
        yield platform


@pytest.fixture(scope="module")
def parted(valkey: str) -> Iterator[Parted]:
    """The same, with a network between the servers that can be cut."""
    if reason := why_not():
        pytest.skip(reason)
    with (
        parted_servers() as (servers, network),
        running_platform(servers, products=PRODUCTS, CACHE_URL=valkey) as platform,
    ):
        yield platform, network
