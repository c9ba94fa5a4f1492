"""Print what one request costs Django's handler alone, without a server: the best of many passes, in microseconds."""

import io
import json
import os
import time

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

PASSES = 1_500
REQUESTS = 10
PATHS = ("/plain/", "/routed/")
PROCESS = dict(os.environ)


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


def one_pass(handler: WSGIHandler, path: str) -> float:
    """Return the microseconds per request of one pass."""
    given = [environ(path) for _ in range(REQUESTS)]
    began = time.perf_counter()
    for fields in given:
        response = handler(fields, lambda status, headers: None)
        b"".join(response)
        response.close()
    return (time.perf_counter() - began) / REQUESTS * 1e6


def main() -> None:
    handler = get_wsgi_application()
    print(json.dumps({path: min(one_pass(handler, path) for _ in range(PASSES)) for path in PATHS}))


if __name__ == "__main__":
    main()
