"""Carry the present trace over the hop, when OpenTelemetry is installed and a span is open."""

from __future__ import annotations

from strangler.transport.headers import Headers

try:
    from opentelemetry.propagate import inject as _inject
except ImportError:  # the client's own traceparent is an ordinary field and passes

    def _inject(carrier: dict[str, str]) -> None:  # type: ignore[misc]
        pass


def trace_fields(fields: Headers) -> None:
    """Replace the client's trace context in *fields* by this process's span, which is its child."""
    carrier: dict[str, str] = {}
    _inject(carrier)
    if carrier:
        fields[:] = [field for field in fields if field[0].lower() not in carrier]
        fields.extend(carrier.items())
