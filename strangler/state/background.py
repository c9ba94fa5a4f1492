"""Work that a process does beside what it serves, in one thread of its own."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable

_STOP_S = 5.0
_FAILED_S = 1.0
log = logging.getLogger("strangler.background")


class Background:
    """
    At most one thread in each process; a forked child starts its own.

    Args:
        name: of the thread.
        run: works until the event that it is given is set, and looks at it often; begins anew a moment after it failed.
    """

    def __init__(self, name: str, run: Callable[[threading.Event], None]) -> None:
        self._name = name
        self._run = run
        self._forget()
        atexit.register(self.stop)
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._stopping.clear()
                self._thread = threading.Thread(target=self._work, args=[self._stopping], name=self._name, daemon=True)
                self._thread.start()

    def _work(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                self._run(stopping)
                return
            except Exception:
                log.exception("%s has failed, and begins anew in %g s", self._name, _FAILED_S)
                stopping.wait(_FAILED_S)

    def stop(self) -> None:
        """Stop it, if it runs, and wait for what it has begun."""
        with self._lock:
            if self._thread is not None:
                self._stopping.set()
                self._thread.join(timeout=_STOP_S)
                self._thread = None
