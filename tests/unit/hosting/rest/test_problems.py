"""Every error becomes a problem of a closed list; a bug stays a bug."""

import json

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import connection, transaction
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions, serializers
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from strangler.errors import ContractError
from strangler.fence import Moved
from strangler.hosting.rest import problems
from strangler.hosting.rest.codes import ProblemCode, RestCode
from strangler.hosting.rest.problems import FieldError, Problem
from strangler.hosting.rest.serializers import StrictCharField, StrictIntegerField, StrictSerializer


class AppCode(ProblemCode):
    TEAPOT = "teapot", 418, "It is a teapot"


class Teapot(ContractError):
    code = "teapot"


class Unlisted(ContractError):
    code = "unlisted"


class AppView(APIView):
    codes = AppCode


def handled(error, **headers):
    request = APIView().initialize_request(APIRequestFactory().get("/x", headers=headers))
    return problems.handle(error, {"view": AppView(), "request": request})


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Problem(RestCode.INVALID_QUERY), 400, "invalid_query"),
        (Teapot("No coffee."), 418, "teapot"),
        (exceptions.ParseError(), 400, "malformed_request"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.AuthenticationFailed(), 401, "not_authenticated"),
        (exceptions.PermissionDenied(), 403, "permission_denied"),
        (PermissionDenied(), 403, "permission_denied"),
        (Http404(), 404, "not_found"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (RequestDataTooBig(), 413, "payload_too_large"),
        (exceptions.UnsupportedMediaType("a/b"), 415, "unsupported_media_type"),
        (exceptions.Throttled(wait=3), 429, "throttled"),
        (Moved("catalog", "service", 3), 503, "moved_midway"),
    ],
)
def test_error_becomes_a_problem(error, status, code):
    """RFC 9457 3: members, status and media type agree."""
    response = handled(error)
    assert (response.status_code, response.data["status"], response.data["code"]) == (status, status, code)
    assert response.content_type == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert {"type", "title", "detail", "instance", "errors", "request_id"} <= response.data.keys()


def test_bug_stays_an_exception():
    """500 with a stack in the log, never a 4xx; a refusal outside the app's list is a bug as well."""
    assert handled(ValueError("a bug")) is None
    with pytest.raises(KeyError):
        handled(Unlisted("Nobody declared this."))


@pytest.mark.django_db
def test_refusal_undoes_the_writes_under_atomic_requests(monkeypatch):
    """There the transaction is around the view, and an answer commits it."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    with transaction.atomic():
        handled(Problem(RestCode.INVALID_QUERY))
        assert connection.needs_rollback


def test_headers_of_a_refusal_are_kept():
    assert handled(exceptions.Throttled(wait=3))["Retry-After"] == "3"
    challenged = exceptions.NotAuthenticated()
    challenged.auth_header = "Bearer"
    assert handled(challenged)["WWW-Authenticate"] == "Bearer"


def test_context_of_a_refusal_extends_the_problem_and_replaces_nothing():
    """RFC 9457 3.2; `status` is no extension."""
    response = handled(Teapot("No coffee.", allowed=["tea"], status="hot"))
    assert (response.data["allowed"], response.data["status"], response.data["detail"]) == (["tea"], 418, "No coffee.")


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("", False), ("a b", False), ("x" * 65, False)])
def test_request_id_of_the_caller_is_kept_when_harmless(given, kept):
    """It goes into logs and answers."""
    response = handled(Http404(), **{"X-Request-ID": given})
    assert response["X-Request-ID"] == response.data["request_id"]
    assert (response.data["request_id"] == given) is kept


class Line(StrictSerializer):
    sku = StrictCharField()
    number = StrictIntegerField(min_value=1)


class Order(StrictSerializer):
    name = StrictCharField(max_length=3)
    lines = Line(many=True)
    words = serializers.ListField(child=StrictCharField())


def faults(body):
    reader = Order(data=body)
    assert not reader.is_valid()
    response = handled(exceptions.ValidationError(reader.errors))
    return {(error["field"], error["code"]) for error in response.data["errors"]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "long"}, {("name", "max_length")}),
        ({"name": 5, "extra": 1}, {("extra", "unknown")}),
        ({"name": 5}, {("name", "invalid")}),
        ({"lines": [{"sku": "a", "number": 1}, {"sku": "b", "number": True}]}, {("lines.1.number", "invalid")}),
        ({"lines": [{"sku": "a", "number": "1"}]}, {("lines.0.number", "invalid")}),
        ({"lines": [{"sku": "a", "number": 1.0}]}, {("lines.0.number", "invalid")}),
        ({"lines": [{"sku": "a", "number": 1, "x": 1}]}, {("lines.0.x", "unknown")}),
        ({"lines": {}}, {("lines", "not_a_list")}),
        ({"words": ["a", ""]}, {("words.1", "blank")}),
        ({"name": "", "words": None}, {("name", "blank"), ("words", "null")}),
    ],
)
def test_every_fault_has_the_path_of_its_field(change, expected):
    """Nested, in lists, of the body as a whole."""
    assert faults({"name": "n", "lines": [], "words": [], **change}) == expected


def test_body_that_is_no_object_is_a_fault_of_the_whole():
    assert faults([1]) == {("", "invalid")}


def test_fault_tells_field_code_and_words():
    response = handled(Problem(RestCode.VALIDATION_FAILED, errors=[FieldError("a", "b", "c")]))
    assert response.data["errors"] == [{"field": "a", "code": "b", "detail": "c"}]


def test_answers_outside_of_views_are_problems_too():
    """A URL that does not exist, and a bug."""
    request = RequestFactory().get("/nowhere")
    for response, status in ((problems.page_not_found(request, Http404()), 404), (problems.server_error(request), 500)):
        assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
        assert json.loads(response.content)["instance"] == "/nowhere"


def test_codes_are_unique_over_both_lists():
    """An app's code must not hide a common one."""
    from monolith.catalog.codes import CatalogCode

    common, own = {code.value for code in RestCode}, {code.value for code in CatalogCode}
    assert common & own == set()
