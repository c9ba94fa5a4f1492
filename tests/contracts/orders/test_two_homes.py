"""What stays the same when orders change their home."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.contracts.client import Client
from tests.contracts.expectations import is_problem
from tests.contracts.moves import OTHER, move
from tests.contracts.orders.conftest import MOUNT, Counter
from tests.support.platform import Platform


@pytest.fixture(params=["monolith", "service"])
def home(request: pytest.FixtureRequest, platform: Platform) -> str:
    """Where orders are at first."""
    move(platform, request.param)
    return str(request.param)


@pytest.fixture
def orders_url(platform: Platform, home: str) -> str:
    """The door of the first home, whoever answers behind it."""
    return platform.doors[home]


def test_checkout_goes_on_in_the_other_home(platform: Platform, home: str, counter: Counter, customer: Client) -> None:
    """Placed here, confirmed there, cancelled there; the auditor of each home finds nothing."""
    placed = counter.order(wait="0s")
    move(platform, OTHER[home])
    row = counter.until(placed.json["id"], "confirmed")
    there = Client(platform.doors[OTHER[home]], customer.token, MOUNT)
    assert there.get(f"/orders/{row['id']}").json == row
    assert there.create(f"/orders/{row['id']}:cancel", {}).status == 202
    counter.until(row["id"], "cancelled")
    for settings in ("monolith", "orders"):
        done = platform.manage("reconcile_orders", "--json", settings=settings)
        assert (done.returncode, json.loads(done.stdout)) == (0, {"differences": []}), done.stderr


def test_cart_option_and_key_keep_their_meaning(
    platform: Platform, home: str, counter: Counter, customer: Client
) -> None:
    """Filled here and ordered there, by the option that was offered here; a repeat is the first order still."""
    there = Client(platform.doors[OTHER[home]], customer.token, MOUNT)
    placed, waiting, key = counter.body(), counter.body(), str(uuid.uuid4())
    first = customer.create("/orders", placed, key=key)
    path = f"/carts/{waiting['cart_id']}"
    cart = customer.get(path)
    move(platform, OTHER[home])
    seen = there.get(path)
    assert (seen.json, seen.etag) == (cart.json, cart.etag)
    again = there.create("/orders", placed, key=key)
    assert (again.replayed, again.json["id"]) == (True, first.json["id"])
    is_problem(there.create("/orders", waiting, key=key), 422, "idempotency_key_reused")
    counter.until(there.create("/orders", waiting).json["id"], "confirmed")
