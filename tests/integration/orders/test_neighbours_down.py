"""A purchase goes on while the process of a neighbour is dead, and what was missed is made up for, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.contracts.client import Answer, Client
from tests.contracts.moves import move
from tests.contracts.orders.conftest import HOME, MOUNT, PRICE, Counter
from tests.contracts.users.conftest import Person
from tests.support.fixtures import StartPlatform, cluster, start_platform, unwound_by_sigterm, valkey
from tests.support.mails import Mails, running_mails
from tests.support.platform import COMPLETE, Platform
from tests.support.processes import eventually, free_port
from tests.support.providers import running_providers

__all__ = ["cluster", "start_platform", "unwound_by_sigterm", "valkey"]
pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
APART = ("shipping", "notifications", "recommendations")
NOW_LATE = """
from datetime import timedelta
from django.utils import timezone
from monolith.orders.models import Saga
from strangler.fence import owning
with owning("orders"):
    Saga.objects.filter(order_id={order!r}).update(deadline_at=timezone.now() - timedelta(seconds=1))
"""


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mails]:
    """A mail server on a free port."""
    with running_mails(tmp_path_factory.mktemp("mails")) as server:
        yield server


@pytest.fixture(scope="module")
def platform(start_platform: StartPlatform, mails: Mails) -> Iterator[Platform]:
    """A monolith that sells, and three apps that have left it, shipping for good."""
    port = free_port()
    where = {
        "PAYMENTS_SANDBOX_URL": f"http://127.0.0.1:{port}",
        "SHIPPING_CARRIERS_URL": "http://127.0.0.1:9",
        "NOTIFICATIONS_SMTP": mails.url,
    }
    with start_platform("sqlite", products=0, services=APART, **where) as started:
        done = started.manage("seed_shipping", settings="shipping")
        assert done.returncode == 0, done.stderr
        for name in set(APART) - set(COMPLETE):
            move(started.of(name), "service")
        with running_providers(port, started.public["monolith"], started.folder / "providers.log"):
            yield started


class Buyer:
    """Somebody with an account, who buys two things together."""

    def __init__(self, platform: Platform) -> None:
        url = platform.public["monolith"]
        self.person = Person(url)
        self.orders = Client(url, self.person.client.token, MOUNT)
        self.counters = [Counter(platform, self.orders) for _ in range(2)]
        for counter in self.counters:
            counter.stock(50)

    @property
    def skus(self) -> list[str]:
        """What they buy."""
        return [counter.sku for counter in self.counters]

    def body(self) -> dict[str, object]:
        """Return an order as they have seen it: a cart with its prices, and how it is sent."""
        first, second = self.counters
        cart = first.cart()
        tag = self.orders.get(f"/carts/{cart['id']}").etag
        path = f"/carts/{cart['id']}/lines/{second.sku}"
        assert self.orders.change("PUT", path, {"qty": 1}, tag=tag).status == 200
        option = first.option(cart)
        return {
            "cart_id": cart["id"],
            "shipping_option_id": option["option_id"],
            "address": HOME,
            "payment_method_token": "tok_visa",
            "expected_total": {"amount": 2 * PRICE + option["price"]["amount"], "currency": "USD"},
        }

    def buy(self, body: dict[str, object] | None = None) -> dict[str, object]:
        """Place an order, and return it when it is confirmed."""
        answer = self.orders.create("/orders?wait=10s", body or self.body())
        assert answer.status in (201, 202), answer.content
        return self.counters[0].until(answer.json["id"], "confirmed")


@pytest.fixture
def buyer(platform: Platform) -> Buyer:
    """Somebody who buys."""
    return Buyer(platform)


@contextmanager
def without(platform: Platform, *names: str) -> Iterator[None]:
    """Kill the hosts of some apps, and start them again at the end of the block."""
    for name in names:
        platform.hosts[name].kill()
    yield
    platform.start_host(*names)


def test_shop_sells_without_recommendations_and_mail(platform: Platform, buyer: Buyer, mails: Mails) -> None:
    """What was bought meanwhile is recommended afterwards, and told once."""
    first, second = buyer.skus
    asking = Client(platform.public["monolith"], None, "/api/recommendations")
    with without(platform, "notifications", "recommendations"):
        told = {f"Your order {buyer.buy()['number']}" for _ in range(2)}
        assert _confirmations(mails, buyer) == []
    eventually(lambda: told <= set(_confirmations(mails, buyer)), what="both were told", timeout_s=90)
    found = [{"sku": second, "orders": 2}]
    eventually(
        lambda: asking.get(f"/{first}").json.get("data") == found, what="both are counted", timeout_s=90, every_s=0.2
    )
    buyer.buy()
    eventually(lambda: len(_confirmations(mails, buyer)) >= 3, what="the third was told", timeout_s=90)
    assert len(_confirmations(mails, buyer)) == len(set(_confirmations(mails, buyer))) == 3


def test_shop_sells_without_shipping(platform: Platform, buyer: Buyer) -> None:
    """
    Who has seen what it costs to send it, buys; the parcel is made when shipping is there again.

    Nobody gets a price that shipping has not told, and no order waits longer than it may: a person is asked.
    """
    bodies = [buyer.body() for _ in range(3)]
    with without(platform, "shipping"):
        waits, late = (buyer.buy(body) for body in bodies[:2])
        cart = bodies[2]["cart_id"]
        _is_asked_to_repeat(buyer.orders.get(f"/carts/{cart}/shipping-options?country=US&postal_code=73301"))
        _is_asked_to_repeat(buyer.orders.create("/orders", {**bodies[2], "address": HOME | {"postal_code": "10001"}}))
        forged = f"{bodies[2]['shipping_option_id']}x"
        _is_asked_to_repeat(buyer.orders.create("/orders", {**bodies[2], "shipping_option_id": forged}))
        assert _saga(platform, waits)["step"] == "create_shipment"
        done = platform.manage("shell", "-v", "0", "-c", NOW_LATE.format(order=late["id"]))
        assert done.returncode == 0, done.stderr
        stuck = eventually(
            lambda: _saga_in(platform, late, "failed_needs_operator"), what="a person is asked", timeout_s=90
        )
        assert "create_shipment was not done in time" in stuck["error"]
    staff = Client(platform.public["monolith"], platform.token, MOUNT)
    assert staff.create(f"/sagas/{stuck['id']}:retry", {}).status == 202
    for order in (waits, late):
        eventually(lambda o=order: _saga(platform, o)["step"] == "await_pickup", what="it is sent", timeout_s=120)
        (sent,) = _shipments(platform, order)
        assert {line["sku"] for line in sent["lines"]} == set(buyer.skus)
    assert buyer.buy(bodies[2])["status"] == "confirmed"


def _confirmations(mails: Mails, buyer: Buyer) -> list[str]:
    subjects = [mail["Subject"] for mail in mails.to(buyer.person.email)]
    return [subject for subject in subjects if subject.startswith("Your order ") and subject.count(" ") == 2]


def _is_asked_to_repeat(answer: Answer) -> None:
    assert (answer.status, answer.json["code"]) == (503, "neighbour_unavailable"), answer.content
    assert int(answer.headers["Retry-After"]) > 0


def _saga(platform: Platform, order: dict[str, object]) -> dict[str, object]:
    staff = Client(platform.public["monolith"], platform.token, MOUNT)
    return dict(staff.get(f"/orders/{order['id']}/saga").json)


def _saga_in(platform: Platform, order: dict[str, object], state: str) -> dict[str, object] | None:
    saga = _saga(platform, order)
    return saga if saga["state"] == state else None


def _shipments(platform: Platform, order: dict[str, object]) -> list[dict[str, object]]:
    staff = Client(platform.public["monolith"], platform.token, "/api/shipping")
    return list(staff.get("/shipments", order_id=order["id"]).json["data"])
