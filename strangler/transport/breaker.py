"""A breaker in front of an upstream: who fails again and again is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FAILURES_MAX = 5
REST_S = 1.0


class Breaker:
    """
    Opens after so many failures in a row, lets one try through after a rest, and closes when that succeeds.

    Args:
        failures_max: in a row, before it opens.
        rest_s: between a failure and the next try, while it is open.
    """

    def __init__(
        self,
        *,
        failures_max: int = FAILURES_MAX,
        rest_s: float = REST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures_max = failures_max
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    @property
    def open(self) -> bool:
        """Whether tries are held back."""
        return self._failures >= self._failures_max

    def admits(self) -> bool:
        """Return whether to try now; while open, one try in each rest."""
        if not self.open:
            return True
        with self._lock:
            now = self._clock()
            if now < self._rests_until:
                return False
            self._rests_until = now + self._rest_s
            return True

    def succeeded(self) -> None:
        """Close: it answers."""
        if self._failures:
            self._failures = 0

    def failed(self) -> None:
        """Count a failure."""
        with self._lock:
            self._failures += 1
            self._rests_until = self._clock() + self._rest_s
