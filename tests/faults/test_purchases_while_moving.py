"""
A capability goes to its service and back while customers come to buy, whether or not those before them are served.

Nothing is lost and nothing is twice: what every customer was told is what the owners' rows say. Nobody is told anything
else than to repeat.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.support.evidence import record
from tests.support.fixtures import StartPlatform, long_version
from tests.support.platform import LEAVING, MONOLITH, Toggled
from tests.support.purchases import Crowd, Shop, customers_coming, running_shop

pytestmark = pytest.mark.platform
PER_S = 1.0
"""Customers per second; each asks about a dozen things and has a dozen more asked between the apps."""
BETWEEN = 4
"""Customers that come and are served before, between and after the moves."""
THERE_AND_BACK = {"one": 1, "all": 5}


@pytest.fixture(
    scope="module", params=[pytest.param("one", marks=pytest.mark.timeout(900)), long_version("all", timeout_s=7_200)]
)
def extent(request: pytest.FixtureRequest) -> str:
    """The short version moves one capability, by the run's seed, and the long one each in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def shop(extent: str, start_platform: StartPlatform, seed: int) -> Iterator[Shop]:
    """A shop in which everything that can be is in the monolith at first."""
    services = LEAVING if extent == "all" else [random.Random(seed).choice(LEAVING)]
    with running_shop(partial(start_platform, "postgres"), services=services) as running:
        yield running


def test_nothing_is_lost_while_customers_come(shop: Shop, extent: str, seed: int) -> None:
    """Promises 1, 2 and 4, through every app that leaves: 0 lost, 0 inconsistent, and no request that failed."""
    figures = {}
    for name in shop.services:
        print(f"SEED={seed}: {name} moves")
        crowd, done = move_under_load(shop, name, rounds=THERE_AND_BACK[extent], seed=seed)
        assert crowd.faults == [], (crowd.faults[:5], shop.unfinished())
        assert shop.settled() == []
        figures[name] = figures_of(crowd, done)
        print(json.dumps(figures[name]))
    if extent == "all":
        record("purchases-while-moving", seed=seed, customers_per_s=PER_S, capabilities=figures)


def move_under_load(shop: Shop, name: str, *, rounds: int, seed: int) -> tuple[Crowd, list[Toggled]]:
    """Let a capability go there and back while customers come."""
    done = []
    with customers_coming(shop, per_s=PER_S, seed=f"{seed}:{name}") as crowd:
        crowd.wait_for_more(BETWEEN)
        for home in ("service", MONOLITH) * rounds:
            done.append(shop.platform.of(name).toggle_until_done(home))
            crowd.wait_for_more(BETWEEN)
    return crowd, done


def figures_of(crowd: Crowd, done: list[Toggled]) -> dict[str, Any]:
    """Return what happened while one capability moved."""
    took = sorted(crowd.took_s)
    return {
        "toggles": len(done),
        "toggles_refused_and_repeated": sum(toggled.refused for toggled in done),
        "turned_away": crowd.turned_away,
        "purchases": dict(Counter(one.end for one in crowd.ended.values())),
        "lost": 0,
        "inconsistent": 0,
        "failed": len(crowd.faults),
        "repeated_as_told": dict(crowd.repeated),
        "seconds_from_arrival_to_end": {"p50": round(took[len(took) // 2], 2), "max": round(took[-1], 2)},
    }
