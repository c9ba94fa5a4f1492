"""What stays the same when the users change their home."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.client import Client, created
from tests.contracts.expectations import is_problem
from tests.contracts.moves import OTHER, move
from tests.contracts.users.conftest import GIVEN_URL, HOME, MOUNT, PASSWORD, Person, message
from tests.support.platform import Platform

pytestmark = pytest.mark.skipif(GIVEN_URL is not None, reason="needs a platform of its own")


@pytest.fixture(params=["monolith", "service"])
def home(request: pytest.FixtureRequest, platform: Platform) -> str:
    """Where the users are at first."""
    move(platform, request.param)
    return str(request.param)


@pytest.fixture
def users_url(platform: Platform, home: str) -> str:
    """The door of the first home, whoever answers behind it."""
    return platform.doors[home]


def test_everything_goes_on_in_the_other_home(platform: Platform, home: str, staff: Client, users_url: str) -> None:
    """Accounts, sessions, keys, what was counted, and tokens that are on their way in a message."""
    ann, bob = Person(users_url), Person(users_url)
    token = message(platform, ann, "verification_requested")
    tokens, used = bob.log_in(), ann.log_in()["refresh_token"]
    ann.refresh(used)
    body, key = {"email": f"{uuid.uuid4().hex}@example.com", "password": PASSWORD}, str(uuid.uuid4())
    made = created(ann.anybody.create("/users", body, key=key))
    address = created(bob.client.create("/users/me/addresses", HOME))
    for _ in range(4):
        bob.try_password("wrong")
    me = bob.client.get("/users/me")
    move(platform, OTHER[home])
    there = Client(platform.doors[OTHER[home]], tokens["access_token"], MOUNT)
    for client in (bob.client, there):
        again = client.get("/users/me")
        assert (again.json, again.etag) == (me.json, me.etag)
        assert client.get("/users/me/addresses").json["data"] == [address.json]
    replay = Client(platform.doors[OTHER[home]], None, MOUNT).create("/users", body, key=key)
    assert (replay.replayed, replay.json) == (True, made.json)
    assert bob.refresh(tokens["refresh_token"]).status == 200
    is_problem(ann.refresh(used), 401, "token_reused")
    assert ann.anybody.send("POST", "/auth/verify-email", body={"token": token}).status == 202
    assert ann.client.get("/users/me").json["status"] == "active"
    is_problem(bob.try_password("wrong"), 401, "invalid_credentials")
    is_problem(bob.try_password(PASSWORD), 423, "account_locked")
    move(platform, home)
    is_problem(bob.try_password(PASSWORD), 423, "account_locked")
    assert staff.get(f"/users/{bob.id}").json["failed_logins"] == 5
