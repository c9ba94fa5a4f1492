"""Puts the platform's capability into one home, or keeps it going to and fro."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.platform import Platform
from tests.support.state import writer_of

OTHER = {"monolith": "service", "service": "monolith"}
MOVES_MIN = 2
BREATHER_S = 1.0
"""Between two moves, so that starting commands does not take the machine from the tests."""


def move(platform: Platform, home: str) -> None:
    """Make *home* the writer, if it is not already."""
    if writer_of(platform) != home:
        platform.strangler("toggle", platform.capability, home, "--yes")


@contextmanager
def moving(platform: Platform) -> Iterator[None]:
    """Toggle the capability to and fro until left, with time to breathe; fail when it could not."""
    stop, failures, moved = threading.Event(), [], []

    def run() -> None:
        try:
            while not stop.wait(BREATHER_S) or len(moved) < MOVES_MIN:
                moved.append(OTHER[writer_of(platform)])
                move(platform, moved[-1])
        except BaseException as error:
            failures.append(error)

    mover = threading.Thread(target=run, daemon=True)
    mover.start()
    yield
    stop.set()
    mover.join(120)
    assert not failures, failures
    assert len(moved) >= MOVES_MIN
    print(f"{platform.capability} moved {len(moved)} times")


@contextmanager
def served(platform: Platform | None, where: str, *, given: str | None = None) -> Iterator[str]:
    """
    Have the capability served there meanwhile, and yield the address to ask.

    Args:
        platform: None when a running one was given.
        where: one of its homes, or "moving".
        given: the address of the running one, which is asked as it stands.
    """
    if platform is None:
        assert given, "neither a platform nor the address of one"
        yield given
    elif where == "moving":
        with moving(platform):
            yield platform.doors["monolith"]
    else:
        move(platform, where)
        yield platform.doors[where]
