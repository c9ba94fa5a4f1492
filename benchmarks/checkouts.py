"""
What a checkout costs: everything in the monolith, every app in its service, and those behind Envoy.

One run on one platform of real processes, whose apps go to and fro between the rounds; payment providers, carriers and
the mail server are processes of their own. Buyers buy one after another, each with a cart and an account of their own.
The time is that of one request, `POST /orders?wait=10s`, which is answered when the order is confirmed; checkouts per
second are whole purchases, with the cart and the choice of how it is sent. The CPU is that of all hosts together
(without PostgreSQL, Envoy and what plays others), events and mail that follow included.
Run: python -m benchmarks.checkouts [--rounds 3] [--seconds 20] [--buyers 4] [--apps orders inventory]
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from benchmarks.harness import commit, cpu_s, table
from tests.support.bookkeeping import CONFIRMED
from tests.support.cluster import running_cluster
from tests.support.envoy import running_envoy
from tests.support.platform import LEAVING, running_platform
from tests.support.purchases import PRICES, Customer, Shop, running_shop
from tests.support.valkey import running_valkey

WARMING_S = 5
PER_ACCOUNT = 12
"""Orders after which a buyer makes another account: twenty within an hour are for a person to look at."""


@dataclass(slots=True)
class Round:
    """What one round found."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    took_s: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        """Checkouts per second."""
        return len(self.took_s) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU per checkout."""
        return 1000 * self.cpu_s / len(self.took_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--buyers", type=int, default=4)
    parser.add_argument("--apps", nargs="+", choices=LEAVING, default=LEAVING, help="that leave (default: all)")
    given = parser.parse_args()
    with (
        running_cluster() as server,
        running_valkey() as cache,
        running_shop(partial(running_platform, server, CACHE_URL=cache), services=given.apps) as shop,
    ):
        rounds = measure(shop, given)
        if found := shop.settled(timeout_s=120):
            raise SystemExit(f"the figures are worth nothing: {found[:5]}")
    load = f"load average {psutil.getloadavg()[0]:.1f}"
    print(f"commit {commit()}, {given.buyers} buyers, {given.rounds} rounds of {given.seconds} s, {load}")
    print(f"in their services: {', '.join(given.apps)}\n")
    print(table(["where the apps are", "checkouts/s", "p50 ms", "p99 ms", "CPU ms per checkout"], list(rows(rounds))))


def measure(shop: Shop, given: argparse.Namespace) -> dict[str, list[Round]]:
    """Measure all places in each round, each after a while of warming up, so that a busy moment meets everybody."""
    rounds: dict[str, list[Round]] = {}

    def warmed(name: str, door: str) -> None:
        run(shop, door, WARMING_S, given.buyers)
        rounds.setdefault(name, []).append(run(shop, door, given.seconds, given.buyers))

    for _ in range(given.rounds):
        shop.extract(())
        warmed("monolith", shop.door)
        shop.extract(shop.services)
        warmed("services", shop.door)
        with edge(shop) as door:
            warmed("services behind Envoy", door)
    return rounds


def run(shop: Shop, door: str, seconds: float, buyers: int) -> Round:
    """Let buyers buy at one door for a while."""
    result, lock = Round(), threading.Lock()
    hosts = [psutil.Process(host.pid) for host in shop.platform.hosts.values()]
    before, began = sum(map(cpu_s, hosts)), time.monotonic()

    def buy(number: int) -> None:
        rng = random.Random(number)
        while time.monotonic() < began + seconds:
            customer = Customer(door)
            customer.sign_up()
            for _ in range(PER_ACCOUNT):
                if time.monotonic() >= began + seconds:
                    break
                bought = customer.buy({rng.choice(sorted(PRICES)): 1}, carrier="post", wait_s=10)
                if bought.end != CONFIRMED:
                    raise SystemExit(f"the figures are worth nothing: order {bought.order_id} is {bought.end}")
                with lock:
                    shop.purchases.append(bought)
                    result.took_s.append(customer.waited_s)
            customer.leave()

    with ThreadPoolExecutor(buyers) as pool:
        list(pool.map(buy, range(buyers)))
    result.seconds, result.cpu_s = time.monotonic() - began, sum(map(cpu_s, hosts)) - before
    return result


@contextmanager
def edge(shop: Shop) -> Iterator[str]:
    """Run an Envoy before the shop as it stands until the block ends, and yield its door."""

    def render(options: dict[str, object]) -> None:
        wanted = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        done = shop.platform.manage("strangler", "render", "envoy", *wanted)
        if done.returncode:
            raise SystemExit(done.stderr)

    with tempfile.TemporaryDirectory() as folder, running_envoy(Path(folder), render) as envoy:
        yield f"http://{envoy.listen}"


def rows(rounds: dict[str, list[Round]]) -> Iterator[Sequence[str]]:
    """Return a row for each place: medians of the rounds, and percentiles of all checkouts."""
    for name, found in rounds.items():
        took = sorted(one for each in found for one in each.took_s)
        yield [
            name,
            f"{statistics.median(one.per_s for one in found):.1f}",
            f"{1000 * took[len(took) // 2]:,.0f}",
            f"{1000 * took[int(0.99 * len(took))]:,.0f}",
            f"{statistics.median(one.cpu_ms for one in found):,.0f}",
        ]


if __name__ == "__main__":
    main()
