"""Movements and transfers over REST: parse, call once, render."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.inventory import selectors, serializers
from monolith.inventory.contract import InvalidFilter
from monolith.inventory.domain import Reason
from monolith.inventory.models import InventoryIdempotency
from monolith.inventory.representations import movement_json, transfer_json
from monolith.inventory.services import stock
from monolith.inventory.views.common import WRITE, InventoryView
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import PAGE
from strangler.hosting.rest.views import read_body

_MOVEMENTS = Pager(orderings={"at": ("at", "id")}, default="-at")
_NOT_FILTERS = {"cursor", "limit", "ordering", "include", "format"}


class MovementsView(InventoryView):
    """Every change of stock."""

    @extend_schema(
        operation_id="list_movements",
        parameters=[
            OpenApiParameter("sku", str),
            OpenApiParameter("warehouse", str, description="code"),
            OpenApiParameter("reason", str, enum=list(Reason)),
            OpenApiParameter("ref_id", str, description="id of a reservation or transfer, or a receipt's reference"),
            OpenApiParameter("ordering", str, description="at, -at (default)"),
            *PAGE,
        ],
        responses=serializers.MovementPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List movements, the latest first."""
        given = {name: values for name, values in request.query_params.lists() if name not in _NOT_FILTERS}
        if repeated := [name for name, values in given.items() if len(values) > 1]:
            raise InvalidFilter(f"{repeated[0][:40]}: given more than once")
        rows = selectors.movements({name: value for name, (value,) in given.items()})
        return _MOVEMENTS.respond(request, rows, movement_json)


class TransfersView(InventoryView):
    """Units from one warehouse to another."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="create_transfer",
        request=serializers.NewTransferSerializer,
        responses={201: serializers.TransferSerializer},
    )
    @idempotent(InventoryIdempotency, route="POST /transfers")
    def post(self, request: Request) -> Response:
        """Move units from one warehouse to another, in one step; what is reserved cannot be moved."""
        body = read_body(serializers.NewTransferSerializer, request)
        return Response(transfer_json(stock.stock_transfer(actor=request.user.subject, **body)), status=201)
