"""Shipments over REST: parse, call once, render."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from extracted.shipping import addresses, selectors, serializers
from extracted.shipping.models import ShippingIdempotency
from extracted.shipping.representations import shipment_json, tracking_json
from extracted.shipping.services import shipments
from extracted.shipping.services.shipments import NewShipment
from extracted.shipping.views.common import OWN, WRITE, OwnOrStaff, ShippingView, read_body, seen_by, shipment_response
from monolith.shipping.contract import InvalidFilter, OutOfBounds, ShipmentStatus
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.etags import check_match, conditional
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_NONE_MATCH, PAGE
from strangler.hosting.rest.scopes import HasScope

_SHIPMENTS = Pager(orderings={"created_at": ("created_at", "id")}, default="-created_at")
_NOT_FILTERS = {"cursor", "limit", "ordering", "include", "format"}
_OWN = {"GET": OWN, "HEAD": OWN}


class ShipmentsView(ShippingView):
    """All shipments; a customer meets their own."""

    scopes = {**_OWN, "POST": WRITE}

    def get_permissions(self) -> list[HasScope | OwnOrStaff]:
        return [HasScope() if self.request.method == "POST" else OwnOrStaff()]

    @extend_schema(
        operation_id="list_shipments",
        parameters=[
            OpenApiParameter("order_id", str),
            OpenApiParameter("status", str, enum=list(ShipmentStatus)),
            OpenApiParameter("carrier", str, description="code"),
            OpenApiParameter("ordering", str, description="created_at, -created_at (default)"),
            *PAGE,
        ],
        responses=serializers.ShipmentPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List shipments, the latest first; what comes back is among them."""
        given = {name: values for name, values in request.query_params.lists() if name not in _NOT_FILTERS}
        if repeated := [name for name, values in given.items() if len(values) > 1]:
            raise InvalidFilter(f"{repeated[0][:40]}: given more than once")
        filters = {name: value for name, (value,) in given.items()}
        rows = selectors.shipments(filters, seen_by=seen_by(request))
        return _SHIPMENTS.respond(request, rows, shipment_json)

    @extend_schema(
        operation_id="create_shipment",
        request=serializers.NewShipmentSerializer,
        responses={201: serializers.ShipmentSerializer},
    )
    @idempotent(ShippingIdempotency, route="POST /shipments")
    def post(self, request: Request) -> Response:
        """
        Make a shipment of what is left of an order, or of a part of it.

        Its labels are bought soon afterwards: it is `label_created` then.
        """
        body = read_body(serializers.NewShipmentSerializer, request)
        done = shipments.shipment_create(
            new=NewShipment(
                order_id=body["order_id"],
                customer_id=body.get("customer_id"),
                to=body["to"],
                origin=body.get("from", addresses.ORIGIN),
                items=body["lines"],
                ordered=_quantities(body.get("ordered", [])),
                option_id=body.get("option_id", ""),
                carrier=body.get("carrier", ""),
                service=body.get("service", ""),
            )
        )
        return _made(done.shipment.id)


class ShipmentView(ShippingView):
    """One shipment."""

    scopes = _OWN
    permission_classes = (OwnOrStaff,)

    @extend_schema(operation_id="get_shipment", parameters=[IF_NONE_MATCH], responses=serializers.ShipmentSerializer)
    def get(self, request: Request, shipment_id: UUID) -> Response:
        """Read a shipment."""
        response = shipment_response(shipment_id, seen=seen_by(request))
        return conditional(request, response, response["ETag"])


class TrackingView(ShippingView):
    """Where its parcels were."""

    scopes = _OWN
    permission_classes = (OwnOrStaff,)

    @extend_schema(operation_id="get_tracking", responses=serializers.TrackingSerializer)
    def get(self, request: Request, shipment_id: UUID) -> Response:
        """Read everything that carriers have seen of its parcels, in the order in which it happened."""
        row = selectors.shipment(shipment_id, seen_by=seen_by(request))
        return Response({"data": [tracking_json(event) for event in selectors.tracking(row)]})


class BuyLabelView(ShippingView):
    """The step to labels."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="buy_label",
        request=serializers.EmptySerializer,
        responses={202: serializers.ShipmentSerializer},
    )
    @idempotent(ShippingIdempotency, route="POST /shipments/:buy-label")
    def post(self, request: Request, shipment_id: UUID) -> Response:
        """
        Let the labels that a draft lacks be bought as soon as possible, even if the carrier refused one before.

        A shipment asks for its labels by itself; this repeats it after somebody has mended what was wrong.
        """
        read_body(serializers.EmptySerializer, request)
        shipments.label_demand(shipment_id=shipment_id)
        return shipment_response(shipment_id, status=202)


class CancelView(ShippingView):
    """The step to cancelled."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="cancel_shipment",
        request=serializers.ReasonSerializer,
        responses={200: serializers.ShipmentSerializer},
    )
    @idempotent(ShippingIdempotency, route="POST /shipments/:cancel")
    def post(self, request: Request, shipment_id: UUID) -> Response:
        """Stop a shipment that was not picked up; its labels are given back soon afterwards."""
        reason = read_body(serializers.ReasonSerializer, request).get("reason", "")
        check_match(request, shipment_response(shipment_id)["ETag"])
        shipments.shipment_cancel(shipment_id=shipment_id, actor=request.user.subject, reason=reason)
        return shipment_response(shipment_id)


class ReturnsView(ShippingView):
    """What is sent back."""

    scopes = {"POST": OWN}
    permission_classes = (OwnOrStaff,)

    @extend_schema(
        operation_id="create_return",
        request=serializers.ReturnSerializer,
        responses={201: serializers.ShipmentSerializer},
    )
    @idempotent(ShippingIdempotency, route="POST /shipments/returns")
    def post(self, request: Request, shipment_id: UUID) -> Response:
        """Make the shipment by which something that was delivered comes back; it gets labels as any other."""
        whose = seen_by(request)
        selectors.shipment(shipment_id, seen_by=whose)
        lines = read_body(serializers.ReturnSerializer, request).get("lines")
        back = shipments.return_create(shipment_id=shipment_id, wanted=None if lines is None else _quantities(lines))
        return _made(back.id)


def _made(shipment_id: UUID) -> Response:
    response = shipment_response(shipment_id, status=201)
    response["Location"] = f"/api/shipping/shipments/{shipment_id}"
    return response


def _quantities(lines: list[dict[str, object]]) -> dict[str, int]:
    found = {str(line["sku"]): int(str(line["qty"])) for line in lines}
    if len(found) < len(lines):
        raise OutOfBounds("Name each SKU once.")
    return found
