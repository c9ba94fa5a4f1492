"""A trace context exists with and without OpenTelemetry, and crosses the hop."""

import pytest

from strangler.hosting.telemetry import enter_request

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_the_clients_trace_is_continued_by_a_span_of_our_own():
    environ = {"HTTP_TRACEPARENT": f"00-{TRACE}-{SPAN}-01"}
    context = enter_request(environ)
    assert context.trace_id == TRACE
    assert context.span_id != SPAN
    assert environ["HTTP_TRACEPARENT"] == f"00-{TRACE}-{context.span_id}-01"


@pytest.mark.parametrize(
    "sent",
    ["", "nonsense", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01", f"00-{TRACE.upper()}-{SPAN}-01"],
)
def test_an_invalid_context_begins_a_new_trace(sent):
    environ = {"HTTP_TRACEPARENT": sent}
    context = enter_request(environ)
    assert context.trace_id != TRACE
    assert len(context.trace_id) == 32
    assert environ["HTTP_TRACEPARENT"] == context.traceparent
