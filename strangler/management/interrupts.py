"""Ctrl-C, or SIGTERM, while this process executes an operation."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from strangler.cutover import Event, Report

_ASKED = (signal.SIGINT, signal.SIGTERM)
_HEARD = "Interrupted: it is put back as soon as it can be. Once more: it stops at once, as in a crash."
_STOPPED = "Stopped at once. If `strangler status` names an operation: `strangler resume` or `strangler undo` mends it."
_INTERRUPTED = 130


@contextmanager
def interruptible(report: Report) -> Iterator[Report]:
    """
    Let the first signal take effect where an operation can be put back: when it next reports something.

    In the middle of a statement it might leave a transaction open that the way back then runs in. A second signal does
    not wait, and nothing is put back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield report
        return
    asked = threading.Event()

    def hear(*_: object) -> None:
        asked.set()
        _listen(stop)
        _say(_HEARD)

    def stop(*_: object) -> None:
        _say(_STOPPED)
        raise SystemExit(_INTERRUPTED)

    def reporting(event: Event) -> None:
        report(event)
        if asked.is_set():
            asked.clear()
            raise KeyboardInterrupt("interrupted")

    before = {number: signal.getsignal(number) for number in _ASKED}
    _listen(hear)
    try:
        yield reporting
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(handler: Callable[..., None]) -> None:
    for number in _ASKED:
        signal.signal(number, handler)


def _say(sentence: str) -> None:
    """Write past all buffers, which the interrupted code may be in."""
    os.write(2, f"\n  {sentence}\n".encode())
