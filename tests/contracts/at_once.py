"""Many clients at the same moment."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.contracts.client import Answer

MANY = 8


def at_once(act: Callable[[int], Answer], number: int = MANY) -> Counter[tuple[int, str | None]]:
    """Let *number* threads act together; count (status, problem code)."""
    together = threading.Barrier(number)

    def run(index: int) -> tuple[int, str | None]:
        together.wait(30)
        answer = act(index)
        return answer.status, answer.json.get("code")

    with ThreadPoolExecutor(number) as pool:
        return Counter(pool.map(run, range(number)))
