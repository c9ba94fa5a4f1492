"""`strangler relay`: the relay as a process of its own."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from strangler.conf import get_conf
from strangler.events import relay, waking
from strangler.events.catalogue import inbox_of, outbox_of

BUSY_S = 1.0
IDLE_S = 60.0
STOP_S = 30.0
log = logging.getLogger("strangler.relay")


def drain() -> int:
    """Hand on and handle what is due, and what becomes due by that, and return how much it was."""
    total = 0
    while done := relay.run_once():
        total += done
    return total


def serve() -> None:
    """Be the relay until SIGTERM or SIGINT; what has begun is finished."""
    stopping, tally = threading.Event(), Tally()
    thread = threading.Thread(target=relay.run, args=[stopping, tally.add], name="strangler-relay", daemon=True)
    log.info("the relay of %s runs for %s", get_conf().host, ", ".join(with_events()) or "no capability")
    with _sigterm_as_sigint():
        thread.start()
        try:
            thread.join()
        except KeyboardInterrupt:
            stopping.set()
            waking.wake()
            thread.join(STOP_S)
    log.info("the relay of %s ends; %s done", get_conf().host, tally.total)


def with_events() -> list[str]:
    """Return the capabilities of this host that publish events, or hear of any."""
    return [name for name in get_conf().own_capabilities if outbox_of(name) or inbox_of(name)]


class Tally:
    """Counts, and says so: at most once a second while there is work, once a minute while there is none."""

    def __init__(self) -> None:
        self.total = 0
        self._said = 0
        self._said_at = time.monotonic()

    def add(self, done: int) -> None:
        """Count what one look has done."""
        self.total += done
        fresh, quiet_s = self.total - self._said, time.monotonic() - self._said_at
        if quiet_s >= IDLE_S or (fresh and quiet_s >= BUSY_S):
            log.info("%s events handed on or handled in %.0f s", fresh, quiet_s)
            self._said, self._said_at = self.total, time.monotonic()


@contextmanager
def _sigterm_as_sigint() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler), signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what runs in the background
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
