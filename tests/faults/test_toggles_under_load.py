"""The catalog goes to its service and back under open-loop load, and the independent checker finds nothing wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.checking import Traffic, traffic
from tests.support.evidence import record
from tests.support.fixtures import PRODUCTS, long_version
from tests.support.platform import Platform, Toggled

HORIZON_S = 1_800.0

pytestmark = pytest.mark.platform


@pytest.mark.parametrize("toggles", [6, long_version(200, timeout_s=2_400)])
def test_nothing_is_lost_or_doubled(any_platform: Platform, toggles: int, tmp_path: Path, seed: int) -> None:
    """Promises 1, 2 and 4, and R8: writers and readers at both doors, with keep-alive, never see the moves."""
    doors = list(any_platform.doors.values())
    with traffic(tmp_path, doors, any_platform.token, seed=seed, horizon_s=HORIZON_S) as load:
        load.wait_until_steady()
        done = [any_platform.toggle_until_done("monolith" if turn % 2 else "service") for turn in range(toggles)]
        report = load.stop()
        verdict = load.judge(any_platform.homes)
    _assert_nothing_happened(load, report, verdict)
    assert set(report["homes"]) == {"monolith", "service"}, "the load never met the other home"
    figures = _figures(done, report, verdict)
    print(json.dumps(figures))
    if toggles >= 200 and any_platform.kind == "postgres":
        record("toggles", seed=seed, products=PRODUCTS, **figures)


def _assert_nothing_happened(load: Traffic, report: dict[str, Any], verdict: dict[str, Any]) -> None:
    assert report["faults"] == {}, load.complaints()[:5]
    assert verdict["innocent"], verdict
    assert verdict["unknown"] == 0
    assert verdict["acknowledged"] >= report["counts"]["acknowledged"] > 0
    assert report["counts"]["own_read"] == verdict["acknowledged"]
    assert report["counts"]["replayed"] > 0
    assert report["counts"].get("refused_moved_midway", 0) * 100 < verdict["acknowledged"], "too many must repeat"


def _figures(done: list[Toggled], report: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    ordered = sorted(toggled.figures["paused_ms"] for toggled in done)
    return {
        "toggles": len(done),
        "toggles_refused_and_repeated": sum(toggled.refused for toggled in done),
        "writers_paused_ms": {"p50": ordered[len(ordered) // 2], "max": ordered[-1]},
        "acknowledged_writes": verdict["acknowledged"],
        "lost": len(verdict["lost"]),
        "doubled": len(verdict["doubled"]),
        "failed": report["counts"].get("failed", 0),
        "counts": report["counts"],
        "latency_ms_from_intended_start": report["latency_ms"],
    }
