"""One moment after which nobody waits any longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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


_current: ContextVar[Deadline | None] = ContextVar("strangler_deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[Deadline]:
    """Run a block whose calls all end by one deadline, sooner if the block around it ends sooner."""
    deadline = deadline_after(seconds)
    token = _current.set(deadline)
    try:
        yield deadline
    finally:
        _current.reset(token)


def deadline_after(seconds: float) -> Deadline:
    """Return the deadline of something that takes *seconds* at most, and no longer than whoever waits for it."""
    around = _current.get()
    return Deadline(seconds if around is None else min(seconds, around.left()))
