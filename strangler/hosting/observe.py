"""What is noted around every request, forwarded ones included: its ids, one line in the log, two figures."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, get_script_prefix, resolve
from prometheus_client import Counter, Histogram

from strangler.hosting import telemetry

_log = structlog.stdlib.get_logger("request")
_LABELS = ("method", "route", "status_code")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Asked every second by whoever watches the host: figures, but no lines.
_QUIET_ROUTES = frozenset({"/livez", "/health", "/readyz", "/ready", "/startupz", "/metrics", "/static/"})

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
        request_id = _request_id(request)
        trace = telemetry.enter_request(request.META)
        with structlog.contextvars.bound_contextvars(
            trace_id=trace.trace_id, span_id=trace.span_id, request_id=request_id
        ):
            response = self.get_response(request)
            response.headers.setdefault("X-Request-ID", request_id)
            self._note(request, response, time.perf_counter() - began)
        return response

    def _note(self, request: HttpRequest, response: HttpResponseBase, took_s: float) -> None:
        route = route_of(request)
        method = request.method if request.method in _METHODS else "OTHER"
        labels = (method, route, str(response.status_code))
        REQUESTS.labels(*labels).inc()
        DURATION.labels(*labels).observe(took_s)
        if route not in _QUIET_ROUTES:
            _log.info(
                "answered",
                method=request.method,
                route=route,
                path=request.path,
                status_code=response.status_code,
                duration_ms=round(took_s * 1000, 2),
                served_by=response.headers.get("Strangler-Home"),
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
            return "unmatched"
    return get_script_prefix() + match.route


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    request_id = given if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex
    request.META["HTTP_X_REQUEST_ID"] = request_id
    request.request_id = request_id  # type: ignore[attr-defined]
    return request_id
