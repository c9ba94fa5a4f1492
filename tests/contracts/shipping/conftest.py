"""
Where the suite runs: the same bodies against the monolith, the service, and while shipping goes to and fro.

Carriers run as a process of their own; a host's own clock buys labels and takes what they tell.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from monolith.config.run.keys import staff_token
from tests.contracts.client import Client, created
from tests.contracts.moves import served
from tests.support.carriers import SECRET, Carriers, running_carriers
from tests.support.fixtures import StartPlatform, cluster, start_platform, valkey
from tests.support.platform import BEFORE, Platform
from tests.support.processes import eventually

__all__ = ["cluster", "start_platform", "valkey"]
MOUNT = "/api/shipping"
HOME = {
    "name": "Ada Lovelace", "line1": "1 Secret Street", "line2": "", "city": "Austin", "region": "TX",
    "postal_code": "73301", "country": "US",
}  # fmt: skip
LINE = {"sku": "MUG", "qty": 2, "weight_g": 400, "length_mm": 120, "width_mm": 100, "height_mm": 90}
HEAVY = {"sku": "ANVIL", "qty": 2, "weight_g": 18_000, "length_mm": 300, "width_mm": 200, "height_mm": 200}


@pytest.fixture(scope="package")
def carriers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carriers]:
    """Two carriers."""
    with running_carriers(tmp_path_factory.mktemp("carriers")) as running:
        yield running


@pytest.fixture(scope="package", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform, carriers: Carriers) -> Iterator[Platform]:
    """Both hosts, each on a database of its own, with the usual carriers and prices."""
    variables = {"SHIPPING_CARRIERS_URL": carriers.url, "SHIPPING_WEBHOOK_SECRET": SECRET}
    with start_platform(request.param, products=0, services=("shipping",), settings=BEFORE, **variables) as started:
        done = started.manage("seed_shipping")
        assert done.returncode == 0, done.stderr
        carriers.tell_at(f"{started.doors['monolith']}{MOUNT}/webhooks")
        yield started


@pytest.fixture(scope="module", params=["monolith", "service", "moving"])
def shipping_url(request: pytest.FixtureRequest, platform: Platform) -> Iterator[str]:
    """The address under test; it decides where shipping is served meanwhile."""
    with served(platform, request.param) as url:
        yield url


@pytest.fixture
def staff(shipping_url: str, platform: Platform) -> Client:
    """Somebody who may read and write."""
    return Client(shipping_url, platform.token, MOUNT)


@pytest.fixture
def anybody(shipping_url: str) -> Client:
    """Somebody unknown."""
    return Client(shipping_url, None, MOUNT)


def customer_of(platform: Platform, url: str, customer_id: str, *scopes: str) -> Client:
    """Return a client with a token as `users` gives customers."""
    token = staff_token(platform.folder / "keys", subject=customer_id, scopes=scopes or ("shipping:own",))
    return Client(url, token, MOUNT)


class Desk:
    """Makes shipments for one test."""

    def __init__(self, staff: Client) -> None:
        self.staff = staff

    def body(self, postal_code: str = "73301", *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Return the body of a shipment of a new order."""
        said = {"order_id": str(uuid.uuid4()), "to": HOME | {"postal_code": postal_code}, "lines": lines or [LINE]}
        by = {} if "option_id" in more else {"carrier": "herald", "service": "courier"}
        return said | by | more

    def sent(self, *args: Any, **more: Any) -> dict[str, Any]:
        """Make a shipment."""
        return dict(created(self.staff.create("/shipments", self.body(*args, **more))).json)

    def labelled(self, *rows: dict[str, Any]) -> list[dict[str, Any]]:
        """Wait until the labels of shipments are bought."""
        return [self.reaches(row, "label_created") for row in rows]

    def reaches(self, row: dict[str, Any], status: str) -> dict[str, Any]:
        """Wait until a shipment has a status, and return it."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.staff.get(f"/shipments/{row['id']}").json
            return found if found["status"] == status else None

        return eventually(look, what=f"{row['id']} is {status}", every_s=0.1)


@pytest.fixture
def desk(staff: Client) -> Desk:
    """Makes rows for a test."""
    return Desk(staff)
