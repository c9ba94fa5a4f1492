"""
Where the suite runs: the same bodies against the monolith, the service, and while the inventory goes to and fro.

INVENTORY_CONTRACT_URL and INVENTORY_CONTRACT_TOKEN point the suite at a platform that runs already.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.client import Client, created
from tests.contracts.moves import served
from tests.support.fixtures import StartPlatform, cluster, start_platform, valkey
from tests.support.platform import Platform

__all__ = ["cluster", "start_platform", "valkey"]
MOUNT = "/api/inventory"
GIVEN_URL = os.environ.get("INVENTORY_CONTRACT_URL")


@pytest.fixture(scope="package", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform) -> Iterator[Platform | None]:
    """Both hosts, each on a database of its own; None when a running platform was given."""
    if GIVEN_URL:
        yield None
        return
    with start_platform(request.param, products=0, services=("inventory",)) as started:
        yield started


@pytest.fixture(scope="module", params=["monolith", "service", "moving"])
def inventory_url(request: pytest.FixtureRequest, platform: Platform | None) -> Iterator[str]:
    """The address under test; it decides where the inventory is served meanwhile."""
    with served(platform, request.param, given=GIVEN_URL) as url:
        yield url


@pytest.fixture(scope="package")
def staff_token(platform: Platform | None) -> str:
    """A token with the scopes inventory:read and inventory:write."""
    return os.environ["INVENTORY_CONTRACT_TOKEN"] if platform is None else platform.token


@pytest.fixture
def staff(inventory_url: str, staff_token: str) -> Client:
    """Somebody who may read and write."""
    return Client(inventory_url, staff_token, MOUNT)


@pytest.fixture
def anybody(inventory_url: str) -> Client:
    """Somebody unknown."""
    return Client(inventory_url, None, MOUNT)


class Yard:
    """
    Warehouses and stock of one test: every test makes its own and finds only them.

    Attributes:
        near, far: two warehouses; the near one comes first.
    """

    def __init__(self, staff: Client) -> None:
        self._staff = staff
        self._word = uuid.uuid4().hex[:10].upper()
        self._made = 0
        self.near, self.far = (self.warehouse(priority=priority)["code"] for priority in (1, 2))

    def new_word(self) -> str:
        """Return a word that may be a SKU or a warehouse's code, and that nobody has used."""
        self._made += 1
        return f"W{self._word}-{self._made}"

    def warehouse(self, **more: Any) -> dict[str, Any]:
        """Make a warehouse."""
        return dict(created(self._staff.create("/warehouses", {"code": self.new_word(), **more})).json)

    def stocked(self, *, near: int = 0, far: int = 0) -> str:
        """Return a new SKU that has been received."""
        sku = self.new_word()
        for warehouse, qty in ((self.near, near), (self.far, far)):
            if qty:
                created(self._staff.create(f"/stock/{sku}/receipts", {"warehouse": warehouse, "qty": qty}))
        return sku

    def order(self, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
        """Return the body of a reservation for a new order."""
        wanted = [{"sku": sku, "qty": qty} for sku, qty in lines]
        return {"order_id": str(uuid.uuid4()), "lines": wanted, **more}

    def reserved(self, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
        """Make a reservation."""
        return dict(created(self._staff.create("/reservations", self.order(*lines, **more))).json)

    def level(self, sku: str) -> tuple[int, int, int]:
        """Return (on_hand, reserved, available)."""
        level = self._staff.get(f"/stock/{sku}").json
        return level["on_hand"], level["reserved"], level["available"]


@pytest.fixture
def yard(staff: Client) -> Yard:
    """Makes rows for a test."""
    return Yard(staff)
