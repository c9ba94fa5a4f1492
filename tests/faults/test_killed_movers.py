"""
A mover dies by SIGKILL after each entry of its journal; `resume` finishes what it began, `undo` puts it back.

The entries are those of an undisturbed run, so a new step enrols itself. CI takes a seeded sample, `make soak` all.
"""

from __future__ import annotations

import pytest

from tests.faults.movers import Moment, assert_one_writer, assert_serves, mend, moments, paused_mover
from tests.support.evidence import record_part
from tests.support.fixtures import long_version
from tests.support.platform import Platform

pytestmark = pytest.mark.platform


@pytest.mark.parametrize("remedy", ["resume", "undo"])
@pytest.mark.parametrize("extent", ["sample", long_version("all", timeout_s=2_400)])
def test_one_writer_and_all_rows(any_platform: Platform, remedy: str, extent: str, seed: int) -> None:
    """Promises 1 to 3; R1 for the entries after which there is no undo."""
    kills = 0
    for moment in moments(any_platform, extent, f"{seed}/{remedy}", among=lambda _: True):
        _kill_and_mend(any_platform, moment, remedy)
        kills += 1
    if extent == "all":
        record_part("movers-killed", f"{any_platform.kind}, {remedy}", seed=seed, kills=kills)


def _kill_and_mend(platform: Platform, moment: Moment, remedy: str) -> None:
    way = moment.way
    before = way.begin(platform)
    rows = before.rows[before.writer]
    with paused_mover(platform, moment) as mover:
        mover.kill()
    mend(platform, remedy, way, moment.journal)
    assert_one_writer(platform, rows=rows)
    way.finish(platform)
    after = assert_one_writer(platform, rows=rows)
    assert after.writer == way.home
    assert after.rows["monolith"] == after.rows["service"]
    assert_serves(platform)
