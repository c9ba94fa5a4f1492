"""Variants and their prices over REST: parse, call once, render."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.catalog import selectors, serializers, services
from monolith.catalog.contract import InvalidFilter
from monolith.catalog.models import CatalogIdempotency, Variant
from monolith.catalog.representations import price_json, variant_json
from monolith.catalog.views.common import READ, WRITE, CatalogView, readable, tag_of
from monolith.catalog.views.products import find_product
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.etags import conditional, require_match
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_MATCH, IF_NONE_MATCH, PAGE
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.views import one_transaction, read_body

BATCH_MAX = 200
_PRICES = Pager(orderings={"valid_from": ("valid_from", "id")}, default="valid_from")


class ProductVariantsView(CatalogView):
    """The variants of a product."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="add_variant",
        request=serializers.NewVariantSerializer,
        responses={201: serializers.VariantSerializer},
    )
    @idempotent(CatalogIdempotency, route="POST /products/variants")
    def post(self, request: Request, ref: str) -> Response:
        """Add a variant to a product."""
        new = read_body(serializers.NewVariantSerializer, request)
        made = services.variant_add(product=find_product(request, ref), new=new, actor=request.user.subject)
        response = _variant_response(_variant(request, made.id), status=201)
        response["Location"] = f"/api/catalog/variants/{made.id}"
        return response


class VariantsView(CatalogView):
    """Many variants at once."""

    @extend_schema(
        operation_id="get_variants",
        parameters=[OpenApiParameter("ids", str, required=True, description="1 to 200 ids, separated by commas")],
        responses=serializers.VariantBatchSerializer,
    )
    def get(self, request: Request) -> Response:
        """Read variants by id, in the order asked for."""
        ids = _ids(request.query_params.get("ids", ""))
        found = selectors.variants(ids, statuses=readable(request))
        missing = set(ids) - {row.id for row in found}
        return Response(
            {
                "data": [variant_json(row) for row in found],
                "missing": [str(variant_id) for variant_id in dict.fromkeys(ids) if variant_id in missing],
            }
        )


class VariantView(CatalogView):
    """One variant."""

    scopes = {"PATCH": WRITE}

    @extend_schema(operation_id="get_variant", parameters=[IF_NONE_MATCH], responses=serializers.VariantSerializer)
    def get(self, request: Request, variant_id: UUID) -> Response:
        """Read a variant."""
        row = _variant(request, variant_id)
        return conditional(request, _variant_response(row), tag_of(row))

    @extend_schema(
        operation_id="change_variant",
        parameters=[IF_MATCH],
        request=serializers.VariantChangesSerializer,
        responses=serializers.VariantSerializer,
    )
    @one_transaction
    def patch(self, request: Request, variant_id: UUID) -> Response:
        """Change what is given of a variant; its price has its own operation."""
        row = _variant(request, variant_id)
        require_match(request, tag_of(row))
        changes = read_body(serializers.VariantChangesSerializer, request, partial=True)
        return _variant_response(services.variant_update(variant=row, changes=changes))


class VariantPriceView(CatalogView):
    """The price of a variant."""

    scopes = {"PUT": WRITE}

    @extend_schema(
        operation_id="set_price",
        parameters=[IF_MATCH],
        request=serializers.PriceSerializer,
        responses=serializers.VariantSerializer,
    )
    @one_transaction
    def put(self, request: Request, variant_id: UUID) -> Response:
        """Set the price; the old one goes into the history."""
        row = _variant(request, variant_id)
        require_match(request, tag_of(row))
        price = read_body(serializers.PriceSerializer, request)["price"]
        return _variant_response(services.variant_reprice(variant=row, price=price, actor=request.user.subject))


class VariantPricesView(CatalogView):
    """The price history of a variant."""

    scopes = {"GET": READ, "HEAD": READ}

    @extend_schema(
        operation_id="list_prices",
        parameters=[OpenApiParameter("ordering", str, description="valid_from, -valid_from"), *PAGE],
        responses=serializers.PriceHistoryPageSerializer,
    )
    def get(self, request: Request, variant_id: UUID) -> Response:
        """List every price that a variant has had."""
        return _PRICES.respond(request, selectors.prices(_variant(request, variant_id)), price_json)


def _variant(request: Request, variant_id: UUID) -> Variant:
    row = selectors.variant(variant_id, statuses=readable(request))
    if row is None:
        raise Problem(RestCode.NOT_FOUND, f"There is no variant {variant_id}.")
    return row


def _ids(raw: str) -> list[UUID]:
    try:
        ids = [UUID(item) for item in raw.split(",")]
    except ValueError:
        raise InvalidFilter("ids: must be ids of variants, separated by commas") from None
    if len(ids) > BATCH_MAX:
        raise InvalidFilter(f"ids: at most {BATCH_MAX}, not {len(ids)}")
    return ids


def _variant_response(row: Variant, *, status: int = 200) -> Response:
    return Response(variant_json(row), status=status, headers={"ETag": tag_of(row)})
