"""
A server or a host dies by SIGKILL while a move is at some entry of its journal, and comes back at once.

The mover meets that as it goes on: it finishes, or puts everything back, or stops half-way and says so; then `resume`
or `undo` mends it. The movers' own deaths are in test_killed_movers.py.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.movers import WAYS, Moment, assert_one_writer, assert_serves, ended, mend, moments, paused_mover, wake
from tests.support.evidence import record_part
from tests.support.fixtures import long_version
from tests.support.platform import MONOLITH, Platform
from tests.support.processes import eventually
from tests.support.state import journal, state_of

pytestmark = pytest.mark.platform


def _server_dies(host: str) -> Callable[[Platform], None]:
    def kill(platform: Platform) -> None:
        server = platform.servers[host if host == MONOLITH else platform.capability]
        server.kill()
        server.start()

    return kill


def _host_dies(host: str) -> Callable[[Platform], None]:
    def kill(platform: Platform) -> None:
        name = host if host == MONOLITH else platform.capability
        platform.hosts[name].kill()
        platform.start_host(name)

    return kill


DEATHS = {
    "server of the monolith": _server_dies(MONOLITH),
    "server of the service": _server_dies("service"),
    "monolith": _host_dies(MONOLITH),
    "service": _host_dies("service"),
}


MOVERS = ("logical", "keylog")


CASES = list(itertools.product(DEATHS, MOVERS))


@pytest.mark.parametrize("remedy", ["resume", "undo"])
def test_one_writer_and_all_rows(two_server_platform: Platform, remedy: str, seed: int) -> None:
    """Promises 1 to 3, whoever dies."""
    death, mover = random.Random(f"{seed}/{remedy}").choice(CASES)
    _die_at(two_server_platform, death, mover, remedy, "sample", seed)


@pytest.mark.parametrize("remedy", ["resume", "undo"])
@pytest.mark.parametrize(("death", "mover"), [long_version(*case, timeout_s=3_600) for case in CASES])
def test_one_writer_and_all_rows_after_every_entry(
    two_server_platform: Platform, death: str, mover: str, remedy: str, seed: int
) -> None:
    """The same, whoever dies, whenever."""
    kills = _die_at(two_server_platform, death, mover, remedy, "all", seed)
    record_part("rows-after-kills", f"{death}, {mover}, {remedy}", seed=seed, kills=kills)


def _die_at(platform: Platform, death: str, mover: str, remedy: str, extent: str, seed: int) -> int:
    """Let somebody die at a sample of moments, or at all; return how many they were."""
    print(f"{death} dies while rows move by {mover}")
    ways = [replace(way, mover=mover) for way in WAYS]
    tried = 0
    for moment in moments(platform, extent, f"{seed}/{remedy}/{death}/{mover}", among=lambda _: True, ways=ways):
        _die_and_mend(platform, moment, DEATHS[death], remedy)
        tried += 1
    return tried


def _die_and_mend(platform: Platform, moment: Moment, death: Callable[[Platform], None], remedy: str) -> None:
    way = moment.way
    before = way.begin(platform)
    rows = before.rows[before.writer]
    last = max((number for number, *_ in journal(platform)), default=0)
    with paused_mover(platform, moment) as mover:
        death(platform)
        wake(mover)
        code, said = ended(mover, timeout_s=180)
    print(f"the mover ended with {code}: {said[-400:]}")
    if platform.status()["operation"]:
        mend(platform, remedy, way, [entry[1:] for entry in journal(platform, after=last)])
    assert_one_writer(platform, rows=rows)
    way.finish(platform)
    after = assert_one_writer(platform, rows=rows)
    assert after.writer == way.home
    eventually(lambda: _equal(platform), what="both homes have the same rows")
    assert_serves(platform)


def _equal(platform: Platform) -> bool:
    rows = state_of(platform).rows
    return rows["monolith"] == rows["service"]
