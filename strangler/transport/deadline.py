"""One moment after which nobody waits any longer."""

from __future__ import annotations

import time
from collections.abc import Callable

from strangler.transport.errors import TimedOut


class Deadline:
    """A moment, seen as the seconds that are left."""

    __slots__ = ("_at", "_clock")

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock() + seconds

    def left(self) -> float:
        """
        Return the seconds that are left, always more than 0.

        Raises:
            TimedOut: none are left.
        """
        left = self._at - self._clock()
        if left <= 0:
            raise TimedOut("the deadline has passed")
        return left
