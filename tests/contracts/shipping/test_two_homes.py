"""What stays the same when shipping changes its home."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.client import Client
from tests.contracts.expectations import is_problem
from tests.contracts.moves import OTHER, move
from tests.contracts.shipping.conftest import HOME, LINE, MOUNT, Desk
from tests.support.carriers import Carriers
from tests.support.platform import Platform


@pytest.fixture(params=["monolith", "service"])
def home(request: pytest.FixtureRequest, platform: Platform) -> str:
    """Where shipping is at first."""
    move(platform, request.param)
    return str(request.param)


@pytest.fixture
def shipping_url(platform: Platform, home: str) -> str:
    """The door of the first home, whoever answers behind it."""
    return platform.doors[home]


@pytest.fixture
def there(platform: Platform, home: str) -> Client:
    """The same person at the door of the other home."""
    return Client(platform.doors[OTHER[home]], platform.token, MOUNT)


def test_everything_goes_on_in_the_other_home(
    platform: Platform, home: str, staff: Client, there: Client, desk: Desk, carriers: Carriers
) -> None:
    """A quote, a key, a shipment on its way: all of it made here, and finished there."""
    option = staff.send("POST", "/quotes", body={"to": HOME, "lines": [LINE]}).json["options"][0]
    key, body = str(uuid.uuid4()), desk.body(option_id=option["option_id"])
    late, waits = desk.body(option_id=option["option_id"]), desk.sent("00015")  # its first answer never comes
    (row,) = desk.labelled(staff.create("/shipments", desk.body(), key=key).json | {})
    carriers.pass_time(2)
    row = desk.reaches(row, "in_transit")
    tag = staff.get(f"/shipments/{row['id']}").etag
    move(platform, OTHER[home])
    for client in (staff, there):
        found = client.get(f"/shipments/{row['id']}")
        assert (found.json, found.etag) == (row, tag)
    is_problem(there.create("/shipments", body, key=key), 422, "idempotency_key_reused")
    assert there.create("/shipments", late).json["cost"] == option["price"]
    beyond = Desk(there)
    beyond.labelled(waits)
    carriers.pass_time(100)
    beyond.reaches(row, "delivered")
    keys = [one["key"] for one in carriers.labels()]
    assert len(keys) == len(set(keys))
