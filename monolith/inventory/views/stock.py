"""Stock levels over REST: parse, call once, render."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.inventory import selectors, serializers
from monolith.inventory.models import InventoryIdempotency
from monolith.inventory.representations import level_json
from monolith.inventory.services import stock
from monolith.inventory.views.common import WRITE, InventoryView
from strangler.hosting.rest.etags import conditional, etag_of_body
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_NONE_MATCH
from strangler.hosting.rest.views import read_body


class StockView(InventoryView):
    """Levels of many SKUs."""

    @extend_schema(
        operation_id="get_stock_levels",
        parameters=[
            OpenApiParameter("sku", str, required=True, description="1 to 200 SKUs, separated by commas or repeated")
        ],
        responses=serializers.StockLevelsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Read levels by SKU, in the order asked for; one that was never received fails them all."""
        skus = [sku for value in request.query_params.getlist("sku") for sku in value.split(",") if sku]
        return Response({"data": [level_json(level) for level in selectors.stock(skus)]})


class SkuView(InventoryView):
    """The level of one SKU."""

    @extend_schema(operation_id="get_stock", parameters=[IF_NONE_MATCH], responses=serializers.StockLevelSerializer)
    def get(self, request: Request, sku: str) -> Response:
        """Read what there is of a SKU, in all and per warehouse."""
        response = _level(sku)
        return conditional(request, response, etag_of_body(JSONRenderer().render(response.data)))


class ReceiptsView(InventoryView):
    """What has arrived of a SKU."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="receive_stock",
        request=serializers.ReceiptSerializer,
        responses={201: serializers.StockLevelSerializer},
    )
    @idempotent(InventoryIdempotency, route="POST /stock/receipts")
    def post(self, request: Request, sku: str) -> Response:
        """Add what has arrived; a SKU is known from its first receipt on."""
        body = read_body(serializers.ReceiptSerializer, request)
        stock.stock_receive(
            warehouse=body["warehouse"],
            quantities={sku: body["qty"]},
            reference=body.get("reference", ""),
            actor=request.user.subject,
        )
        return _level(sku, status=201)


class AdjustmentsView(InventoryView):
    """Corrections of what is on hand."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="adjust_stock",
        request=serializers.AdjustmentSerializer,
        responses={201: serializers.StockLevelSerializer},
    )
    @idempotent(InventoryIdempotency, route="POST /stock/adjustments")
    def post(self, request: Request, sku: str) -> Response:
        """Correct what is on hand; what is reserved cannot be taken."""
        body = read_body(serializers.AdjustmentSerializer, request)
        stock.stock_adjust(sku=sku, actor=request.user.subject, **body)
        return _level(sku, status=201)


class SafetyStockView(InventoryView):
    """What is never promised."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="set_safety_stock",
        request=serializers.SafetyStockSerializer,
        responses={200: serializers.StockLevelSerializer},
    )
    @idempotent(InventoryIdempotency, route="POST /stock/safety-stock")
    def post(self, request: Request, sku: str) -> Response:
        """Say how many units in a warehouse are never promised."""
        stock.stock_protect(sku=sku, **read_body(serializers.SafetyStockSerializer, request))
        return _level(sku)


def _level(sku: str, *, status: int = 200) -> Response:
    (level,) = selectors.stock([sku])
    return Response(level_json(level), status=status)
