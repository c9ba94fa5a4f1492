"""Answers every error as application/problem+json (RFC 9457), with a code of a closed list."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from strangler.errors import ContractError
from strangler.fence import Moved
from strangler.hosting.rest.codes import ProblemCode, RestCode

PROBLEM_JSON = "application/problem+json"
_SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with one field; `field` is a dotted path, "" for the body as a whole."""

    field: str
    code: str
    detail: str


class Problem(Exception):
    """
    A refusal that a view raises and the handler renders.

    Args:
        headers: sent with the answer.
        extensions: further members of the problem (RFC 9457 3.2), such as `allowed` of an illegal transition.
    """

    def __init__(
        self,
        code: ProblemCode,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or code.title)
        self.code = code
        self.detail = detail or code.title
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extensions = dict(extensions or {})

    def body(self, *, instance: str, request_id: str) -> dict[str, Any]:
        """The members of the problem, registered ones last so that no extension can replace them."""
        return {
            **self.extensions,
            "type": f"urn:problem:{self.code.value}",
            "title": self.code.title,
            "status": self.code.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code.value,
            "errors": [asdict(error) for error in self.errors],
            "request_id": request_id,
        }


def request_id_of(request: HttpRequest | Request) -> str:
    """The id under which this request is logged: the caller's X-Request-ID when it is harmless, else one made here."""
    plain: Any = request._request if isinstance(request, Request) else request
    known: str | None = getattr(plain, "request_id", None)
    if known is None:
        given = plain.headers.get("X-Request-ID", "")
        known = given if _SAFE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        plain.request_id = known
    return known


def handle(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF exception handler. None for a bug: it stays an exception, and Django answers 500."""
    view, request = context.get("view"), context["request"]
    problem = _to_problem(exc, getattr(view, "codes", RestCode))
    if problem is None:
        return None
    set_rollback()  # under ATOMIC_REQUESTS a refusal would commit what was written before it
    request_id = request_id_of(request)
    return Response(
        problem.body(instance=request.path, request_id=request_id),
        status=problem.code.status,
        headers={**problem.headers, "X-Request-ID": request_id, "Cache-Control": "no-store"},
        content_type=PROBLEM_JSON,
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A `handler404` for hosts: no URL matched."""
    return _outside_of_views(request, RestCode.NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """A `handler500` for hosts: a bug, told without its inside."""
    return _outside_of_views(request, RestCode.INTERNAL_ERROR)


def _outside_of_views(request: HttpRequest, code: RestCode) -> HttpResponse:
    request_id = request_id_of(request)
    body = Problem(code).body(instance=request.path, request_id=request_id)
    return JsonResponse(body, status=code.status, content_type=PROBLEM_JSON, headers={"X-Request-ID": request_id})


def _to_problem(exc: Exception, codes: type[ProblemCode]) -> Problem | None:
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, ContractError):
        return Problem(_code_of(exc, codes), str(exc), extensions=exc.context)
    if isinstance(exc, Moved):
        # The router discards this answer when it can forward (R4, R5); it is seen only when it cannot.
        return Problem(RestCode.MOVED_MIDWAY, "Repeat with the same Idempotency-Key.", headers={"Retry-After": "1"})
    if isinstance(exc, RequestDataTooBig):
        return Problem(RestCode.PAYLOAD_TOO_LARGE)
    if isinstance(exc, Http404):
        return Problem(RestCode.NOT_FOUND)
    if isinstance(exc, PermissionDenied):
        return Problem(RestCode.PERMISSION_DENIED)
    if isinstance(exc, exceptions.ValidationError):
        return Problem(RestCode.VALIDATION_FAILED, "See errors.", errors=list(_field_errors(exc.get_full_details())))
    if isinstance(exc, exceptions.APIException):
        return _from_framework(exc)
    return None


def _code_of(refusal: ContractError, codes: type[ProblemCode]) -> ProblemCode:
    """The app's own code, or the common one: a refusal outside both lists is a bug and raises."""
    known: dict[str, ProblemCode] = {code.value: code for code in (*codes, *RestCode)}
    return known[refusal.code]


_BY_STATUS = {
    code.status: code
    for code in (
        RestCode.MALFORMED_REQUEST,
        RestCode.NOT_AUTHENTICATED,
        RestCode.PERMISSION_DENIED,
        RestCode.NOT_FOUND,
        RestCode.METHOD_NOT_ALLOWED,
        RestCode.NOT_ACCEPTABLE,
        RestCode.PAYLOAD_TOO_LARGE,
        RestCode.UNSUPPORTED_MEDIA_TYPE,
        RestCode.THROTTLED,
    )
}


def _from_framework(exc: exceptions.APIException) -> Problem | None:
    code = _BY_STATUS.get(exc.status_code)
    if code is None:
        return None
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait_s := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait_s))
    return Problem(code, str(exc.detail), headers=headers)


def _field_errors(details: Any, path: str = "") -> Iterator[FieldError]:
    if isinstance(details, Mapping) and set(details) == {"message", "code"} and isinstance(details["code"], str):
        yield FieldError(path, details["code"], str(details["message"]))
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            yield from _field_errors(inner, path if name == "non_field_errors" else _join(path, str(name)))
    elif isinstance(details, Iterable):
        yield from _errors_of_list(list(details), path)


def _errors_of_list(details: list[Any], path: str) -> Iterator[FieldError]:
    """A list holds either the errors of one field, or one mapping per item of a list field."""
    for index, inner in enumerate(details):
        is_error = isinstance(inner, Mapping) and set(inner) == {"message", "code"}
        yield from _field_errors(inner, path if is_error else _join(path, str(index)))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
