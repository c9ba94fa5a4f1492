"""
The service: calls are served as every host serves them, and beside them trivial ones by the same server.

Any other path answers what it was sent; `/effect` besides writes the row that the command writes, and nothing else.
"""

import json
import threading
import uuid
from collections.abc import Iterable
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402

from benchmarks.shelf.models import Put  # noqa: E402
from strangler.bindings.endpoint import application as calls  # noqa: E402
from strangler.bindings.remote import PATH  # noqa: E402
from strangler.hosting import internal, logs  # noqa: E402
from strangler.hosting.observe import observe_calls  # noqa: E402
from strangler.state import follower  # noqa: E402

observed = observe_calls(calls)


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Serve a call, or one of the callables to compare it with."""
    if environ["PATH_INFO"].startswith(PATH):
        return observed(environ, start_response)
    document: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/effect":
        with transaction.atomic():
            Put.objects.create(order_id=uuid.uuid4(), lines=len(json.loads(document)["lines"]))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(document)))])
    return [document]


if __name__ == "__main__":
    logs.configure(level="INFO", style="json", host="shelf")
    follower.start()
    internal.Listener(internal.bind(), application).start()
    threading.Event().wait()
