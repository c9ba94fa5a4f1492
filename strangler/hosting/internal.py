"""
The internal listener: other hosts call this one on a port of its own, which no edge routes to (R21).

It is a small threaded server inside every worker process, beside the public one (ADR 0016). The socket is bound once,
before the workers start, so that a taken port ends the start and all workers take calls from one queue.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterable
from typing import Any

from waitress import create_server, wasyncore  # type: ignore[import-untyped]

from strangler.conf import get_conf
from strangler.errors import SetupError
from strangler.hosting import draining
from strangler.hosting.host import CALL_THREADS
from strangler.hosting.observe import Application, observe_calls
from strangler.transport.taking import BODY_BYTES_MAX, StartResponse

VARIABLE = "INTERNAL_BIND"
STOP_S = 25.0
_LOOK_S = 0.25
_CONNECTIONS_MAX = 1_000
_BACKLOG = 1_024


def bind() -> socket.socket:
    """
    Return a socket that listens where the settings say.

    Raises:
        SetupError: it cannot; the fault names the variable and says what to do.
    """
    address = get_conf().internal_bind
    if address is None:
        raise SetupError([f"{VARIABLE}: is not set: say where this host takes calls, such as 127.0.0.1:9000."])
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family, backlog=_BACKLOG)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror  # or a name unknown
        another = f"{VARIABLE}={host}:{int(port) + 10}"
        raise SetupError(
            [f"{VARIABLE}: {address} cannot be used: {why}. Stop what listens there, or choose {another}."]
        ) from None


class Listener:
    """
    Serves *application* at a bound socket, in threads of this process, until it is stopped.

    It stops by itself when the process begins to end: then it accepts no more and finishes what it has begun.
    """

    def __init__(
        self,
        listening: socket.socket,
        application: Application,
        *,
        threads: int = CALL_THREADS,
        body_bytes_max: int = 1 << 20,
    ) -> None:
        self._map: dict[int, Any] = {}
        self._stopping = threading.Event()
        self._server = create_server(
            application,
            map=self._map,
            sockets=[listening],
            threads=threads,
            connection_limit=_CONNECTIONS_MAX,
            backlog=_BACKLOG,
            max_request_body_size=body_bytes_max,
            ident=None,
        )
        self._thread = threading.Thread(target=self._run, name="strangler-internal", daemon=True)

    def start(self) -> None:
        """Begin to serve, and see to it that the end of the process is an orderly one."""
        self._thread.start()
        # Not a daemon: the interpreter waits for it, after the main thread has come to its end.
        threading.Thread(target=self._stop_at_the_end, name="strangler-internal-end").start()

    def stop(self, within_s: float = STOP_S) -> None:
        """Accept no more, and return when what has begun is finished, or the time is over."""
        self._stopping.set()
        self._thread.join(within_s)

    def _stop_at_the_end(self) -> None:
        threading.main_thread().join()
        self.stop()

    def _run(self) -> None:
        while not self._stopping.is_set() and not draining.is_closed():
            self._turn()
        wasyncore.dispatcher.close(self._server)  # the listening socket alone: connections live on
        deadline = time.monotonic() + STOP_S
        while self._server.active_channels and time.monotonic() < deadline:
            self._end_idle_connections()
            self._turn()
        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def _end_idle_connections(self) -> None:
        """A connection that is young, or was used just now, may carry a call that has not been read yet."""
        for channel in list(self._server.active_channels.values()):
            busy = channel.requests or channel.request or channel.total_outbufs_len
            if not busy and time.time() - channel.last_activity > _LOOK_S:
                channel.will_close = True

    def _turn(self) -> None:
        wasyncore.loop(timeout=_LOOK_S, use_poll=True, map=self._map, count=1)


def listen(listening: socket.socket) -> Listener:
    """Serve calls, and events that come without a broker, at a bound socket; Django must have been set up."""
    from strangler.bindings import endpoint as calls
    from strangler.events import endpoint as events
    from strangler.events.direct import PATH as EVENTS

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(EVENTS):
            return events.application(environ, start_response)
        return calls.application(environ, start_response)

    listener = Listener(listening, observe_calls(application), body_bytes_max=BODY_BYTES_MAX)
    listener.start()
    return listener
