"""What stays the same when payments change their home."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.client import Client
from tests.contracts.moves import OTHER, move
from tests.contracts.payments.conftest import MOUNT, Till
from tests.support.platform import Platform
from tests.support.providers import Providers


@pytest.fixture(params=["monolith", "service"])
def home(request: pytest.FixtureRequest, platform: Platform) -> str:
    """Where payments are at first."""
    move(platform, request.param)
    return str(request.param)


@pytest.fixture
def payments_url(platform: Platform, home: str, providers: Providers) -> str:
    """The door of the first home, whoever answers behind it."""
    return platform.doors[home]


@pytest.fixture
def there(platform: Platform, home: str) -> Client:
    """The same person at the door of the other home."""
    return Client(platform.doors[OTHER[home]], platform.token, MOUNT)


def test_payment_goes_on_in_the_other_home(platform: Platform, home: str, there: Client, till: Till) -> None:
    """Authorised here, taken there."""
    row = till.authorized()
    move(platform, OTHER[home])
    assert there.get(f"/payment-intents/{row['id']}").json == row
    assert there.create(f"/payment-intents/{row['id']}:capture", {}).status in (200, 202)
    till.until(row, "succeeded")
    assert till.charges(row) == [("captured", 1, 1999, 0)]


def test_unknown_outcome_is_resolved_in_the_other_home(
    platform: Platform, home: str, there: Client, till: Till
) -> None:
    """Asked here, no answer, moved: the other home asks with the same key."""
    row, key = till.made(), str(uuid.uuid4())
    assert till.confirm(row, "tok_timeout_after", key).json["status"] == "processing"
    move(platform, OTHER[home])
    till.until(row, "requires_capture")
    body = {"payment_method": "tok_timeout_after"}
    again = there.create(f"/payment-intents/{row['id']}:confirm", body, key=key)
    assert (again.status, again.replayed, again.json["status"]) == (200, True, "requires_capture")
    assert till.charges(row) == [("authorized", 1, 0, 0)]


def test_books_are_in_order_in_both_homes(platform: Platform, home: str, till: Till) -> None:
    """Events and rows move together: `verify_payments` runs in either host."""
    till.captured()
    for settings in ("monolith", "payments"):
        done = platform.manage("verify_payments", "--json", settings=settings)
        assert (done.returncode, done.stdout) == (0, '{"differences": []}\n'), done.stderr
