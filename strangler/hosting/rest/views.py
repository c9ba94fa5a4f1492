"""The base of every REST view, and the transaction around a write."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar, cast

from django.db import transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from strangler.hosting.rest import problems
from strangler.hosting.rest.codes import ProblemCode, RestCode
from strangler.hosting.rest.openapi import ProblemSchema
from strangler.hosting.rest.parsers import BoundedJSONParser
from strangler.hosting.rest.scopes import HasScope

H = TypeVar("H", bound=Callable[..., Any])


class RestView(APIView):
    """
    JSON in, JSON or problem+json out; scopes per method.

    Attributes:
        codes: the closed list of the app's own problem codes.
        scopes: method to scope, see `HasScope`.
    """

    codes: ClassVar[type[ProblemCode]] = RestCode
    scopes: ClassVar[Mapping[str, str]] = {}
    renderer_classes = (JSONRenderer,)
    parser_classes = (BoundedJSONParser,)
    permission_classes = (HasScope,)
    schema = ProblemSchema()

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Say in both homes alike that the answer depends on who asks, by whichever field (RFC 9110 12.5.5)."""
        return {**super().default_response_headers, "Vary": "Authorization, Cookie"}

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Any]:
        return problems.handle

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Render a problem as JSON, whatever the view renders otherwise; let nothing be kept unless it asks to be."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-cache")
        if getattr(response, "exception", False):
            response.accepted_renderer = JSONRenderer()
        return response


def read_body(serializer: type[BaseSerializer[Any]], request: Request, *, partial: bool = False) -> Any:
    """Return the validated body; with *partial*, nothing in it is required."""
    reader = serializer(data=request.data, partial=partial)
    reader.is_valid(raise_exception=True)
    return reader.validated_data


def one_transaction(handler: H) -> H:
    """
    Run a write handler as one atomic block (R4): look-ups, checks and effects.

    Ownership is thereby asserted before the first look-up (R2), and a refusal leaves nothing behind.
    """

    @functools.wraps(handler)
    def atomic_handler(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            return handler(view, request, *args, **kwargs)

    atomic_handler.strangler_atomic = True  # type: ignore[attr-defined]
    return cast(H, atomic_handler)
