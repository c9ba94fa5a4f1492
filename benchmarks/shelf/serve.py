"""
The service: calls are served as every host serves them, and beside them trivial round trips by the same server.

`/noted` has the log line and the figures of a call and `/effect` the row that the command writes; others have nothing.
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


def trivial(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer what was sent, as an endpoint written by hand may do at the least."""
    document: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/effect":
        with transaction.atomic():
            Put.objects.create(order_id=uuid.uuid4(), lines=len(json.loads(document)["lines"]))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(document)))])
    return [document]


noted = {path: observe_calls(callable_) for path, callable_ in (("/noted", trivial), (PATH, calls))}


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Serve a call, or one of the round trips to compare it with."""
    path = PATH if environ["PATH_INFO"].startswith(PATH) else environ["PATH_INFO"]
    return noted.get(path, trivial)(environ, start_response)


if __name__ == "__main__":
    logs.configure(level="INFO", style="json", host="shelf")
    follower.start()
    internal.Listener(internal.bind(), application).start()
    threading.Event().wait()
