"""Warehouses over REST: parse, call once, render."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.inventory import selectors, serializers
from monolith.inventory.models import InventoryIdempotency, Warehouse
from monolith.inventory.representations import REPRESENTATION, warehouse_json
from monolith.inventory.services import warehouses
from monolith.inventory.views.common import READ, WRITE, InventoryView
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.etags import conditional, etag, require_match
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_MATCH, IF_NONE_MATCH
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.views import one_transaction, read_body


class WarehousesView(InventoryView):
    """All warehouses: a handful, so there are no pages."""

    scopes = {"GET": READ, "HEAD": READ, "POST": WRITE}

    @extend_schema(operation_id="list_warehouses", responses=serializers.WarehouseListSerializer)
    def get(self, request: Request) -> Response:
        """List warehouses in the order in which allocations take from them."""
        return Response({"data": [warehouse_json(row) for row in selectors.warehouses()]})

    @extend_schema(
        operation_id="create_warehouse",
        request=serializers.NewWarehouseSerializer,
        responses={201: serializers.WarehouseSerializer},
    )
    @idempotent(InventoryIdempotency, route="POST /warehouses")
    def post(self, request: Request) -> Response:
        """Make a warehouse."""
        made = warehouses.warehouse_create(**read_body(serializers.NewWarehouseSerializer, request))
        response = _warehouse_response(made, status=201)
        response["Location"] = f"/api/inventory/warehouses/{made.code}"
        return response


class WarehouseView(InventoryView):
    """One warehouse."""

    scopes = {"GET": READ, "HEAD": READ, "PATCH": WRITE}

    @extend_schema(operation_id="get_warehouse", parameters=[IF_NONE_MATCH], responses=serializers.WarehouseSerializer)
    def get(self, request: Request, code: str) -> Response:
        """Read a warehouse."""
        row = _warehouse(code)
        return conditional(request, _warehouse_response(row), _tag(row))

    @extend_schema(
        operation_id="change_warehouse",
        parameters=[IF_MATCH],
        request=serializers.WarehouseChangesSerializer,
        responses=serializers.WarehouseSerializer,
    )
    @one_transaction
    def patch(self, request: Request, code: str) -> Response:
        """Change what is given of a warehouse; an inactive one keeps its stock, but promises none of it."""
        row = _warehouse(code)
        require_match(request, _tag(row))
        changes = read_body(serializers.WarehouseChangesSerializer, request, partial=True)
        return _warehouse_response(warehouses.warehouse_update(warehouse=row, changes=changes))


def _warehouse(code: str) -> Warehouse:
    row = selectors.warehouse(code)
    if row is None:
        raise Problem(RestCode.NOT_FOUND, f"There is no warehouse {code!r}.")
    return row


def _tag(row: Warehouse) -> str:
    return etag(version=row.version, representation=REPRESENTATION)


def _warehouse_response(row: Warehouse, *, status: int = 200) -> Response:
    return Response(warehouse_json(row), status=status, headers={"ETag": _tag(row)})
