"""
Serve a host over HTTP: `python -m strangler.hosting.serve --port 8101`, with DJANGO_SETTINGS_MODULE saying which.

One process with many blocking threads by default: a write that meets a switch waits in its thread, and such waiting
must not keep the others from being served. On SIGTERM the host says it is not ready, goes on for `DRAIN_S` seconds so
that balancers notice, accepts no more connections, and finishes what it has begun.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from strangler.hosting import draining

THREADS = 64
STOP_S = 30


class Server(Granian):  # type: ignore[misc,valid-type]
    """granian, which says it is going away before it goes."""

    drain_s: float = 0.0

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Begin to end; a second signal ends at once."""
        if draining.begun() or not self.drain_s:
            draining.begin()
            super().signal_handler_interrupt(*args, **kwargs)
            return
        draining.begin()
        timer = threading.Timer(self.drain_s, super().signal_handler_interrupt)
        timer.daemon = True
        timer.start()


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    options = _options(argv)
    for name in [name for name in os.environ if name.startswith("HTTP_")]:
        del os.environ[name]  # granian shows the environment to WSGI, where HTTP_PROXY would look like a header
    with tempfile.TemporaryDirectory(prefix="strangler-") as folder:
        os.environ[draining.VARIABLE] = str(Path(folder) / "draining")
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
        server.serve()


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
