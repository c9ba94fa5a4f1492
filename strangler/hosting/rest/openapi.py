"""OpenAPI of REST views: problems with their closed codes, preconditions, keys; and the page that shows it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.templatetags.static import static
from django.urls import URLPattern, include, path
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.utils import OpenApiParameter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from strangler.hosting.rest.codes import ProblemCode, RestCode

IF_MATCH = OpenApiParameter("If-Match", str, "header", required=True, description="ETag of your last read")
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, "header", description="ETag that you hold: 304 when it is current"
)
FIELDS = OpenApiParameter("fields", str, description="members that you want, separated by commas")
PAGE = (
    OpenApiParameter("limit", int, description="1 to 200, default 50"),
    OpenApiParameter("cursor", str, description="`next` or `prev` of the page before"),
    OpenApiParameter("include", str, enum=["count"], description="count every match"),
)
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "One effect and one answer for every request with the same key.",
}
BEARER = "bearer"
_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.1",
    "POSTPROCESSING_HOOKS": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "APPEND_COMPONENTS": {
        "securitySchemes": {BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    },
}


class ProblemSchema(AutoSchema):
    """Adds to each operation what `RestView` and its decorators imply."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        statuses = {400, 404} if operation.get("parameters") else {400}
        if self._scope:
            statuses |= {401, 403}
        if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", [])):
            statuses |= {409, 412, 422, 428}
        if getattr(getattr(self.view, self.method.lower()), "strangler_idempotent", False):
            operation.setdefault("parameters", []).append(_KEY)
            statuses |= {409, 422}
        if any(parameter["name"] == "If-None-Match" for parameter in operation.get("parameters", [])):
            operation["responses"].setdefault("304", {"description": "What you hold is current"})
        for status in sorted(statuses):
            operation["responses"].setdefault(str(status), self._problem_response(status))
        operation["responses"]["default"] = self._problem_response(None)
        return operation

    def get_summary(self) -> str | None:
        return self._docstring[0] or None

    def get_description(self) -> str:  # type: ignore[override]  # DRF's takes a path and a method; spectacular's does not
        return self._docstring[2].strip()

    @property
    def _docstring(self) -> tuple[str, str, str]:
        """The first line is the summary, the rest the description."""
        return (inspect.getdoc(getattr(self.view, self.method.lower())) or "").partition("\n")

    def get_auth(self) -> list[dict[str, Any]]:
        return [{BEARER: [self._scope]}] if self._scope else []

    @property
    def _scope(self) -> str | None:
        scope: str | None = getattr(self.view, "scopes", {}).get(self.method)
        return scope

    def _problem_response(self, status: int | None) -> dict[str, Any]:
        codes = [code for code in self._codes() if status in (None, code.status)]
        words = ", ".join(f"`{code.value}`" for code in codes)
        return {
            "description": f"One of {words}" if status else "Any other problem",
            "content": {"application/problem+json": {"schema": self._problem_component().ref}},
        }

    def _codes(self) -> list[ProblemCode]:
        own: type[ProblemCode] = getattr(self.view, "codes", RestCode)
        return [*RestCode, *(own if own is not RestCode else ())]

    def _problem_component(self) -> ResolvedComponent:
        codes = getattr(self.view, "codes", RestCode)
        name = codes.__name__.removesuffix("Code") + "Problem"
        schema = _problem_schema(self._codes())
        component = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, codes)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        return component


def _problem_schema(codes: Sequence[ProblemCode]) -> dict[str, Any]:
    text = {"type": "string"}
    error = {
        "type": "object",
        "properties": {"field": text, "code": text, "detail": text},
        "required": ["field", "code"],
    }
    members = {
        "type": text,
        "title": text,
        "status": {"type": "integer"},
        "detail": text,
        "instance": text,
        "code": {"type": "string", "enum": sorted(code.value for code in codes)},
        "errors": {"type": "array", "items": error},
        "request_id": text,
    }
    return {"type": "object", "description": "RFC 9457", "properties": members, "required": list(members)}


class _Schema(SpectacularAPIView):
    """The schema of one app, as JSON."""

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        response["Cache-Control"] = "public, max-age=60"
        return response


class _Page(SpectacularSwaggerView):
    """Swagger's page with the scripts of this host, whatever the settings say: it makes no external request."""

    @staticmethod
    def _swagger_ui_resource(filename: str) -> str:
        return static(f"drf_spectacular_sidecar/swagger-ui-dist/{filename}")

    @staticmethod
    def _swagger_ui_favicon() -> str:
        return static("drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png")


def documented(routes: Sequence[URLPattern], *, prefix: str, title: str, name: str) -> list[URLPattern]:
    """
    Return *routes* with their `openapi.json` and `docs` beside them.

    Args:
        prefix: where the host mounts them, such as "api/catalog/".
        name: of the URLs, `<name>-openapi` and `<name>-docs`.
    """
    open_to_all: dict[str, Any] = {"permission_classes": [], "authentication_classes": []}
    schema = _Schema.as_view(
        patterns=[path(prefix, include(list(routes)))],
        custom_settings={**_SETTINGS, "TITLE": title, "VERSION": "1"},
        renderer_classes=[OpenApiJsonRenderer2],
        **open_to_all,
    )
    page = _Page.as_view(url=f"/{prefix}openapi.json", title=title, **open_to_all)
    return [*routes, path("openapi.json", schema, name=f"{name}-openapi"), path("docs", page, name=f"{name}-docs")]
