"""Carts over REST: parse, call once, render."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.orders import pricing, selectors, serializers
from monolith.orders.contract import Address
from monolith.orders.models import Cart, OrdersIdempotency
from monolith.orders.representations import REPRESENTATION, cart_json, option_json
from monolith.orders.services import carts
from monolith.orders.views.common import OrdersView, customer_of
from strangler.hosting.rest.etags import conditional, etag, require_match
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_MATCH, IF_NONE_MATCH
from strangler.hosting.rest.views import one_transaction, read_body

TOKEN_HEADER = "Cart-Token"  # noqa: S105  a name
_TOKEN = OpenApiParameter(
    TOKEN_HEADER, str, "header", description="of somebody who is not logged in: a secret of at least 32 characters"
)
_CURRENCY = "USD"


class CartView(OrdersView):
    """A customer's carts, and those of people who are not logged in; nobody else's are there."""

    permission_classes = ()

    def cart(self, request: Request, cart_id: UUID) -> Cart:
        """Return a cart of whoever asks. Raises UnknownCart."""
        token = request.headers.get(TOKEN_HEADER, "")
        return carts.check_theirs(selectors.cart(cart_id), customer_id=customer_of(request), token=token)


class CartsView(CartView):
    """All carts."""

    @extend_schema(
        operation_id="create_cart",
        parameters=[_TOKEN],
        request=serializers.NewCartSerializer,
        responses={201: serializers.CartSerializer},
    )
    @idempotent(OrdersIdempotency, route="POST /carts")
    def post(self, request: Request) -> Response:
        """
        Begin a cart.

        Who is not logged in proves with Cart-Token that it is theirs; it is made by the client, and kept as a hash.
        """
        body = read_body(serializers.NewCartSerializer, request)
        made = carts.cart_create(
            currency=body.get("currency", _CURRENCY),
            customer_id=customer_of(request),
            token=request.headers.get(TOKEN_HEADER, ""),
        )
        response = _cart(made, status=201)
        response["Location"] = f"/api/orders/carts/{made.id}"
        return response


class OneCartView(CartView):
    """One cart."""

    @extend_schema(operation_id="get_cart", parameters=[_TOKEN, IF_NONE_MATCH], responses=serializers.CartSerializer)
    def get(self, request: Request, cart_id: UUID) -> Response:
        """Read a cart."""
        row = self.cart(request, cart_id)
        return conditional(request, _cart(row), _tag(row))


class CartLineView(CartView):
    """One line of a cart."""

    @extend_schema(
        operation_id="set_cart_line",
        parameters=[_TOKEN, IF_MATCH],
        request=serializers.NewLineSerializer,
        responses=serializers.CartSerializer,
    )
    @one_transaction
    def put(self, request: Request, cart_id: UUID, sku: str) -> Response:
        """Let the cart have so many units of a SKU."""
        row = self.cart(request, cart_id)
        require_match(request, _tag(row))
        qty = read_body(serializers.NewLineSerializer, request)["qty"]
        return _cart(carts.line_set(cart=row, sku=sku, qty=qty))

    @extend_schema(
        operation_id="remove_cart_line", parameters=[_TOKEN, IF_MATCH], responses={200: serializers.CartSerializer}
    )
    @one_transaction
    def delete(self, request: Request, cart_id: UUID, sku: str) -> Response:
        """Take a SKU out of the cart."""
        row = self.cart(request, cart_id)
        require_match(request, _tag(row))
        return _cart(carts.line_remove(cart=row, sku=sku))


class MergeView(CartView):
    """What was in another cart."""

    @extend_schema(
        operation_id="merge_cart",
        parameters=[_TOKEN],
        request=serializers.MergeSerializer,
        responses={200: serializers.CartSerializer},
    )
    @idempotent(OrdersIdempotency, route="POST /carts/:merge")
    def post(self, request: Request, cart_id: UUID) -> Response:
        """
        Put what is in another cart of yours into this one, as after a login.

        The other one may be that of the Cart-Token.
        """
        row = self.cart(request, cart_id)
        other = self.cart(request, read_body(serializers.MergeSerializer, request)["cart_id"])
        return _cart(carts.cart_merge(cart=row, other=other))


class ShippingOptionsView(CartView):
    """How a cart can be sent."""

    @extend_schema(
        operation_id="list_shipping_options",
        parameters=[
            _TOKEN,
            OpenApiParameter("country", str, required=True, description="ISO 3166-1 alpha-2"),
            OpenApiParameter("region", str, description="a state or province"),
            OpenApiParameter("postal_code", str),
        ],
        responses=serializers.OptionsSerializer,
    )
    def get(self, request: Request, cart_id: UUID) -> Response:
        """
        List what it costs to send the cart to a place, cheapest first; each option's price holds for half an hour.

        Neither name nor street is needed for that.
        """
        row = self.cart(request, cart_id)
        asked = {name: request.query_params.get(name, "") for name in ("country", "region", "postal_code")}
        there = Address(name="-", line1="-", city="-", **asked)
        wanted = {line.sku: line.qty for line in row.lines.all()}
        found = pricing.options(wanted, currency=row.currency, address=there)
        return Response({"data": [option_json(option) for option in found]})


def _tag(row: Cart) -> str:
    return etag(version=row.version, representation=REPRESENTATION)


def _cart(row: Cart, *, status: int = 200) -> Response:
    shown = selectors.cart(row.id)
    assert shown is not None
    return Response(cart_json(shown), status=status, headers={"ETag": _tag(shown)})
