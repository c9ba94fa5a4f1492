"""Real servers for the fault tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fixtures import *  # noqa: F403
from tests.support.fixtures import PRODUCTS
from tests.support.networks import Network, why_not
from tests.support.platform import Platform, running_platform
from tests.support.servers import parted_servers

Parted = tuple[Platform, Network]


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
