"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from datetime import timedelta

LONGEST_S = 60.0


def backoff(attempts: int, first_s: float) -> timedelta:
    """
    Return a pause that doubles with every attempt up to a minute, half of it left to chance.

    Args:
        attempts: that were made so far, 1 or more.
        first_s: the pause after the first one.
    """
    seconds = min(LONGEST_S, first_s * 2 ** min(attempts - 1, 16))
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311  jitter
