"""What is noted around a request: ids, one line, figures by route template."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import include, path
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from strangler.hosting.observe import ObserveMiddleware, observe_calls
from strangler.transport import traces
from strangler.transport.traces import OPERATION

pytestmark = pytest.mark.django_db  # a look at the registry is one at the outboxes, too

urlpatterns = [
    path("api/", include([path("things/<int:thing>/", lambda request, thing: HttpResponse(), name="thing")])),
]


@pytest.fixture(autouse=True)
def _urls():
    with override_settings(ROOT_URLCONF=__name__, STATIC_URL="/static/"):
        yield


def counted(route, *, method="GET", status="200"):
    labels = {"method": method, "route": route, "status_code": status}
    return REGISTRY.get_sample_value("http_requests_total", labels) or 0


def observe(request, response=None):
    return ObserveMiddleware(lambda _: response or HttpResponse())(request)


def test_figures_name_the_route_template_and_never_the_path():
    before = counted("/api/things/<int:thing>/")
    observe(RequestFactory().get("/api/things/17/"))
    assert counted("/api/things/<int:thing>/") == before + 1
    assert counted("/api/things/17/") == 0


def test_a_duration_is_observed_by_the_same_labels():
    labels = {"method": "GET", "route": "/api/things/<int:thing>/", "status_code": "418"}
    observe(RequestFactory().get("/api/things/1/"), HttpResponse(status=418))
    assert REGISTRY.get_sample_value("http_request_duration_seconds_count", labels) == 1


def test_unknown_paths_and_methods_share_one_label_each():
    before = counted("unmatched", method="OTHER")
    observe(RequestFactory().generic("BREW", "/some/where"))
    observe(RequestFactory().generic("SPILL", "/else/where"))
    assert counted("unmatched", method="OTHER") == before + 2


def test_a_request_id_is_continued_when_harmless():
    request = RequestFactory().get("/", headers={"X-Request-ID": "abc-1"})
    assert observe(request)["X-Request-ID"] == "abc-1"
    assert request.request_id == "abc-1"


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>"])
def test_a_request_id_is_made_otherwise_and_crosses_the_hop(given):
    request = RequestFactory().get("/", headers={"X-Request-ID": given})
    made = observe(request)["X-Request-ID"]
    assert made != given
    assert request.META["HTTP_X_REQUEST_ID"] == made


def test_the_other_homes_request_id_stays_on_its_answer():
    answer = HttpResponse(headers={"X-Request-ID": "from-there"})
    assert observe(RequestFactory().get("/"), answer)["X-Request-ID"] == "from-there"


def call(path, *, answer="200 OK", operation=None, **headers):
    """Return the headers of the answer to a call of another host."""
    given = {}

    def endpoint(environ, start_response):
        if operation:
            environ[OPERATION] = operation
        given["environ"] = environ
        start_response(answer, [("Content-Length", "0")])
        return [b""]

    def start_response(status, fields):
        given["fields"] = dict(fields)

    observe_calls(endpoint)({"REQUEST_METHOD": "POST", "PATH_INFO": path, **headers}, start_response)
    return given


def test_calls_made_by_a_request_carry_its_id_and_trace():
    """Also without OpenTelemetry: both hosts' log lines name the same request and the same trace."""
    seen = []
    request = RequestFactory().get("/", headers={"X-Request-ID": "abc-1"})
    ObserveMiddleware(lambda _: seen.extend(traces.request_fields()) or HttpResponse())(request)
    assert dict(seen) == {"X-Request-ID": "abc-1", "traceparent": request.META["HTTP_TRACEPARENT"]}
    assert traces.request_fields() == []


def test_a_call_is_counted_by_its_operation():
    before = counted("/calls/stock/count", method="POST", status="409")
    call("/calls/stock/count", answer="409 Conflict", operation="stock.count")
    assert counted("/calls/stock/count", method="POST", status="409") == before + 1


def test_calls_of_nothing_share_one_label():
    before = counted("unmatched", method="POST", status="404")
    call("/calls/made/up", answer="404 Not Found")
    assert counted("unmatched", method="POST", status="404") == before + 1
    assert counted("/calls/made/up", method="POST", status="404") == 0


def test_a_call_continues_the_request_of_its_caller():
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    given = call("/calls/stock/count", HTTP_X_REQUEST_ID="abc-1", HTTP_TRACEPARENT=trace)
    assert given["fields"]["X-Request-ID"] == "abc-1"
    assert given["environ"]["HTTP_X_REQUEST_ID"] == "abc-1"
    _, trace_id, span_id, _ = given["environ"]["HTTP_TRACEPARENT"].split("-")
    assert trace_id == "a" * 32
    assert span_id != "b" * 16


def test_a_call_is_one_line_of_the_log():
    with capture_logs() as lines:
        call("/calls/stock/count", operation="stock.count")
    assert [(line["event"], line["route"], line["status_code"]) for line in lines] == [
        ("answered", "/calls/stock/count", 200)
    ]


def test_a_call_that_breaks_is_noted_as_a_bug():
    before = counted("/calls/stock/count", method="POST", status="500")

    def endpoint(environ, start_response):
        environ[OPERATION] = "stock.count"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        observe_calls(endpoint)({"REQUEST_METHOD": "POST", "PATH_INFO": "/calls/stock/count"}, None)
    assert counted("/calls/stock/count", method="POST", status="500") == before + 1
