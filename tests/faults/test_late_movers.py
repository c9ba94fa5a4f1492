"""
A mover is stopped by SIGSTOP in the middle of its work, others end the work and go on, and it wakes up (R1).

Whatever it was about to do, it must do nothing: open nothing, close nothing, copy nothing, publish nothing.
"""

from __future__ import annotations

import pytest

from tests.faults.movers import (
    FORTH,
    Way,
    assert_one_writer,
    assert_serves,
    ended,
    moment_at,
    moments,
    opened,
    outlive_lease,
    paused_mover,
    wake,
)
from tests.support.fixtures import StartPlatform, long_version
from tests.support.platform import Platform
from tests.support.processes import Process
from tests.support.state import State, state_of

pytestmark = pytest.mark.platform
EXTENT = pytest.mark.parametrize("extent", ["sample", long_version("all", timeout_s=2_400)])


@EXTENT
def test_mover_woken_after_an_undo_does_nothing(any_platform: Platform, extent: str, seed: int) -> None:
    for moment in moments(any_platform, extent, f"{seed}/undone", among=lambda steps: not opened(steps)):
        moment.way.begin(any_platform)
        with paused_mover(any_platform, moment) as mover:
            outlive_lease()
            any_platform.strangler("undo", "catalog", "--yes")
            _assert_wakes_in_vain(any_platform, mover)


def test_prepare_woken_after_an_undo_copies_nothing(any_platform: Platform) -> None:
    """Neither `prepare` nor its undo changes the ownership rows: the attempt alone tells the two movers apart."""
    moment = moment_at(any_platform, FORTH, "prepare", "copy", "intent")
    FORTH.begin(any_platform)
    with paused_mover(any_platform, moment) as mover:
        outlive_lease()
        any_platform.strangler("undo", "catalog", "--yes")
        _assert_wakes_in_vain(any_platform, mover)


@EXTENT
def test_mover_woken_after_others_went_on_does_nothing(any_platform: Platform, extent: str, seed: int) -> None:
    """Its work was finished by `resume`, the capability has moved on, and writes were acknowledged since."""
    for moment in moments(any_platform, extent, f"{seed}/resumed", among=lambda steps: steps[-1][2] == "intent"):
        moment.way.begin(any_platform)
        with paused_mover(any_platform, moment) as mover:
            _others_go_on(any_platform, moment.way)
            _assert_wakes_in_vain(any_platform, mover)


def test_mover_woken_late_destroys_rows_when_nothing_stops_it(start_platform: StartPlatform) -> None:
    """The two tests above bite: without the guard a late `prepare` empties the new writer to copy anew."""
    with start_platform("sqlite", products=100) as platform:
        moment = moment_at(platform, FORTH, "prepare", "copy", "intent")
        FORTH.begin(platform)
        with paused_mover(platform, moment, sabotage="late") as mover:
            before = _others_go_on(platform, FORTH)
            wake(mover)
            ended(mover)
        after = state_of(platform)
    assert after.rows["service"] != before.rows["service"], "the late mover did no harm: what does the guard guard?"


def _others_go_on(platform: Platform, way: Way) -> State:
    outlive_lease()
    platform.strangler("resume", "catalog", "--yes")
    way.finish(platform)
    assert_serves(platform)
    return state_of(platform)


def _assert_wakes_in_vain(platform: Platform, mover: Process) -> None:
    before = state_of(platform)
    wake(mover)
    code, said = ended(mover)
    assert code != 0, f"the late mover believes that it succeeded: {said}"
    assert "taken over" in said, said
    assert state_of(platform) == before, said
    assert_one_writer(platform, rows=before.rows[before.writer])
    assert_serves(platform)
