"""An open loop: a request at each tick, however long the last one took; what failed is kept."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.support.envoy import Connection


class Loop(threading.Thread):
    """
    Requests of one kind on one kept connection, which is made anew when it breaks.

    Args:
        request: returns the next request's bytes.

    Attributes:
        homes: answers with a status below 500, by the field that says which home gave them.
        failed: what went wrong otherwise.
        slowest_s: the longest wait for an answer, from the tick at which it was due to be asked for.
    """

    def __init__(self, address: str, per_s: float, request: Callable[[], bytes], home_field: str) -> None:
        super().__init__()
        self.homes: Counter[str] = Counter()
        self.failed: list[Any] = []
        self.slowest_s = 0.0
        self.stopping = threading.Event()
        self._address = address
        self._every_s = 1 / per_s
        self._request = request
        self._home_field = home_field
        self._connection: Connection | None = None

    @property
    def asked(self) -> int:
        """How many requests are over."""
        return sum(self.homes.values()) + len(self.failed)

    def run(self) -> None:
        due = time.monotonic()
        while not self.stopping.wait(max(0.0, due - time.monotonic())):
            try:
                self._ask()
            except (OSError, ValueError, IndexError) as error:
                self.failed.append(repr(error))
                self._close()
            self.slowest_s = max(self.slowest_s, time.monotonic() - due)
            due += self._every_s
        self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self) -> None:
        if self._connection is None:
            self._connection = Connection(self._address)
        status, fields, content = self._connection.ask(self._request())
        if fields.get("connection", "").lower() == "close":
            self._close()
        if status >= 500:
            self.failed.append((status, content[:200]))
        else:
            self.homes[fields.get(self._home_field, "")] += 1


@contextmanager
def open_loop(
    address: str, kinds: Mapping[str, Callable[[], bytes]], *, per_s: float, home_field: str = "x-home"
) -> Iterator[dict[str, Loop]]:
    """Ask each of *kinds* until the block ends."""
    loops = {kind: Loop(address, per_s, request, home_field) for kind, request in kinds.items()}
    for loop in loops.values():
        loop.start()
    try:
        yield loops
    finally:
        for loop in loops.values():
            loop.stopping.set()
        for loop in loops.values():
            loop.join()
