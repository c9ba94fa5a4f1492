"""Recommendations over REST: parse, call once, render."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.recommendations.codes import RecommendationsCode
from monolith.recommendations.selectors import bought_together
from monolith.recommendations.serializers import AskedSerializer, TogetherSerializer
from strangler.hosting.rest.views import RestView


class TogetherView(RestView):
    """Open to everybody: it tells of SKUs, and of nobody who bought them."""

    codes = RecommendationsCode

    @extend_schema(operation_id="get_bought_together", parameters=[AskedSerializer], responses=TogetherSerializer)
    def get(self, request: Request, sku: str) -> Response:
        """Read what recent orders with a SKU had besides; of one that nobody has bought, nothing."""
        asked = AskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = bought_together([sku], limit=asked.validated_data["limit"])
        return Response({"sku": sku, "data": [asdict(one) for one in found]})
