"""
Where the suite runs: the same bodies against the monolith, the service, and while orders go to and fro.

The neighbours are the monolith's; payment providers are a process of their own. The shop's own post brings parcels.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from monolith.config.run.keys import staff_token
from tests.contracts.client import Answer, Client, created
from tests.contracts.moves import served
from tests.support.fixtures import StartPlatform, cluster, start_platform, unwound_by_sigterm, valkey
from tests.support.platform import Platform
from tests.support.processes import eventually, free_port
from tests.support.providers import running_providers

__all__ = ["cluster", "start_platform", "unwound_by_sigterm", "valkey"]
MOUNT = "/api/orders"
PRICE = 1999
HOME = {
    "name": "Ada Lovelace", "line1": "1 Secret Street", "line2": "", "city": "Austin", "region": "TX",
    "postal_code": "73301", "country": "US",
}  # fmt: skip


@pytest.fixture(scope="package")
def providers_port() -> int:
    """Where the providers are going to listen."""
    return free_port()


@pytest.fixture(scope="package", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform, providers_port: int) -> Iterator[Platform]:
    """Both hosts, each on a database of its own, beside the providers."""
    where = {
        "PAYMENTS_SANDBOX_URL": f"http://127.0.0.1:{providers_port}",
        "PAYMENTS_ANSWER_S": "1.0",
        "SHIPPING_CARRIERS_URL": "http://127.0.0.1:9",
    }
    with start_platform(request.param, products=0, services=("orders", "shipping"), **where) as started:
        done = started.manage("seed_shipping", settings="shipping")
        assert done.returncode == 0, done.stderr
        log = started.folder / "providers.log"
        with running_providers(providers_port, started.public["monolith"], log, hang_s=3):
            yield started


@pytest.fixture(scope="module", params=["monolith", "service", "moving"])
def orders_url(request: pytest.FixtureRequest, platform: Platform) -> Iterator[str]:
    """The address under test; it decides where orders are served meanwhile."""
    with served(platform, request.param) as url:
        yield url


@pytest.fixture
def staff(orders_url: str, platform: Platform) -> Client:
    """Somebody of the shop."""
    return Client(orders_url, platform.token, MOUNT)


@pytest.fixture
def anybody(orders_url: str) -> Client:
    """Somebody unknown."""
    return Client(orders_url, None, MOUNT)


def customer_of(platform: Platform, url: str) -> Client:
    """Return a new customer, with a token as `users` gives them."""
    token = staff_token(platform.folder / "keys", subject=str(uuid.uuid4()), scopes=("orders:own",))
    return Client(url, token, MOUNT)


@pytest.fixture
def customer(orders_url: str, platform: Platform) -> Client:
    """A customer of this test."""
    return customer_of(platform, orders_url)


class Counter:
    """A product of one test, and its customer's way to the till."""

    def __init__(self, platform: Platform, customer: Client) -> None:
        self.customer = customer
        shop = platform.public["monolith"]
        self._catalog = Client(shop, platform.token, "/api/catalog")
        self._inventory = Client(shop, platform.token, "/api/inventory")
        self.sku = f"T{uuid.uuid4().hex[:10].upper()}"
        self._product()

    def stock(self, qty: int) -> None:
        """Receive units."""
        code = f"W{uuid.uuid4().hex[:8].upper()}"
        created(self._inventory.create("/warehouses", {"code": code}))
        created(self._inventory.create(f"/stock/{self.sku}/receipts", {"warehouse": code, "qty": qty}))

    def cart(self, qty: int = 1) -> dict[str, Any]:
        """Return a cart with units of the product."""
        cart = created(self.customer.create("/carts", {}))
        path = f"/carts/{cart.json['id']}/lines/{self.sku}"
        return dict(self.customer.change("PUT", path, {"qty": qty}, tag=cart.etag).json)

    def option(self, cart: dict[str, Any], **there: str) -> dict[str, Any]:
        """Return the cheapest way to send a cart home."""
        where = {name: HOME[name] for name in ("country", "region", "postal_code")} | there
        return dict(self.customer.get(f"/carts/{cart['id']}/shipping-options", **where).json["data"][0])

    def body(self, qty: int = 1, token: str = "tok_visa", **more: Any) -> dict[str, Any]:
        """Return what an order is made of."""
        cart = self.cart(qty)
        option = self.option(cart)
        return {
            "cart_id": cart["id"],
            "shipping_option_id": option["option_id"],
            "address": HOME,
            "payment_method_token": token,
            "expected_total": {"amount": PRICE * qty + option["price"]["amount"], "currency": "USD"},
            **more,
        }

    def order(self, qty: int = 1, token: str = "tok_visa", *, wait: str = "10s", **more: Any) -> Answer:
        """Place an order."""
        return self.customer.create(f"/orders?wait={wait}", self.body(qty, token, **more))

    def until(self, order_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until an order has one of these statuses."""

        def look() -> dict[str, Any] | None:
            found = self.customer.get(f"/orders/{order_id}").json
            return dict(found) if found["status"] in statuses else None

        return eventually(look, what=f"order {order_id} is {statuses}", timeout_s=60, every_s=0.1)

    def confirmed(self) -> dict[str, Any]:
        """Place an order, and wait until it is confirmed."""
        return self.until(self.order().json["id"], "confirmed")

    def _product(self) -> None:
        slug = self.sku.lower()
        category = self._catalog.create("/categories", {"slug": f"c-{slug}", "name": "Things"})
        assert category.status == 201, category.content
        price = {"amount": PRICE, "currency": "USD"}
        body = {
            "slug": slug,
            "name": "Thing",
            "category": f"c-{slug}",
            "variants": [{"sku": self.sku, "price": price, "weight_g": 400}],
        }
        created(self._catalog.create("/products", body))
        published = self._catalog.create(f"/products/{slug}:publish", {})
        assert published.status == 200, published.content


@pytest.fixture
def counter(platform: Platform, customer: Client) -> Counter:
    """A product of which there are five."""
    made = Counter(platform, customer)
    made.stock(5)
    return made
