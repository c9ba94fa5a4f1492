"""Effects that happen once, whoever asks for them and how often: runs of tasks, ticks of a clock (R14)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from strangler.events.inbox import first_time
from strangler.fence import owning

TICKS = "ticks"


@contextmanager
def once(capability: str, consumer: str, key: str) -> Iterator[bool]:
    """
    Run a block as one transaction of the owner, and say whether it is the first one with this key.

    Args:
        consumer: whose keys they are, such as the name of a task.
        key: the same for every repeat of one effect.

    Yields:
        False when the effect is there already: then the block has nothing to do.

    Raises:
        Moved: another home owns the rows; the block was not entered.
    """
    with owning(capability):
        yield first_time(capability, consumer, key)


def first_tick(capability: str, name: str, every_s: float) -> bool:
    """
    Return whether nobody has worked on *name* yet in the present period, and take it.

    Clocks tick in every home and every worker; periods are counted from 1970, so all of them mean the same one.

    Raises:
        Moved: another home owns the rows; the tick is its business.
    """
    period = int(time.time() // every_s)
    with once(capability, TICKS, f"{name}@{every_s:g}:{period}") as first:
        return first
