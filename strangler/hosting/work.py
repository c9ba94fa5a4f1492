"""
Work that nobody asks for over HTTP, in a process of its own: `python -m strangler.hosting.work tasks --port 8000`.

`tasks` is the worker of this host, `moves` the mover. Whoever looks after the process (a kubelet, a supervisor) asks it
what it asks a host: `/livez`, `/readyz`, `/startupz`, `/metrics`.
"""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import django
from prometheus_client import make_wsgi_app
from waitress import create_server  # type: ignore[import-untyped]

from strangler.transport.taking import StartResponse

_THREADS = 2
CONCURRENCY = 4


def main(argv: Sequence[str] | None = None) -> None:
    """Work until told to stop."""
    options = _options(argv)
    django.setup()
    watch(options.address, options.port)
    {"tasks": _tasks, "moves": _moves}[options.what](options.concurrency)


def watch(address: str, port: int) -> int:
    """Answer questions after this process, in a thread of it, and return at which port."""
    server = create_server(application, host=address, port=port, threads=_THREADS, ident=None)
    threading.Thread(target=server.run, name="strangler-health", daemon=True).start()
    return int(server.effective_port)


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answer as a host does; everything else is not found."""
    from django.core.handlers.wsgi import WSGIRequest
    from django.db import connections

    from strangler.hosting import health

    path = environ.get("PATH_INFO", "")
    if path == "/metrics":
        answered: Iterable[bytes] = make_wsgi_app()(environ, start_response)
        return answered
    views = {"/livez": health.livez, "/readyz": health.readyz, "/startupz": health.startupz}
    if path not in views:
        start_response("404 Not Found", [("Content-Type", "application/json")])
        return [json.dumps({"status": "unknown"}).encode()]
    try:
        answer = views[path](WSGIRequest(environ))
    finally:
        connections.close_all()  # no signal of a request does it here
    status = f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}"
    start_response(status, list(answer.items()))
    return [answer.content]


def _tasks(concurrency: int) -> None:
    from strangler.hosting.celery import app

    app.worker_main(
        ["worker", "--pool", "threads", "--concurrency", str(concurrency), "--without-gossip", "--without-mingle"]
    )


def _moves(_: int) -> None:
    from django.core.management import call_command

    call_command("strangler", "mover")


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="strangler.hosting.work", description=__doc__)
    parser.add_argument("what", choices=("tasks", "moves"))
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="where questions after the process are answered")
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY, help="tasks at a time")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
