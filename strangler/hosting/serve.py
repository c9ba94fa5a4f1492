"""
Serve a host over HTTP: `python -m strangler.hosting.serve --port 8101`, with DJANGO_SETTINGS_MODULE saying which.

One process with many blocking threads by default: a write that meets a switch waits in its thread, and such waiting
must not keep the others from being served. On SIGTERM the host says it is not ready, goes on for `DRAIN_S` seconds so
that balancers notice, accepts no more connections, and finishes what it has begun. Calls of other hosts are taken at
`INTERNAL_BIND` in the same processes.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from strangler.errors import SetupError
from strangler.hosting import draining, internal

THREADS = 64
STOP_S = 30


class Server(Granian):  # type: ignore[misc,valid-type]
    """granian, which says it is going away before it goes."""

    drain_s: float = 0.0
    calls: socket.socket

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Begin to end; a second signal ends at once."""
        if draining.begun() or not self.drain_s:
            draining.begin()
            self._end()
            return
        draining.begin()
        timer = threading.Timer(self.drain_s, self._end)
        timer.daemon = True
        timer.start()

    def _end(self) -> None:
        draining.close()
        self.calls.close()
        super().signal_handler_interrupt()


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    options = _options(argv)
    for name in [name for name in os.environ if name.startswith("HTTP_")]:
        del os.environ[name]  # granian shows the environment to WSGI, where HTTP_PROXY would look like a header
    try:
        calls = internal.bind()
    except SetupError as error:
        sys.exit("\n".join(("This host cannot start:", *error.faults)))
    with tempfile.TemporaryDirectory(prefix="strangler-") as folder:
        os.environ[draining.VARIABLE] = folder
        server = Server(
            "strangler.hosting.wsgi:application",
            address=options.address,
            port=options.port,
            interface=Interfaces.WSGI,
            workers=options.workers,
            blocking_threads=options.threads,
            workers_kill_timeout=STOP_S,
            websockets=False,
            log_level=LogLevels.error,
        )
        server.drain_s = float(os.environ.get("DRAIN_S") or 0)
        server.calls = calls
        server.serve(target_loader=partial(load, calls), wrap_loader=False)


def load(calls: socket.socket) -> Any:
    """Return what a worker process serves in public, after it has begun to take calls."""
    from strangler.hosting.wsgi import application

    internal.listen(calls)
    return application


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="strangler.hosting.serve", description=__doc__)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=THREADS, help="requests at a time in each worker")
    return parser.parse_args(argv)


if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # granian would reload without draining
    main()
