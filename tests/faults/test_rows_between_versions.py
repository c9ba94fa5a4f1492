"""
The rows move between every two versions of PostgreSQL that we support, and back, while all write.

Versions before 16 cannot tell a row that came by a stream from one that was written at home: nothing may go in circles.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.checking import traffic
from tests.support.evidence import record
from tests.support.fixtures import long_version
from tests.support.platform import running_platform
from tests.support.processes import eventually
from tests.support.servers import two_servers
from tests.support.state import digests
from tests.support.versions import NEWEST, VERSIONS, programs_of

pytestmark = pytest.mark.platform

Pair = tuple[int, int]
PAIRS = list(itertools.product(VERSIONS, repeat=2))
OLDEST = min(VERSIONS)
APPLY_ERRORS = "SELECT sum(apply_error_count)::int FROM pg_stat_subscription_stats HAVING count(*) > 0"


def sample() -> list[Pair]:
    """Return one pair with the oldest version and one without, by the run's seed; the newest alone is tested a lot."""
    chance = random.Random(os.environ["SEED"])
    others = [pair for pair in PAIRS if OLDEST not in pair and pair != (NEWEST, NEWEST)]
    return [chance.choice([pair for pair in PAIRS if OLDEST in pair]), chance.choice(others)]


@pytest.fixture(scope="module")
def evidence(seed: int) -> Iterator[dict[Pair, Any]]:
    """Figures by pair, which are kept when all pairs have some."""
    figures: dict[Pair, Any] = {}
    yield figures
    if set(figures) == set(PAIRS):
        record("rows-between-versions", seed=seed, pairs={f"{m} and {s}": it for (m, s), it in figures.items()})


SAMPLE = sample()


@pytest.mark.parametrize(
    "pair",
    [*SAMPLE, *(long_version(pair, timeout_s=600) for pair in PAIRS)],
    ids=[*(f"{m}-to-{s}" for m, s in SAMPLE), *(f"all-{m}-to-{s}" for m, s in PAIRS)],
)
def test_there_and_back_loses_nothing(
    pair: Pair, evidence: dict[Pair, Any], valkey: str, tmp_path: Path, seed: int
) -> None:
    """Promises 1 to 3, whichever server is the older one."""
    monolith, service = pair
    try:
        programs = {"monolith": programs_of(monolith), "service": programs_of(service)}
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    with (
        two_servers(programs) as servers,
        running_platform(servers, products=1_000, CACHE_URL=valkey) as platform,
        traffic(
            tmp_path, list(platform.doors.values()), platform.token, homes=platform.homes, seed=seed, writers=4,
            writes_per_s=8, readers=2, reads_per_s=10, raw_writers=4, raw_writes_per_s=60, probes_per_s=50,
            horizon_s=900.0,
        ) as load,
    ):  # fmt: skip
        assert {home: server.major for home, server in servers.items()} == {"monolith": monolith, "service": service}
        load.wait_until_steady()
        ways = ("service", "monolith", "service", "monolith")
        moves = [platform.toggle_until_done(home, "--mover", "logical") for home in ways]
        report = load.stop()
        verdict = load.judge(platform.homes)
        homes = platform.homes
        eventually(lambda: digests(homes["monolith"]) == digests(homes["service"]), what="the same rows in both homes")
        for home in homes:
            assert servers[home].execute(homes[home].rpartition("/")[2], APPLY_ERRORS) in ([], [(0,)])
    assert report["faults"] == {}, load.complaints()[:5]
    assert verdict["innocent"], verdict
    evidence[pair] = {
        "switches": len(moves),
        "switches_refused_and_repeated": sum(move.refused for move in moves),
        "writers_paused_ms": [move.figures["paused_ms"] for move in moves],
        "acknowledged_writes": verdict["acknowledged"],
        "lost": len(verdict["lost"]),
        "doubled": len(verdict["doubled"]),
        "two_writers": len(verdict["two_writers"]),
    }
