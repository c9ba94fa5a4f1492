"""Measure what runs in this process alone: actions take turns in short passes, and of each the best pass counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

PASS_S = 0.01
PASSES = 100


def best_us(actions: dict[str, Callable[[], Any]], passes: int = PASSES) -> dict[str, float]:
    """Return the CPU microseconds of one call of each in its best pass, which depends least on what else runs."""
    repeats = {name: max(1, int(3 * PASS_S / _pass_s(action, 3))) for name, action in actions.items()}
    found: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(passes):
        for name, action in actions.items():
            found[name].append(_pass_s(action, repeats[name]) / repeats[name])
    return {name: min(took_s) * 1e6 for name, took_s in found.items()}


def _pass_s(action: Callable[[], Any], repeats: int) -> float:
    began = time.thread_time()
    for _ in range(repeats):
        action()
    return time.thread_time() - began
