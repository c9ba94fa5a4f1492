"""Where the suite runs: the same bodies against the monolith, the service, and while risk goes to and fro."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.client import Client
from tests.contracts.moves import served
from tests.support.fixtures import StartPlatform, cluster, start_platform, unwound_by_sigterm, valkey
from tests.support.platform import Platform

__all__ = ["cluster", "start_platform", "unwound_by_sigterm", "valkey"]
MOUNT = "/api/risk"
RULE = {"id": "bulk", "text": "Very many units", "expr": "items > 500", "score": 60, "action": "none"}


@pytest.fixture(scope="package", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform) -> Iterator[Platform]:
    """Both hosts, each on a database of its own."""
    with start_platform(request.param, products=0, services=("risk",)) as started:
        yield started


@pytest.fixture(scope="module", params=["monolith", "service", "moving"])
def risk_url(request: pytest.FixtureRequest, platform: Platform) -> Iterator[str]:
    """The address under test; it decides where risk is served meanwhile."""
    with served(platform, request.param) as url:
        yield url


@pytest.fixture
def staff(risk_url: str, platform: Platform) -> Client:
    """Somebody who keeps the rules."""
    return Client(risk_url, platform.token, MOUNT)


@pytest.fixture
def anybody(risk_url: str) -> Client:
    """Somebody unknown."""
    return Client(risk_url, None, MOUNT)


@pytest.fixture
def draft(staff: Client) -> dict[str, Any]:
    """A draft of one rule."""
    answer = staff.create("/rulesets", {"rules": [RULE], "note": "bulk"})
    assert answer.status == 201, answer.content
    return dict(answer.json)
