"""
Where the suite runs: the same bodies against the monolith, against the service, and while the catalog goes to and fro.

CATALOG_CONTRACT_URL and CATALOG_CONTRACT_TOKEN point the suite at a platform that runs already. What the catalog knows
of stock it hears from the inventory, which stays in the monolith and is asked over its own REST.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contracts.catalog.client import Answer, Client
from tests.contracts.client import created
from tests.contracts.moves import OTHER, move, served
from tests.support.fixtures import StartPlatform, cluster, start_platform, valkey
from tests.support.platform import Platform

__all__ = ["OTHER", "cluster", "move", "start_platform", "valkey"]
GIVEN_URL = os.environ.get("CATALOG_CONTRACT_URL")


@pytest.fixture(scope="package", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform) -> Iterator[Platform | None]:
    """Both hosts, each on a database of its own; None when a running platform was given."""
    if GIVEN_URL:
        yield None
        return
    with start_platform(request.param, products=0) as started:
        yield started


@pytest.fixture(scope="module", params=["monolith", "service", "moving"])
def catalog_url(request: pytest.FixtureRequest, platform: Platform | None) -> Iterator[str]:
    """The address under test; it decides where the catalog is served meanwhile."""
    with served(platform, request.param, given=GIVEN_URL) as url:
        yield url


@pytest.fixture(scope="package")
def staff_token(platform: Platform | None) -> str:
    """A token with the scopes catalog:read, catalog:write, inventory:read and inventory:write."""
    return os.environ["CATALOG_CONTRACT_TOKEN"] if platform is None else platform.token


@pytest.fixture
def staff(catalog_url: str, staff_token: str) -> Client:
    """Somebody who may write."""
    return Client(catalog_url, staff_token)


@pytest.fixture
def anybody(catalog_url: str) -> Client:
    """Somebody unknown."""
    return Client(catalog_url)


@pytest.fixture
def word() -> str:
    """A word that no other test uses: every test makes its own rows and finds only them."""
    return f"w{uuid.uuid4().hex[:12]}"


class Shelf:
    """Makes rows for a test."""

    def __init__(self, staff: Client, word: str) -> None:
        self._staff = staff
        self._word = word
        self._made = 0

    def category(self, parent: str | None = None, **more: Any) -> dict[str, Any]:
        """Make a category."""
        self._made += 1
        body = {"slug": f"{self._word}-c{self._made}", "name": f"Category {self._made}", "parent": parent, **more}
        return dict(created(self._staff.create("/categories", body)).json)

    def product_body(self, **more: Any) -> dict[str, Any]:
        """Return what a new product may look like."""
        self._made += 1
        name = f"{self._word} thing {self._made}"
        variant = {"sku": f"{self._word}-{self._made}".upper(), "price": {"amount": 1999, "currency": "USD"}}
        return {"slug": name.replace(" ", "-"), "name": name, "brand": self._word, "variants": [variant], **more}

    def draft(self, **more: Any) -> Answer:
        """Make a draft."""
        return created(self._staff.create("/products", self.product_body(**more)))

    def published(self, **more: Any) -> Answer:
        """Make a product that everybody sees."""
        if "category" not in more:
            more["category"] = self.category()["slug"]
        made = self.draft(**more).json
        answer = self._staff.create(f"/products/{made['id']}:publish", {})
        assert answer.status == 200, answer.content
        return answer


class Stock:
    """Receives and writes off units, in a warehouse of the test's own."""

    def __init__(self, keeper: Client, word: str) -> None:
        self._keeper = keeper
        self._warehouse = f"{word}-EAST".upper()
        created(keeper.create("/warehouses", {"code": self._warehouse}))

    def receive(self, sku: str, units: int) -> None:
        """Let units of a SKU arrive."""
        created(self._keeper.create(f"/stock/{sku}/receipts", {"warehouse": self._warehouse, "qty": units}))

    def write_off(self, sku: str, units: int) -> None:
        """Let units of a SKU be gone."""
        body = {"warehouse": self._warehouse, "delta": -units, "reason": "lost"}
        created(self._keeper.create(f"/stock/{sku}/adjustments", body))


@pytest.fixture
def shelf(staff: Client, word: str) -> Shelf:
    """Makes rows for a test."""
    return Shelf(staff, word)


@pytest.fixture
def stock(platform: Platform | None, staff_token: str, word: str) -> Stock:
    """What the inventory has for a test."""
    url = str(GIVEN_URL) if platform is None else platform.doors["monolith"]
    return Stock(Client(url, staff_token, "/api/inventory"), word)
