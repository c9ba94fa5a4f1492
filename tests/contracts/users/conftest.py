"""
Where the suite runs: the same bodies against the monolith, the service, and while the users go to and fro.

USERS_CONTRACT_URL and USERS_CONTRACT_TOKEN point the suite at a platform that runs already; what needs its outbox is
skipped then.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.contracts.client import Answer, Client, created
from tests.contracts.moves import served
from tests.support.fixtures import StartPlatform, cluster, start_platform, valkey
from tests.support.platform import Platform
from tests.support.processes import eventually

__all__ = ["cluster", "start_platform", "valkey"]
MOUNT = "/api/users"
GIVEN_URL = os.environ.get("USERS_CONTRACT_URL")
PASSWORD = "correct horse battery"
HOME = {"line1": "1 Elm Road", "city": "Reno", "region": "NV", "postal_code": "89502", "country": "US"}


@pytest.fixture(scope="package", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform) -> Iterator[Platform | None]:
    """Both hosts, each on a database of its own; None when a running platform was given."""
    if GIVEN_URL:
        yield None
        return
    with start_platform(request.param, products=0, services=("users",)) as started:
        yield started


@pytest.fixture(scope="module", params=["monolith", "service", "moving"])
def users_url(request: pytest.FixtureRequest, platform: Platform | None) -> Iterator[str]:
    """The address under test; it decides where the users are served meanwhile."""
    with served(platform, request.param, given=GIVEN_URL) as url:
        yield url


@pytest.fixture(scope="package")
def staff_token(platform: Platform | None) -> str:
    """A token with the scopes users:read and users:write."""
    return os.environ["USERS_CONTRACT_TOKEN"] if platform is None else platform.token


@pytest.fixture
def staff(users_url: str, staff_token: str) -> Client:
    """Somebody who may look at all accounts, and lock them."""
    return Client(users_url, staff_token, MOUNT)


@pytest.fixture
def anybody(users_url: str) -> Client:
    """Somebody unknown."""
    return Client(users_url, None, MOUNT)


class Person:
    """
    Somebody with an account of their own.

    Attributes:
        client: speaks with the access token of the last login.
        tokens: of that login.
    """

    def __init__(self, url: str, **profile: Any) -> None:
        self._url = url
        self.anybody = Client(url, None, MOUNT)
        self.email = f"{uuid.uuid4().hex[:12]}@example.com"
        self.password = PASSWORD
        self.made = created(
            self.anybody.create("/users", {"email": self.email, "password": PASSWORD, "first_name": "Ann", **profile})
        )
        self.id = str(self.made.json["id"])
        self.tokens: dict[str, Any] = {}

    @property
    def client(self) -> Client:
        """Speaks as this person."""
        if not self.tokens:
            self.log_in()
        return Client(self._url, self.tokens["access_token"], MOUNT)

    def log_in(self) -> dict[str, Any]:
        """Begin another session and return its tokens."""
        answer = self.try_password(self.password)
        assert answer.status == 200, answer.content
        self.tokens = answer.json
        return self.tokens

    def try_password(self, password: str) -> Answer:
        """Log in, perhaps."""
        return self.anybody.send("POST", "/auth/token", body={"email": self.email, "password": password})

    def refresh(self, token: str) -> Answer:
        """Exchange a refresh token."""
        return self.anybody.send("POST", "/auth/token/refresh", body={"refresh_token": token})


@pytest.fixture
def ann(users_url: str) -> Person:
    """Somebody who has just made an account."""
    return Person(users_url)


@pytest.fixture
def active(ann: Person, platform: Platform | None) -> Person:
    """Somebody whose e-mail address is proven."""
    token = message(platform, ann, "verification_requested")
    assert ann.anybody.send("POST", "/auth/verify-email", body={"token": token}).status == 202
    return ann


def message(platform: Platform | None, person: Person, kind: str) -> str:
    """Return the token of the latest message of this kind: it is made of the request that the event names."""
    if platform is None:
        pytest.skip("needs a look at the outbox")
    request_id = request_of(platform, person, kind)
    key = hashlib.sha256(b"monolith.users.secrets" + platform.environment["SECRET_KEY"].encode()).digest()
    digest = hmac.digest(key, request_id.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def request_of(platform: Platform, person: Person, kind: str) -> str:
    """Return the id of the latest request for a message of this kind."""
    found = eventually(partial(_told, platform, person, kind), what=f"{kind} was told")
    return str(json.loads(found[-1])["request_id"])


def _told(platform: Platform, person: Person, kind: str) -> list[str]:
    """Look into the outbox of whichever home has the rows; a switch under way may have them in either."""
    statement = (
        f"SELECT payload FROM users_outbox WHERE aggregate_id = '{person.id}' AND type = 'shop.user.{kind}.v1'"
        " ORDER BY sequence"
    )
    return max((_rows(platform, address, statement) for address in platform.homes.values()), key=len)


def _rows(platform: Platform, address: str, statement: str) -> list[str]:
    if platform.kind == "postgres":
        with psycopg.connect(address) as connection:
            return [row[0] for row in connection.execute(statement.encode()).fetchall()]
    with closing(sqlite3.connect(address, timeout=10)) as connection:
        return [row[0] for row in connection.execute(statement).fetchall()]
