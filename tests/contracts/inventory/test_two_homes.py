"""What stays the same when the inventory changes its home."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.client import Client
from tests.contracts.expectations import is_problem
from tests.contracts.inventory.conftest import GIVEN_URL, MOUNT, Yard
from tests.contracts.moves import OTHER, move
from tests.support.platform import Platform

pytestmark = pytest.mark.skipif(GIVEN_URL is not None, reason="needs a platform of its own")


@pytest.fixture(params=["monolith", "service"])
def home(request: pytest.FixtureRequest, platform: Platform) -> str:
    """Where the inventory is at first."""
    move(platform, request.param)
    return str(request.param)


@pytest.fixture
def inventory_url(platform: Platform, home: str) -> str:
    """The door of the first home, whoever answers behind it."""
    return platform.doors[home]


@pytest.fixture
def there(platform: Platform, home: str) -> Client:
    """The same person at the door of the other home."""
    return Client(platform.doors[OTHER[home]], platform.token, MOUNT)


def test_reservation_goes_on_in_the_other_home(
    platform: Platform, home: str, staff: Client, there: Client, yard: Yard
) -> None:
    """Made here, read and ended there; the journal is complete."""
    sku = yard.stocked(near=5)
    row = yard.reserved((sku, 2))
    level = staff.get(f"/stock/{sku}")
    move(platform, OTHER[home])
    for client in (staff, there):
        assert client.get(f"/reservations/{row['id']}").json == row
        assert (client.get(f"/stock/{sku}").json, client.get(f"/stock/{sku}").etag) == (level.json, level.etag)
    assert there.create(f"/reservations/{row['id']}:commit", {}).json["status"] == "committed"
    assert yard.level(sku) == (3, 0, 3)
    reasons = [m["reason"] for m in there.get("/movements", sku=sku).json["data"]]
    assert reasons == ["commit", "reserve", "receipt"]


def test_key_and_order_keep_their_meaning(
    platform: Platform, home: str, staff: Client, there: Client, yard: Yard
) -> None:
    """A repeat after the move is the first request still, by its key and by its order."""
    sku, key = yard.stocked(near=5), str(uuid.uuid4())
    body = yard.order((sku, 2))
    first = staff.create("/reservations", body, key=key)
    move(platform, OTHER[home])
    again = there.create("/reservations", body, key=key)
    assert (again.status, again.replayed, again.content) == (201, True, first.content)
    assert there.create("/reservations", body).json == first.json
    other = {**body, "lines": [{"sku": sku, "qty": 1}]}
    is_problem(there.create("/reservations", other, key=key), 422, "idempotency_key_reused")
    assert yard.level(sku) == (5, 2, 3)


def test_books_are_in_order_in_both_homes(platform: Platform, home: str, staff: Client, yard: Yard) -> None:
    """The journal and its sums move together: `recount_stock` runs in either host."""
    yard.reserved((yard.stocked(near=5), 2))
    for settings in ("monolith", "inventory"):
        done = platform.manage("recount_stock", "--json", settings=settings)
        assert (done.returncode, done.stdout) == (0, '{"differences": []}\n'), done.stderr
