from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.events.pair import Pair, running_pair
from tests.support.fixtures import (  # noqa: F401  fixtures
    StartPlatform,
    cluster,
    start_platform,
    unwound_by_sigterm,
    valkey,
)


@pytest.fixture(scope="module", params=["embedded", "celery"])
def pair(request: pytest.FixtureRequest, start_platform: StartPlatform) -> Iterator[Pair]:  # noqa: F811
    """A publisher and a subscriber: on SQLite files with nothing else, and on PostgreSQL with workers and a broker."""
    kinds: dict[str, Any] = {"embedded": {"kind": "sqlite", "workers": False}, "celery": {"kind": "postgres"}}
    with running_pair(start_platform, **kinds[request.param]) as running:
        yield running
