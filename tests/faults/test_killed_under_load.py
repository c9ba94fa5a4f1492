"""A mover dies between the two homes while people read and write: they wait, and lose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.movers import Step, moments, outlive_lease, paused_mover
from tests.support.checking import traffic
from tests.support.fixtures import long_version
from tests.support.platform import Platform

pytestmark = pytest.mark.platform


def nobody_may_write(steps: list[Step]) -> bool:
    """Whether the old home has closed and the new one not opened; the way back is still open then."""
    return steps[-1][1:] in {("close", "done"), ("open", "intent")}


@pytest.mark.parametrize("remedy", ["resume", "undo"])
@pytest.mark.parametrize("extent", ["sample", long_version("all", timeout_s=1_200)])
def test_nothing_is_lost_or_doubled(
    postgres_platform: Platform, remedy: str, extent: str, tmp_path: Path, seed: int
) -> None:
    """Reads go on; writes wait for the new owner, or are told to repeat; none fails (promises 2 and 5)."""
    platform = postgres_platform
    chosen = list(moments(platform, extent, f"{seed}/{remedy}", among=nobody_may_write))
    chosen[0].way.begin(platform)
    with traffic(tmp_path, list(platform.doors.values()), platform.token, seed=seed, horizon_s=900.0) as load:
        load.wait_until_steady()
        for moment in chosen:
            moment.way.begin(platform)
            with paused_mover(platform, moment) as mover:
                mover.kill()
            outlive_lease()
            platform.strangler(remedy, "catalog", "--yes")
            moment.way.finish(platform)
        report = load.stop()
        verdict = load.judge(platform.homes)
    assert report["faults"] == {}, load.complaints()[:5]
    assert verdict["innocent"], verdict
    assert report["counts"]["own_read"] == verdict["acknowledged"] > 0
