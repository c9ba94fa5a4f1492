"""
Print what one request costs Django's handler alone, without a server, with the router and without it, in microseconds.

Both handlers live in one process and take turns in short passes, so that whatever slows one down slows the other, too.
"""

import io
import json
import os
import random
import statistics
import time

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402

ROUTER = "strangler.proxy.StranglerMiddleware"
PASSES = 120
WARM_UP = 5
REQUESTS = 100
PATHS = ("/plain/", "/routed/")
PROCESS = dict(os.environ)


def handler(*, router: bool) -> WSGIHandler:
    """Return a handler with the site's other middleware, and the router before it or not."""
    others = [name for name in settings.MIDDLEWARE if name != ROUTER]
    settings.MIDDLEWARE = [*([ROUTER] if router else []), *others]
    return WSGIHandler()


def environ(path: str) -> dict[str, object]:
    """Return what granian would give, the process's environment included."""
    return {
        **PROCESS,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.input_terminated": True,
    }


def one_pass(handle: WSGIHandler, path: str) -> float:
    """Return the microseconds of CPU per request of one pass."""
    given = [environ(path) for _ in range(REQUESTS)]
    began = time.thread_time()
    for fields in given:
        response = handle(fields, lambda status, headers: None)
        b"".join(response)
        response.close()
    return (time.thread_time() - began) / REQUESTS * 1e6


def figures(path: str, handlers: dict[bool, WSGIHandler]) -> tuple[float, float]:
    """Return the medians over passes of a request without the router, and of what the router adds."""
    pairs = []
    for _ in range(PASSES):
        turns = random.sample([True, False], 2)  # the second of a pair finds warmer caches
        took = {router: one_pass(handlers[router], path) for router in turns}
        pairs.append((took[False], took[True]))
    warm = pairs[WARM_UP:]
    return statistics.median(w for w, _ in warm), statistics.median(b - w for w, b in warm)


def main() -> None:
    handlers = {router: handler(router=router) for router in (False, True)}
    print(json.dumps({path: figures(path, handlers) for path in PATHS}))


if __name__ == "__main__":
    main()
