"""The checker against a platform whose fence was taken out: it must find the writes that get lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.checking import traffic
from tests.support.fixtures import StartPlatform
from tests.support.platform import FAULTY_SETTINGS
from tests.support.processes import eventually

pytestmark = pytest.mark.platform

TOGGLES_MAX = 12


def test_lost_writes_are_found_when_no_home_refuses_any(
    start_platform: StartPlatform, tmp_path: Path, seed: int
) -> None:
    """
    Writes that the old home accepts while its rows are copied stay behind there.

    Few writers with many writes each: what one of them loses, its next write or read meets.
    """
    with (
        start_platform("sqlite", products=3_000, settings=FAULTY_SETTINGS, SABOTAGE="fence") as platform,
        traffic(tmp_path, list(platform.doors.values()), platform.token, seed=seed, writes_per_s=60) as load,
    ):
        load.wait_until_steady()
        for turn in range(TOGGLES_MAX):
            platform.strangler("toggle", "catalog", "monolith" if turn % 2 else "service", "--yes")
            if load.complaints():
                break
        eventually(load.complaints, what="the checker complains")
        report = load.stop()
        verdict = load.judge(platform.homes)
    assert report["faults"], report
    assert not verdict["innocent"], verdict
    assert verdict["lost"], verdict
