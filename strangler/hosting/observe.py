"""What is noted around every request, forwarded ones included: its ids, one line in the log, two figures."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, get_script_prefix, resolve
from prometheus_client import Counter, Histogram

from strangler.hosting import logs, telemetry
from strangler.transport import traces

_LABELS = ("method", "route", "status_code")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNMATCHED = "unmatched"
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Asked every second by whoever watches the host: figures, but no lines.
_QUIET_ROUTES = frozenset({"/livez", "/health", "/readyz", "/ready", "/startupz", "/metrics", "/static/"})

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

REQUESTS = Counter("http_requests", "Requests answered.", _LABELS)
DURATION = Histogram("http_request_duration_seconds", "From the first byte read to the head of the answer.", _LABELS)


class ObserveMiddleware:
    """
    Stands before the router, because a forwarded request is a request.

    It sets X-Request-ID and traceparent on the request, so that both cross the hop, and reads no body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        with _identified(request.META) as request_id:
            request.request_id = request_id  # type: ignore[attr-defined]
            response = self.get_response(request)
            response.headers.setdefault("X-Request-ID", request_id)
            _note(
                request.method or "",
                route_of(request),
                request.path,
                response.status_code,
                time.perf_counter() - began,
                served_by=response.headers.get("Strangler-Home"),
            )
        return response


def observe_calls(application: Application) -> Application:
    """Return *application*, which serves calls of other hosts, with everything noted that is noted of a request."""

    def observed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.perf_counter()
        status_code = 500

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            nonlocal status_code
            status_code = int(status.partition(" ")[0])
            return start_response(status, [*headers, ("X-Request-ID", request_id)], *error)

        with _identified(environ) as request_id:
            try:
                return application(environ, start)
            finally:
                took_s = time.perf_counter() - began
                _note(environ["REQUEST_METHOD"], _operation_of(environ), environ["PATH_INFO"], status_code, took_s)

    return telemetry.traced(observed)


@contextmanager
def _identified(environ: MutableMapping[str, Any]) -> Iterator[str]:
    """Give a request its ids: for the log, for itself, and for whoever it is forwarded to; yields its own."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    request_id = given if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex
    environ["HTTP_X_REQUEST_ID"] = request_id
    trace = telemetry.enter_request(environ)
    set_along = traces.request_id.set(request_id), traces.traceparent.set(trace.traceparent)
    try:
        with structlog.contextvars.bound_contextvars(
            trace_id=trace.trace_id, span_id=trace.span_id, request_id=request_id
        ):
            yield request_id
    finally:
        traces.request_id.reset(set_along[0])
        traces.traceparent.reset(set_along[1])


def _note(method: str, route: str, path: str, status_code: int, took_s: float, **more: Any) -> None:
    labels = (method if method in _METHODS else "OTHER", route, str(status_code))
    REQUESTS.labels(*labels).inc()
    DURATION.labels(*labels).observe(took_s)
    if route not in _QUIET_ROUTES:
        duration_ms = round(took_s * 1000, 2)
        logs.request_logger().info(
            "answered", method=method, route=route, path=path, status_code=status_code, duration_ms=duration_ms, **more
        )


def route_of(request: HttpRequest) -> str:
    """
    Return the template of the route that the request matches, never its path: labels must stay few.

    A forwarded request met no view here; it is matched against the same URLs, for both homes mount the same app.
    """
    match = request.resolver_match
    if match is None and request.path_info.startswith(static := settings.STATIC_URL or "/static/"):
        return static
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return _UNMATCHED
    return get_script_prefix() + match.route


def _operation_of(environ: MutableMapping[str, Any]) -> str:
    """The path of an operation that exists, as the endpoint says; others share one label."""
    return environ["PATH_INFO"] if traces.OPERATION in environ else _UNMATCHED
