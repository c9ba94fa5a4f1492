"""One's own addresses over REST: parse, call once, render; nobody's else can be named."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.users import selectors, serializers
from monolith.users.models import Address, UsersIdempotency
from monolith.users.representations import REPRESENTATION, address_json
from monolith.users.services import addresses
from monolith.users.views.common import OwnView
from strangler.hosting.rest.etags import conditional, etag, require_match
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_MATCH, IF_NONE_MATCH
from strangler.hosting.rest.views import one_transaction, read_body


class AddressesView(OwnView):
    """One's address book: fifty at most, so there are no pages."""

    @extend_schema(operation_id="list_my_addresses", responses=serializers.AddressListSerializer)
    def get(self, request: Request) -> Response:
        """List your addresses, the oldest first."""
        return Response({"data": [address_json(row) for row in selectors.addresses(self.own_id(request))]})

    @extend_schema(
        operation_id="create_my_address",
        request=serializers.AddressContentSerializer,
        responses={201: serializers.AddressSerializer},
    )
    @idempotent(UsersIdempotency, route="POST /users/me/addresses")
    def post(self, request: Request) -> Response:
        """Add an address; one that is to be a default takes that from the one that was."""
        content = read_body(serializers.AddressContentSerializer, request)
        made = addresses.address_create(customer_id=self.own_id(request), content=content)
        response = _address_response(made, status=201)
        response["Location"] = f"/api/users/users/me/addresses/{made.id}"
        return response


class AddressView(OwnView):
    """One of one's own addresses."""

    @extend_schema(operation_id="get_my_address", parameters=[IF_NONE_MATCH], responses=serializers.AddressSerializer)
    def get(self, request: Request, address_id: UUID) -> Response:
        """Read one of your addresses."""
        row = selectors.address(self.own_id(request), address_id)
        return conditional(request, _address_response(row), _tag(row))

    @extend_schema(
        operation_id="change_my_address",
        parameters=[IF_MATCH],
        request=serializers.AddressContentSerializer,
        responses=serializers.AddressSerializer,
    )
    @one_transaction
    def patch(self, request: Request, address_id: UUID) -> Response:
        """Change what is given of one of your addresses."""
        row = selectors.address(self.own_id(request), address_id)
        require_match(request, _tag(row))
        changes = read_body(serializers.AddressContentSerializer, request, partial=True)
        changed = addresses.address_update(
            address_id=row.id, customer_id=row.customer_id, version=row.version, changes=changes
        )
        return _address_response(changed)

    @extend_schema(operation_id="delete_my_address", parameters=[IF_MATCH], responses={204: None})
    @one_transaction
    def delete(self, request: Request, address_id: UUID) -> Response:
        """Forget one of your addresses."""
        row = selectors.address(self.own_id(request), address_id)
        require_match(request, _tag(row))
        addresses.address_delete(address_id=row.id, customer_id=row.customer_id, version=row.version)
        return Response(status=204)


def _tag(row: Address) -> str:
    return etag(version=row.version, representation=REPRESENTATION)


def _address_response(row: Address, *, status: int = 200) -> Response:
    return Response(address_json(row), status=status, headers={"ETag": _tag(row)})
