"""What ties an event to what brought it about: the trace, the first cause and the last one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from strangler.events.envelope import Envelope
from strangler.transport import traces
from strangler.transport.headers import Headers

_cause: ContextVar[tuple[str, str]] = ContextVar("strangler_event_cause", default=("", ""))


def headers() -> dict[str, str]:
    """Return what an event published here and now says of its origin."""
    correlation, cause = _cause.get()
    fields: Headers = [("traceparent", traces.traceparent.get())]
    traces.trace_fields(fields)
    said = {
        "traceparent": dict(fields)["traceparent"],
        "correlationid": correlation or traces.request_id.get(),
        "causationid": cause or traces.request_id.get(),
    }
    return {name: value for name, value in said.items() if value}


@contextmanager
def caused_by(envelope: Envelope) -> Iterator[None]:
    """Let whatever happens in this block be a consequence of an event."""
    token = _cause.set((envelope.correlationid or envelope.id, envelope.id))
    try:
        with traces.continuing(envelope.traceparent, f"process {envelope.type}"):
            yield
    finally:
        _cause.reset(token)
