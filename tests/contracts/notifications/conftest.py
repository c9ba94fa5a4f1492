"""
Where the suite runs: the same bodies against the monolith, the service, and while the notifications go to and fro.

The mail server is a process of its own; people make their accounts as anybody does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.client import Client
from tests.contracts.moves import served
from tests.contracts.users.conftest import Person
from tests.support.fixtures import StartPlatform, cluster, start_platform, unwound_by_sigterm, valkey
from tests.support.mails import Mails, running_mails
from tests.support.platform import Platform

__all__ = ["cluster", "start_platform", "unwound_by_sigterm", "valkey"]
MOUNT = "/api/notifications"


@pytest.fixture(scope="package")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mails]:
    """A mail server on a free port, and what has arrived, for everybody."""
    with running_mails(tmp_path_factory.mktemp("mails")) as mails:
        yield mails


@pytest.fixture(scope="package", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform, mailbox: Mails) -> Iterator[Platform]:
    """Both hosts, each on a database of its own."""
    where = {"NOTIFICATIONS_SMTP": mailbox.url}
    with start_platform(request.param, products=0, services=("notifications",), **where) as started:
        yield started


@pytest.fixture(scope="module", params=["monolith", "service", "moving"])
def notifications_url(request: pytest.FixtureRequest, platform: Platform) -> Iterator[str]:
    """The address under test; it decides where the notifications are served meanwhile."""
    with served(platform, request.param) as url:
        yield url


@pytest.fixture
def staff(notifications_url: str, platform: Platform) -> Client:
    """Somebody who looks after the mail."""
    return Client(notifications_url, platform.token, MOUNT)


@pytest.fixture
def anybody(notifications_url: str) -> Client:
    """Somebody unknown."""
    return Client(notifications_url, None, MOUNT)


@pytest.fixture
def ann(notifications_url: str, platform: Platform) -> Person:
    """Somebody who has just made an account; users stay in the monolith."""
    return Person(platform.public["monolith"])


def told(person: Person, **more: Any) -> dict[str, Any]:
    """Return what somebody is to be told."""
    return {"recipient": person.id, "dedupe_key": "k", "template": "order_shipped", "data": {"number": "A-1"}, **more}
