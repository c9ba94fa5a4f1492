"""Something to deliver: told to the relay of this process at once, while others find it when they look."""

from __future__ import annotations

import threading

_due = threading.Event()


def wake() -> None:
    """Let the relay of this process, if there is one, look now."""
    _due.set()


def wait(seconds: float) -> None:
    """Return when there may be something to do, or after *seconds*."""
    _due.wait(seconds)
    _due.clear()
