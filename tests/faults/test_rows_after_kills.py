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


@pytest.mark.parametrize("remedy", ["resume", "undo"])
@pytest.mark.parametrize("extent", ["sample", long_version("all", timeout_s=7_200)])
def test_one_writer_and_all_rows(two_server_platform: Platform, remedy: str, extent: str, seed: int) -> None:
    """Promises 1 to 3, whoever dies."""
    cases = list(itertools.product(DEATHS, MOVERS))
    for death, mover in cases if extent == "all" else [random.Random(f"{seed}/{remedy}").choice(cases)]:
        print(f"{death} dies while rows move by {mover}")
        ways = [replace(way, mover=mover) for way in WAYS]
        named = f"{seed}/{remedy}/{death}/{mover}"
        for moment in moments(two_server_platform, extent, named, among=lambda _: True, ways=ways):
            _die_and_mend(two_server_platform, moment, DEATHS[death], remedy)


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
        mend(platform, remedy, [entry[1:] for entry in journal(platform, after=last)])
    assert_one_writer(platform, rows=rows)
    way.finish(platform)
    after = assert_one_writer(platform, rows=rows)
    assert after.writer == way.home
    eventually(lambda: _equal(platform), what="both homes have the same rows")
    assert_serves(platform)


def _equal(platform: Platform) -> bool:
    rows = state_of(platform).rows
    return rows["monolith"] == rows["service"]
