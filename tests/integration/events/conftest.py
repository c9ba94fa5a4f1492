"""Workers of both homes on one PostgreSQL server and one Valkey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count

import pytest

from tests.integration.events.workers import HOMES, Workers, two_homes
from tests.support.cluster import Cluster
from tests.support.fixtures import cluster, unwound_by_sigterm, valkey  # noqa: F401  fixtures

StartWorkers = Callable[..., AbstractContextManager[Workers]]


@pytest.fixture(scope="session")
def start_workers(cluster: Cluster, valkey: str) -> StartWorkers:  # noqa: F811
    """A function (*homes, **variables) that runs their workers as a context manager, with queues of their own."""
    numbers = count()
    return lambda *homes, **variables: two_homes(cluster, _database(valkey, next(numbers)), *homes, **variables)


def _database(valkey: str, number: int) -> str:  # noqa: F811
    return f"{valkey.rpartition('/')[0]}/{number}"


@pytest.fixture(scope="module")
def workers(start_workers: StartWorkers) -> Iterator[Workers]:
    """Both homes; a test leaves the rows with the home in which it found them, or moves them and says so."""
    with start_workers(*HOMES) as running:
        yield running
