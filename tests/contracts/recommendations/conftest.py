"""
Where the suite runs: the same bodies against the monolith, the service, and while recommendations go to and fro.

Orders stay in the monolith; what they tell comes to whichever home has the rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.client import Client
from tests.contracts.moves import served
from tests.support.fixtures import StartPlatform, cluster, start_platform, valkey
from tests.support.platform import Platform

__all__ = ["cluster", "start_platform", "valkey"]
MOUNT = "/api/recommendations"


@pytest.fixture(scope="session", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform) -> Iterator[Platform]:
    """Both hosts, each on a database of its own."""
    with start_platform(request.param, products=0, services=("recommendations",)) as started:
        yield started


@pytest.fixture(scope="module", params=["monolith", "service", "moving"])
def recommendations_url(request: pytest.FixtureRequest, platform: Platform) -> Iterator[str]:
    """The address under test; it decides where recommendations are served meanwhile."""
    with served(platform, request.param) as url:
        yield url


@pytest.fixture
def anybody(recommendations_url: str) -> Client:
    """Somebody unknown."""
    return Client(recommendations_url, None, MOUNT)
