"""Carry the present trace and request id over the hop; the trace when OpenTelemetry is installed and a span is open."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from strangler.transport.headers import Headers

try:
    from opentelemetry.propagate import extract as _extract
    from opentelemetry.propagate import inject as _inject
    from opentelemetry.trace import SpanKind, get_tracer

    def _span(parent: str, name: str) -> AbstractContextManager[Any]:
        around = _extract({"traceparent": parent})
        return get_tracer(__name__).start_as_current_span(name, around, SpanKind.CONSUMER)
except ImportError:  # the client's own traceparent is an ordinary field and passes

    def _inject(carrier: dict[str, str]) -> None:  # type: ignore[misc]
        pass

    def _span(parent: str, name: str) -> AbstractContextManager[Any]:
        return nullcontext()


OPERATION = "strangler.operation"
"""Where the endpoint leaves the name of the operation it has found in the WSGI environment, for whoever observes it."""

request_id: ContextVar[str] = ContextVar("strangler_request_id", default="")
"""The id of the request that this context serves, set by whoever observes requests; empty when nobody does."""


traceparent: ContextVar[str] = ContextVar("strangler_traceparent", default="")
"""The trace context of that request, for hosts without OpenTelemetry (W3C Trace Context 3.2)."""


def request_fields() -> Headers:
    """Return the fields that let the other host's log name the same request and trace."""
    known = (("X-Request-ID", request_id.get()), ("traceparent", traceparent.get()))
    return [field for field in known if field[1]]


@contextmanager
def continuing(parent: str, name: str) -> Iterator[None]:
    """
    Let a block, which nobody waits for, be part of the trace that brought it about.

    Args:
        parent: the context of whoever did (W3C Trace Context 3.2), or nothing.
        name: of the span, where spans are made.
    """
    token = traceparent.set(_child_of(parent))
    try:
        with _span(parent, name):
            yield
    finally:
        traceparent.reset(token)


def _child_of(parent: str) -> str:
    parts = parent.split("-")
    return "-".join((*parts[:2], secrets.token_hex(8), *parts[3:])) if len(parts) == 4 else ""


def trace_fields(fields: Headers) -> None:
    """Replace the client's trace context in *fields* by this process's span, which is its child."""
    carrier: dict[str, str] = {}
    _inject(carrier)
    if carrier:
        fields[:] = [field for field in fields if field[0].lower() not in carrier]
        fields.extend(carrier.items())
