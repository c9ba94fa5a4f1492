"""A mover dies between the two homes while people read and write: they wait, and lose nothing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal

import pytest

from tests.faults.movers import BACK, FORTH, Way, outlive_lease, paused_mover
from tests.support.checking import traffic
from tests.support.fixtures import long_version
from tests.support.platform import Platform

pytestmark = pytest.mark.platform

_CLOSED = {(verb, *entry) for verb in ("shift-writes", "reverse") for entry in (("close", "done"), ("move", "intent"))}
"""Entries after which neither home may write, and the way back is still open."""


@pytest.mark.parametrize("remedy", ["resume", "undo"])
@pytest.mark.parametrize("way", [FORTH, BACK], ids=lambda way: way.name)
@pytest.mark.parametrize("extent", ["sample", long_version("all", timeout_s=1_200)])
def test_nothing_is_lost_or_doubled(
    postgres_platform: Platform, way: Way, remedy: Literal["resume", "undo"], extent: str, tmp_path: Path, seed: int
) -> None:
    """Reads go on; writes wait for the new owner, or are told to repeat; none fails (promises 2 and 5)."""
    platform = postgres_platform
    steps = way.steps(platform)
    closed = [n for n, step in enumerate(steps, 1) if step in _CLOSED]
    chosen = closed if extent == "all" else [random.Random(f"{seed}/{way.name}/{remedy}").choice(closed)]
    way.begin(platform)
    with traffic(tmp_path, list(platform.doors.values()), platform.token, seed=seed, horizon_s=900.0) as load:
        load.wait_until_steady()
        for entries in chosen:
            print(f"{way.name} killed under load after entry {entries} {steps[entries - 1]}, then {remedy}")
            way.begin(platform)
            with paused_mover(platform, way, entries) as mover:
                mover.kill()
            outlive_lease()
            platform.strangler(remedy, "catalog", "--yes")
            way.finish(platform)
        report = load.stop()
        verdict = load.judge(platform.homes)
    assert report["faults"] == {}, load.complaints()[:5]
    assert verdict["innocent"], verdict
    assert report["counts"]["own_read"] == verdict["acknowledged"] > 0
