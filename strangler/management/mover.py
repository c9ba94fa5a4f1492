"""`strangler mover` and `strangler attach`."""

from __future__ import annotations

import signal
import threading
from typing import Any

from strangler.management import terminal
from strangler.models import Operation
from strangler.operations.daemon import execute_all, follow, serve_mover


def serve() -> None:
    """Execute what is queued and bring rows over, until Ctrl-C or SIGTERM; what has begun is brought to its end."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    terminal.say("This mover executes what is queued and brings rows over. Ctrl-C stops it.")
    with terminal.progress(quiet=False) as report:
        serve_mover(stopping, report)


def once() -> int:
    """Execute what is queued now, and return how many operations that was."""
    with terminal.progress(quiet=False) as report:
        return execute_all(report)


def attach(number: int) -> dict[str, Any]:
    """Show what an operation does until it ends, and return how it ended; Ctrl-C leaves it alone."""
    stopping = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    with terminal.progress(quiet=False) as report:
        for event in follow(number, stopping):
            if isinstance(event, Operation):
                return {"operation": event.pk, "state": event.state, "error": event.error}
            report(event)
    return {"operation": number, "state": "detached", "error": ""}
