"""
Traces by OpenTelemetry, and a trace context without it.

Spans are made and sent only when OTEL_EXPORTER_OTLP_ENDPOINT says where to: then Django, psycopg and redis are
instrumented. Trace and span ids exist in any case, so that the log lines of both homes can be joined: the W3C context
of the request is continued, or begun here (W3C Trace Context 3.2).
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, MutableMapping
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar

ENDPOINT_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NOTHING = "0"
WSGI = TypeVar("WSGI", bound=Callable[..., Any])


class TraceContext(NamedTuple):
    """Where in which trace this request is handled; ids in lower-case hex."""

    trace_id: str
    span_id: str
    flags: str

    @property
    def traceparent(self) -> str:
        """The context as the header that continues it."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def exporting() -> bool:
    """Whether spans are wanted and can be made."""
    return bool(os.environ.get(ENDPOINT_VARIABLE)) and find_spec("opentelemetry.sdk") is not None


def configure(host: str) -> None:
    """Start exporting spans of this process, when there is somewhere to send them."""
    if not exporting():
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.instrumentation.redis import RedisInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": host}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(tracer_provider=provider)
    PsycopgInstrumentor().instrument(tracer_provider=provider, skip_dep_check=True)
    RedisInstrumentor().instrument(tracer_provider=provider)


def traced(application: WSGI) -> WSGI:
    """Return *application*, a WSGI callable outside of Django, with a span around each call when spans are exported."""
    if not exporting():
        return application
    from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

    return OpenTelemetryMiddleware(application)  # type: ignore[return-value]


def current_context() -> TraceContext | None:
    """Return the context of the span in progress, or None when no span is being made."""
    if not exporting():
        return None
    from opentelemetry import trace

    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return TraceContext(f"{span.trace_id:032x}", f"{span.span_id:016x}", f"{int(span.trace_flags):02x}")


def enter_request(environ: MutableMapping[str, Any]) -> TraceContext:
    """
    Return the context in which a request is handled, and let the request say so to whoever it is forwarded to.

    Without this the other home would continue the client's span, and the hop would be missing from the trace.
    """
    context = current_context() or _continued(environ.get("HTTP_TRACEPARENT", ""))
    environ["HTTP_TRACEPARENT"] = context.traceparent
    return context


def _continued(traceparent: str, new_id: Callable[[int], str] = secrets.token_hex) -> TraceContext:
    known = _TRACEPARENT.fullmatch(traceparent)
    if known and known[1].strip(_NOTHING) and known[2].strip(_NOTHING):
        return TraceContext(known[1], new_id(8), known[3])
    return TraceContext(new_id(16), new_id(8), "00")
