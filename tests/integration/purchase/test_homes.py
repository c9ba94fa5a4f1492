"""
A purchase succeeds wherever the apps live: each alone in its service, all of them, and any mixture.

One shop of real processes goes from one set to the next without a restart. Customers come through the monolith's door;
what they were told is compared with the rows of whoever owns them, with what providers have charged, and by the
reconciler.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.support.bookkeeping import CANCELLED, CONFIRMED, REJECTED, SHIPPED, Purchase
from tests.support.fixtures import StartPlatform, long_version
from tests.support.platform import LEAVING
from tests.support.processes import eventually
from tests.support.purchases import DECLINED_CARD, PATIENCE_S, Customer, Shop, running_shop

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]
HOSTS, MIXED = 4, 12
"""How many capabilities have a host in CI, and how many mixed sets the long version goes through."""


@pytest.fixture(scope="module", params=["sample", long_version("all", timeout_s=3_600)])
def extent(request: pytest.FixtureRequest) -> str:
    """CI has hosts of a few capabilities, the long version of every one."""
    return str(request.param)


@pytest.fixture(scope="module")
def shop(extent: str, start_platform: StartPlatform, seed: int) -> Iterator[Shop]:
    """A shop in which everything that can be is in the monolith at first."""
    services = LEAVING if extent == "all" else random.Random(seed).sample(LEAVING, HOSTS)
    with running_shop(partial(start_platform, "postgres"), services=services) as running:
        yield running


def sets_of(names: Sequence[str], extent: str, rng: random.Random) -> list[tuple[str, ...]]:
    """Return which capabilities are to be with their services, one set after another."""
    if extent == "sample":
        return [tuple(names[:1]), tuple(names[:3]), tuple(names[1:])]
    mixed = [tuple(rng.sample(names, rng.randint(2, len(names) - 1))) for _ in range(MIXED)]
    return [(), *((name,) for name in names), tuple(names), *mixed]


def test_purchase_succeeds_wherever_the_apps_live(shop: Shop, extent: str, seed: int) -> None:
    """Bought and sent, bought and kept, declined, and cancelled: each is what the customer was told."""
    for wanted in sets_of(shop.services, extent, random.Random(seed)):
        shop.extract(wanted)
        print(f"SEED={seed}: in their services: {', '.join(sorted(wanted)) or 'none'}")
        shop.purchases += go_shopping(shop)
        assert shop.settled() == [], f"with {sorted(wanted)} in their services"


def go_shopping(shop: Shop) -> list[Purchase]:
    """Let four customers buy at the same time, and return how that ended for each."""
    visits: list[Callable[[Shop, Customer], Purchase]] = [_has_it_sent, _keeps_it, _is_declined, _changes_their_mind]
    with ThreadPoolExecutor(len(visits)) as pool:
        return list(pool.map(lambda visit: _visit(shop, visit), visits))


def _visit(shop: Shop, visit: Callable[[Shop, Customer], Purchase]) -> Purchase:
    customer = Customer(shop.door)
    customer.sign_up()
    try:
        return visit(shop, customer)
    finally:
        customer.leave()


def _has_it_sent(shop: Shop, customer: Customer) -> Purchase:
    customer.prove(shop.mails)
    bought = customer.buy({"MUG": 2, "POT": 1}, carrier="swift")
    assert bought.end == CONFIRMED
    shop.is_picked_up(bought)
    eventually(lambda: customer.told(bought).end == SHIPPED, what="it is shipped", timeout_s=PATIENCE_S, every_s=0.2)
    return customer.told(bought)


def _keeps_it(shop: Shop, customer: Customer) -> Purchase:
    bought = customer.buy({"MUG": 1, "CUP": 3}, carrier="post")
    assert bought.end == CONFIRMED
    return bought


def _is_declined(shop: Shop, customer: Customer) -> Purchase:
    refused = customer.buy({"POT": 1}, card=DECLINED_CARD)
    assert refused.end == REJECTED
    return refused


def _changes_their_mind(shop: Shop, customer: Customer) -> Purchase:
    given_up = customer.give_up(customer.buy({"CUP": 2}, carrier="post"))
    assert given_up.end == CANCELLED
    return given_up
