"""What every view of shipping does: say who may see what, and name each field of a bad address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from extracted.shipping import selectors
from extracted.shipping.codes import ShippingCode
from extracted.shipping.representations import REPRESENTATION, shipment_json
from monolith.shipping.contract import AddressInvalid, UnknownShipment
from strangler.hosting.rest.etags import etag
from strangler.hosting.rest.problems import FieldError, Problem
from strangler.hosting.rest.scopes import has_scope
from strangler.hosting.rest.views import RestView

OWN, READ, WRITE = "shipping:own", "shipping:read", "shipping:write"


class OwnOrStaff(BasePermission):
    """Let customers pass with the scope for what is theirs, and staff; which rows they meet, the views ask."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return has_scope(request, OWN) or is_staff(request)


class ShippingView(RestView):
    """Refuses with shipping's codes."""

    codes = ShippingCode

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, AddressInvalid):
            invalid: Any = exc.context["invalid"]
            errors = [FieldError(**one) for one in invalid]
            exc = Problem(ShippingCode.ADDRESS_INVALID, str(exc), errors=errors)
        return super().handle_exception(exc)


def is_staff(request: Request) -> bool:
    """Whether the principal meets everybody's shipments."""
    return has_scope(request, READ) or has_scope(request, WRITE)


def seen_by(request: Request) -> UUID | None:
    """
    Return whose shipments the principal meets; None for all of them.

    Raises:
        UnknownShipment: the principal is no customer, so none is theirs.
    """
    if is_staff(request):
        return None
    try:
        return UUID(request.user.subject)
    except ValueError as error:
        raise UnknownShipment("There is no such shipment.") from error


def read_body(serializer: Any, request: Request) -> Any:
    """Return the validated body."""
    reader = serializer(data=request.data)
    reader.is_valid(raise_exception=True)
    return reader.validated_data


def shipment_response(shipment_id: UUID, *, seen: UUID | None = None, status: int = 200) -> Response:
    """Answer a shipment as it is now, with its validator."""
    row = selectors.shipment(shipment_id, seen_by=seen)
    tag = etag(version=row.version, representation=REPRESENTATION)
    return Response(shipment_json(row), status=status, headers={"ETag": tag})
