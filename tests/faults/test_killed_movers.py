"""
A mover dies by SIGKILL after each entry of its journal; `resume` finishes what it began, `undo` puts it back.

The entries are those of an undisturbed run, so a new step enrols itself. CI takes a seeded sample, `make soak` all.
"""

from __future__ import annotations

import random
from typing import Literal

import pytest

from tests.faults.movers import BACK, FORTH, Way, assert_one_writer, assert_serves, outlive_lease, paused_mover
from tests.support.fixtures import long_version
from tests.support.platform import Platform

SAMPLE = 1
WAYS = pytest.mark.parametrize("way", [FORTH, BACK], ids=lambda way: way.name)

pytestmark = pytest.mark.platform


@WAYS
@pytest.mark.parametrize("remedy", ["resume", "undo"])
@pytest.mark.parametrize("extent", ["sample", long_version("all", timeout_s=1_200)])
def test_one_writer_and_all_rows(
    any_platform: Platform, way: Way, remedy: Literal["resume", "undo"], extent: str, seed: int
) -> None:
    """Promises 1 to 3; R1 for the entries after which there is no undo."""
    steps = way.steps(any_platform)
    chosen = range(1, len(steps) + 1)
    if extent == "sample":
        rng = random.Random(f"{seed}/{any_platform.kind}/{way.name}/{remedy}")
        chosen = sorted(rng.sample(chosen, SAMPLE))
    for entries in chosen:
        print(f"{any_platform.kind}: {way.name} killed after entry {entries} {steps[entries - 1]}, then {remedy}")
        _kill_and_mend(any_platform, way, entries, remedy, opened=_opened(steps, entries))


def _opened(steps: list[tuple[str, str, str]], entries: int) -> bool:
    """Whether the operation that was killed has opened its target: then there is no undo (R1)."""
    verb = steps[entries - 1][0]
    return (verb, "move", "done") in steps[:entries]


def _kill_and_mend(platform: Platform, way: Way, entries: int, remedy: str, *, opened: bool) -> None:
    before = way.begin(platform)
    rows = before.rows[before.writer]
    with paused_mover(platform, way, entries) as mover:
        too_early = platform.manage("strangler", remedy, "catalog", "--yes")
        assert too_early.returncode != 0, "a living mover was taken for dead"
        assert "alive" in too_early.stderr, too_early.stderr
        mover.kill()
    outlive_lease()
    if remedy == "undo" and opened:
        refused = platform.manage("strangler", "undo", "catalog", "--yes")
        assert refused.returncode != 0, "an opened home was closed again"
        assert "there is no undo" in refused.stderr, refused.stderr
        outlive_lease()
        remedy = "resume"
    platform.strangler(remedy, "catalog", "--yes")
    assert_one_writer(platform, rows=rows)
    way.finish(platform)
    after = assert_one_writer(platform, rows=rows)
    assert after.writer == way.home
    assert after.rows["monolith"] == after.rows["service"]
    assert_serves(platform)
