"""The picture of a product over HTTP."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.catalog import pictures, selectors
from monolith.catalog.codes import CatalogCode
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.etags import conditional, etag_of_body
from strangler.hosting.rest.openapi import IF_NONE_MATCH
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.views import RestView

_WEEK_S = 7 * 24 * 3600


class _Svg(BaseRenderer):
    media_type = "image/svg+xml"
    format = "svg"
    charset = "utf-8"

    def render(self, data: str | None, *_: object) -> bytes:
        return (data or "").encode()  # a 304 has no body


class ProductPictureView(RestView):
    """An SVG, kept by clients for a week."""

    codes = CatalogCode
    renderer_classes = (_Svg, *RestView.renderer_classes)

    @extend_schema(
        operation_id="get_product_picture",
        parameters=[IF_NONE_MATCH],
        responses={(200, "image/svg+xml"): OpenApiTypes.STR},
    )
    def get(self, request: Request, ref: str) -> HttpResponse:
        """Draw a product."""
        shown = selectors.product_to_draw(ref)
        if shown is None:
            raise Problem(RestCode.NOT_FOUND, f"There is no product {ref!r}.")
        svg = pictures.draw(product_id=str(shown.id), name=shown.name, category_path=shown.category_path)
        headers = {"Cache-Control": f"public, max-age={_WEEK_S}", "Content-Security-Policy": "default-src 'none'"}
        return conditional(request, Response(svg, headers=headers), etag_of_body(svg.encode()))
