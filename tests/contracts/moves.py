"""Puts the platform's capability into one home, or keeps it going to and fro."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.platform import Platform

OTHER = {"monolith": "service", "service": "monolith"}
MOVES_MIN = 2


def move(platform: Platform, home: str) -> None:
    """Make *home* the writer, if it is not already."""
    if platform.status()["writer"] != home:
        platform.strangler("toggle", platform.capability, home, "--yes")


@contextmanager
def moving(platform: Platform) -> Iterator[None]:
    """Toggle the capability to and fro until left; fail when it could not."""
    stop, failures, moved = threading.Event(), [], []

    def run() -> None:
        try:
            while not stop.is_set() or len(moved) < MOVES_MIN:
                moved.append(OTHER[platform.status()["writer"]])
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
