"""
Where the suite runs: the same bodies against the monolith, the service, and while the notifications go to and fro.

The mail server is in this process, on a real socket; people make their accounts as anybody does.
"""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any, cast

import pytest

from monolith.notifications.sandbox.server import MailServer
from tests.contracts.client import Client
from tests.contracts.moves import served
from tests.contracts.users.conftest import Person
from tests.support.fixtures import StartPlatform, cluster, start_platform, unwound_by_sigterm, valkey
from tests.support.platform import Platform
from tests.support.processes import eventually

__all__ = ["cluster", "start_platform", "unwound_by_sigterm", "valkey"]
MOUNT = "/api/notifications"


class Mailbox:
    """What has arrived, for everybody."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def of(self, person: Person) -> list[EmailMessage]:
        """Return what somebody got, in its order."""
        files = sorted(self._server.folder.glob("*.eml"))
        mails = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
        return [cast(EmailMessage, mail) for mail in mails if mail["To"] == person.email]

    def wait(self, person: Person, subject: str) -> EmailMessage:
        """Return the only mail of this subject that somebody has got, as soon as it is there."""
        (mail,) = eventually(
            lambda: [one for one in self.of(person) if one["Subject"] == subject],
            what=f"{subject!r} has arrived",
            timeout_s=60,
        )
        return mail


@pytest.fixture(scope="package")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    """A mail server on a free port."""
    with MailServer(("127.0.0.1", 0), tmp_path_factory.mktemp("mails")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="package", params=["postgres", "sqlite"])
def platform(
    request: pytest.FixtureRequest, start_platform: StartPlatform, mail_server: MailServer
) -> Iterator[Platform]:
    """Both hosts, each on a database of its own."""
    where = {"NOTIFICATIONS_SMTP": f"smtp://127.0.0.1:{mail_server.server_address[1]}"}
    with start_platform(request.param, products=0, services=("notifications",), **where) as started:
        yield started


@pytest.fixture
def mailbox(mail_server: MailServer) -> Mailbox:
    """What has arrived."""
    return Mailbox(mail_server)


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
