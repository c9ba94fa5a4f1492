"""
The rows move between two servers, there and back, while everybody writes: by HTTP, and past every router by SQL.

The checker judges what was acknowledged, and whether two homes ever admitted writers at one instant; the same load
with a guard taken out must be found guilty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.movers import FORTH, ended, moment_at, paused_mover, wake
from tests.support.checker.rows import query
from tests.support.checking import Traffic, traffic
from tests.support.cluster import Cluster
from tests.support.evidence import record
from tests.support.fixtures import long_version
from tests.support.platform import FAULTY_SETTINGS, Platform, Toggled, running_platform
from tests.support.processes import eventually
from tests.support.state import digests

pytestmark = pytest.mark.platform

ROWS_OF_A_PRODUCT = 3
KEPT_MS = 10_000
"""No attempt keeps writers for longer, however starved the machine; how long it is on a quiet one, benchmarks say."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a run is; writes are of all writers together."""

    products: int
    switches: int
    raw_writes_per_s: int
    http_writes_per_s: int
    probes_per_s: int

    @property
    def whole(self) -> bool:
        """Whether this is the run whose figures are kept."""
        return self.switches >= 100


SMALL = Size(products=3_000, switches=6, raw_writes_per_s=150, http_writes_per_s=15, probes_per_s=100)
LARGE = Size(products=333_334, switches=100, raw_writes_per_s=475, http_writes_per_s=25, probes_per_s=200)


@contextmanager
def everybody(platform: Platform, directory: Path, size: Size, *, seed: int) -> Iterator[Traffic]:
    """Writers and readers at both doors, eight raw writers, and a probe at each home."""
    with traffic(
        directory, list(platform.doors.values()), platform.token, homes=platform.homes, seed=seed, horizon_s=3_600.0,
        writers=8, writes_per_s=size.http_writes_per_s, readers=2, reads_per_s=10, raw_writers=8,
        raw_writes_per_s=size.raw_writes_per_s, probes_per_s=size.probes_per_s,
    ) as load:  # fmt: skip
        load.wait_until_steady()
        yield load


@pytest.mark.parametrize("size", [pytest.param(SMALL, id="small"), long_version(LARGE, timeout_s=3_600)])
def test_nothing_is_lost_or_doubled_and_nobody_writes_twice(
    servers: dict[str, Cluster], valkey: str, size: Size, tmp_path: Path, seed: int
) -> None:
    """Promises 1, 2, 3 and 5."""
    with (
        running_platform(servers, products=size.products, CACHE_URL=valkey) as platform,
        everybody(platform, tmp_path, size, seed=seed) as load,
    ):
        done = [platform.toggle_until_done("monolith" if turn % 2 else "service") for turn in range(size.switches)]
        report = load.stop()
        verdict = load.judge(platform.homes)
        eventually(lambda: _equal(platform), what="what was written last has flowed to the other home")
    figures = _figures(done, report, verdict, load.pauses())
    print(json.dumps(figures))
    assert report["faults"] == {}, load.complaints()[:5]
    assert verdict["innocent"], verdict
    assert verdict["unknown"] == 0
    assert verdict["acknowledged"] == report["counts"]["acknowledged"] + report["counts"]["raw_acknowledged"]
    assert report["counts"]["probe_refused"] > 0, "the probes never met a fence"
    assert figures["writers_waited_ms"]["with_a_switch"]["windows"] == size.switches
    if size.whole:
        record("rows-under-load", seed=seed, rows=size.products * ROWS_OF_A_PRODUCT, **figures)


def _equal(platform: Platform) -> bool:
    homes = platform.homes
    return digests(homes["monolith"]) == digests(homes["service"])


def _figures(
    done: list[Toggled], report: dict[str, Any], verdict: dict[str, Any], pauses: dict[str, Any]
) -> dict[str, Any]:
    said = sorted(toggled.figures["paused_ms"] for toggled in done)
    return {
        "switches": len(done),
        "switches_refused_and_repeated": sum(toggled.refused for toggled in done),
        "acknowledged_writes": verdict["acknowledged"],
        "lost": len(verdict["lost"]),
        "doubled": len(verdict["doubled"]),
        "failed": report["counts"].get("failed", 0),
        "witnesses_of_one_writer": verdict["witnesses"],
        "two_writers": len(verdict["two_writers"]),
        "the_switch_says_ms": {"p50": said[len(said) // 2], "max": said[-1]},
        "writers_waited_ms": pauses,
        "counts": report["counts"],
        "latency_ms_from_intended_start": report["latency_ms"],
    }


# -- the same with a guard taken out ------------------------------------------------------------------------------


@contextmanager
def stalled_apply(platform: Platform) -> Iterator[None]:
    """Keep what the monolith writes from arriving at the service, as a slow transaction there does."""
    monolith, service = platform.homes["monolith"], platform.homes["service"]
    with psycopg.connect(service) as connection:
        connection.execute("LOCK TABLE strangler_marker IN SHARE MODE")
        with psycopg.connect(monolith) as writer:
            writer.execute(
                "INSERT INTO strangler_marker VALUES ('catalog', 'monolith', 1)"
                " ON CONFLICT (capability, home) DO UPDATE SET value = strangler_marker.value + 1"
            )
        eventually(lambda: query(service, WAITING_APPLY)[0][0], what="the service's server waits for the lock")
        yield


WAITING_APPLY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND starts_with(backend_type, 'logical replication') AND wait_event_type = 'Lock'
"""


def test_switch_waits_until_the_last_rows_have_arrived(
    two_server_platform: Platform, tmp_path: Path, seed: int
) -> None:
    """While they do not, it is put off again and again, and writers hardly notice."""
    platform = two_server_platform
    moment = moment_at(platform, FORTH, "shift-writes", "close", "intent")
    FORTH.begin(platform)
    with everybody(platform, tmp_path, SMALL, seed=seed) as load, paused_mover(platform, moment) as mover:
        with stalled_apply(platform):
            wake(mover)
            eventually(lambda: mover.log.read_text().count("waiting for") >= 2, what="the switch is put off twice")
        code, said = ended(mover)
        report = load.stop()
        verdict = load.judge(platform.homes)
    assert code == 0, said
    assert report["faults"] == {}, load.complaints()[:5]
    assert verdict["innocent"], verdict
    assert verdict["owner"] == "service"
    assert report["latency_ms"]["raw_acknowledged"]["max"] < KEPT_MS, "an attempt kept the writers for too long"


def test_lost_rows_are_found_when_the_switch_does_not_wait(
    two_server_platform: Platform, tmp_path: Path, seed: int
) -> None:
    """The same, with the drain taken out: what a writer has written last is not there."""
    platform = two_server_platform
    moment = moment_at(platform, FORTH, "shift-writes", "close", "intent")
    FORTH.begin(platform)
    with (
        everybody(platform, tmp_path, SMALL, seed=seed) as load,
        paused_mover(platform, moment, sabotage="drain") as mover,
    ):
        with stalled_apply(platform):
            wake(mover)
            eventually(load.complaints, what="a writer misses what it wrote")
        code, said = ended(mover)
        report = load.stop()
    assert code == 0, said
    assert report["faults"]["own_write_lost"] > 0


def test_two_writers_are_found_when_the_fence_is_taken_out(
    servers: dict[str, Cluster], valkey: str, tmp_path: Path, seed: int
) -> None:
    """The old home goes on to take writes, and each of them proves it."""
    with (
        running_platform(
            servers, products=100, settings=FAULTY_SETTINGS, SABOTAGE="fence", CACHE_URL=valkey
        ) as platform,
        everybody(platform, tmp_path, SMALL, seed=seed) as load,
    ):
        platform.strangler("toggle", "catalog", "service", "--yes")
        load.stop()
        verdict = load.judge(platform.homes)
    assert verdict["two_writers"], verdict
