"""
The network fails while rows move: packets between chosen machines vanish, and come through again later.

Before the old home has closed, a switch that cannot go on is put back, and writers hardly notice. Between the two
commits nobody may write, until the network is healed and the move resumed or undone; two homes never may.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import Parted
from tests.faults.movers import (
    FORTH,
    LEASE_S,
    assert_one_writer,
    assert_serves,
    ended,
    moment_at,
    outlive_lease,
    paused_mover,
    wake,
)
from tests.support.checking import Traffic, traffic
from tests.support.networks import OUTSIDE
from tests.support.platform import Platform
from tests.support.processes import eventually
from tests.support.state import owner_of, state_of

pytestmark = pytest.mark.platform

SERVERS = ("monolith", "service")
KEPT_MS = 10_000
"""No attempt keeps writers for longer, however starved the machine."""


@contextmanager
def raw_writers(platform: Platform, directory: Path, *, seed: int) -> Iterator[Traffic]:
    """Writers past every router and a probe at each home; they may be unable to reach one."""
    with traffic(
        directory, [], platform.token, homes=platform.homes, seed=seed, writers=0, readers=0, raw_writers=4,
        raw_writes_per_s=40, probes_per_s=50, servers_die=True, horizon_s=600.0,
    ) as load:  # fmt: skip
        load.wait_until_steady()
        yield load


def test_cut_during_the_copy_is_waited_out(parted: Parted) -> None:
    """The servers go on by themselves once they can; until then nothing has changed for anybody."""
    platform, network = parted
    moment = moment_at(platform, FORTH, "prepare", "copy", "intent")
    before = FORTH.begin(platform)
    with paused_mover(platform, moment) as mover:
        with network.cut(*SERVERS):
            wake(mover)
            outlive_lease()
            assert owner_of(platform.homes["monolith"]) == before.ownership["monolith"]
            platform.create_product("monolith", f"cut-{moment.entries}")
        code, said = ended(mover, timeout_s=120)
    print(said)
    if code:
        assert "Everything was put back" in " ".join(said.split()), said
    FORTH.finish(platform)
    eventually(lambda: _equal(platform), what="both homes have the same rows")
    assert_serves(platform)


def test_cut_during_the_drain_costs_nobody_anything(parted: Parted, tmp_path: Path, seed: int) -> None:
    """The last rows cannot arrive: the switch is put off, or put back, and no writer waits longer than its cap."""
    platform, network = parted
    moment = moment_at(platform, FORTH, "shift-writes", "close", "intent")
    FORTH.begin(platform)
    with (
        raw_writers(platform, tmp_path, seed=seed) as load,
        paused_mover(platform, moment) as mover,
        network.cut(*SERVERS),
    ):
        wake(mover)
        code, said = ended(mover, timeout_s=120)
        assert code != 0, said
        assert "Everything was put back" in " ".join(said.split()), said
        assert owner_of(platform.homes["monolith"])[0] == "monolith"
        report = load.stop()
        verdict = load.judge(platform.homes)
    assert report["faults"] == {}, load.complaints()[:5]
    assert verdict["innocent"], verdict
    assert report["latency_ms"]["raw_acknowledged"]["max"] < KEPT_MS, "an attempt kept the writers for too long"
    FORTH.finish(platform)
    eventually(lambda: _equal(platform), what="both homes have the same rows")
    assert_serves(platform)


@pytest.mark.parametrize("remedy", ["", "resume", "undo"])
def test_cut_between_the_two_commits_means_waiting(parted: Parted, remedy: str, tmp_path: Path, seed: int) -> None:
    """
    The new home's server is unreachable for everybody: nobody writes, and once it is healed, one home does.

    The mover is killed meanwhile, and its work is resumed or undone; or it lives, and ends what it began or says how.
    """
    platform, network = parted
    moment = moment_at(platform, FORTH, "shift-writes", "close", "done")
    FORTH.begin(platform)
    with raw_writers(platform, tmp_path, seed=seed) as load, paused_mover(platform, moment) as mover:
        with network.cut(*SERVERS), network.cut(OUTSIDE, "service"):
            wake(mover)
            outlive_lease()
            assert owner_of(platform.homes["monolith"])[0] == "service"
            before = _witnesses(load)
            outlive_lease()
            assert _witnesses(load) == before, f"somebody wrote within {LEASE_S} s, and there was no writer"
            if remedy:
                mover.kill()
        if not remedy:
            print(ended(mover, timeout_s=180))
        if platform.status()["operation"]:
            outlive_lease()
            platform.strangler(remedy or "resume", "catalog", "--yes")
        eventually(lambda: _witnesses(load) > before, what="somebody writes again")
        report = load.stop()
        verdict = load.judge(platform.homes)
    assert report["faults"] == {}, load.complaints()[:5]
    assert verdict["innocent"], verdict
    assert not remedy or verdict["owner"] == {"resume": "service", "undo": "monolith"}[remedy]
    state = state_of(platform)
    assert_one_writer(platform, rows=state.rows[state.writer])
    FORTH.finish(platform)
    eventually(lambda: _equal(platform), what="both homes have the same rows")
    assert_serves(platform)


def _witnesses(load: Traffic) -> int:
    return load.ledger.read_text().count('"witness"')


def _equal(platform: Platform) -> bool:
    rows = state_of(platform).rows
    return rows["monolith"] == rows["service"]
