"""
What serves calls of other hosts inside a host's process: servers in Python beside another process of granian.

All serve the same callable, an answer of 256 bytes, with 16 threads, over connections that are kept alive. The CPU and
the memory are those of the server's process; its imports count in all of them, and a process of its own would have
Django and the app besides. cheroot is no dependency of ours: it is measured where it can be imported.
Run: python -m benchmarks.internal_listener [--rounds 5] [--seconds 2]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from typing import Any

import psutil

from benchmarks.harness import ROOT, Run, alternate, commit, free_port, load, median, need, running, table

CONNECTIONS = (1, 16)
THREADS = 16
SERVERS = ("cheroot", "waitress", "django", "granian")
BODY = b'{"value": "' + b"x" * 243 + b'"}'


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer as an operation does: read what was sent, say how long the answer is."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))])
    return [BODY]


def serve(name: str, port: int) -> None:
    """Serve until killed, by the server *name*."""
    if name == "cheroot":
        from cheroot.wsgi import Server

        Server(("127.0.0.1", port), application, numthreads=THREADS).start()
    elif name == "waitress":
        import waitress

        waitress.serve(application, host="127.0.0.1", port=port, threads=THREADS)
    elif name == "django":
        from django.conf import settings
        from django.core.servers.basehttp import ServerHandler, ThreadedWSGIServer, WSGIRequestHandler

        settings.configure()
        ServerHandler.http_version = "1.1"
        WSGIRequestHandler.log_message = lambda *_: None  # type: ignore[method-assign]
        server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
        server.set_app(application)
        server.serve_forever()
    else:
        from granian import Granian
        from granian.constants import Interfaces

        Granian("benchmarks.internal_listener:application", port=port, interface=Interfaces.WSGI, websockets=False,
                blocking_threads=THREADS).serve()  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--serve", nargs=2, metavar=("NAME", "PORT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve[0], int(given.serve[1]))
        return
    need("wrk")
    rows: list[list[str]] = []
    with ExitStack() as stack:
        servers = {name: _started(name, stack) for name in SERVERS if find_spec(name)}
        for connections in CONNECTIONS:
            runs = {name: partial(_measure, *one, given.seconds, connections) for name, one in servers.items()}
            rows += _rows_of(alternate(runs, given.rounds), connections)
        memory = {name: _memory_mib(process) for name, (process, _) in servers.items()}
    print(f"commit {commit()}, {given.rounds} rounds of {given.seconds} s each, medians\n")
    print(table(["server, connections", "req/s", "p50 ms", "p90 ms", "p99 ms", "CPU us per request"], rows))
    print("\nMiB of each server's processes: " + ", ".join(f"{name} {mib:.0f}" for name, mib in memory.items()))


def _started(name: str, stack: ExitStack) -> tuple[psutil.Process, int]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.internal_listener", "--serve", name, str(port)]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return stack.enter_context(running(command, port, PYTHONPATH=path)), port


def _measure(process: psutil.Process, port: int, seconds: int, connections: int) -> Run:
    return load(f"http://127.0.0.1:{port}/", process, seconds=seconds, connections=connections)


def _rows_of(results: dict[str, list[Run]], connections: int) -> list[list[str]]:
    assert not sum(run.errors for runs in results.values() for run in runs)
    return [
        [
            f"{name}, {connections}",
            f"{median(runs, 'per_s'):,.0f}",
            *(f"{median(runs, figure):.2f}" for figure in ("p50_ms", "p90_ms", "p99_ms")),
            f"{median(runs, 'cpu_us'):.0f}",
        ]
        for name, runs in results.items()
    ]


def _memory_mib(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return sum(member.memory_full_info().pss for member in family) / (1 << 20)


if __name__ == "__main__":
    main()
