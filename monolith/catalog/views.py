"""The catalog over REST: parse, call once, render."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.catalog import selectors, serializers, services
from monolith.catalog.codes import CatalogCode
from monolith.catalog.contract import InvalidFilter
from monolith.catalog.domain import Status
from monolith.catalog.models import CatalogIdempotency, Category, Product, Variant
from monolith.catalog.representations import (
    PRODUCT_MEMBERS,
    REPRESENTATION,
    category_json,
    category_tree_json,
    price_json,
    product_json,
    variant_json,
)
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.etags import conditional, etag, etag_of_body, require_match
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import FIELDS, IF_MATCH, IF_NONE_MATCH, PAGE
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.scopes import has_scope
from strangler.hosting.rest.selection import selected
from strangler.hosting.rest.views import RestView, one_transaction

READ, WRITE = "catalog:read", "catalog:write"
BATCH_MAX = 200
_NOT_FILTERS = {"cursor", "limit", "ordering", "fields", "include", "format"}
_PRODUCTS = Pager(
    orderings={
        "created_at": ("created_at", "id"),
        "name": ("name", "id"),
        "price": ("lowest_price_minor", "id"),
        "relevance": ("rank", "created_at", "id"),
    },
    default="created_at",
)
_PRICES = Pager(orderings={"valid_from": ("valid_from", "id")}, default="valid_from")
_FILTERS = (
    OpenApiParameter("search", str, description="every word must begin a word of name, brand, description or SKU"),
    OpenApiParameter("category", str, description="slug; the categories below it are meant as well"),
    OpenApiParameter("brand", str),
    OpenApiParameter("min_price", int, description="minor units, of the cheapest active variant"),
    OpenApiParameter("max_price", int, description="minor units, of the cheapest active variant"),
    OpenApiParameter("currency", str, description="of min_price and max_price, default USD"),
    OpenApiParameter("attr.*", str, description="an attribute has this value, such as attr.color=red"),
    OpenApiParameter("status", str, enum=list(Status), description="staff; default published"),
    OpenApiParameter("ordering", str, description="created_at, name, price, relevance; each with - to reverse"),
)


class _CatalogView(RestView):
    codes = CatalogCode


class ProductsView(_CatalogView):
    """All products."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="list_products", parameters=[*_FILTERS, *PAGE, FIELDS], responses=serializers.ProductPageSerializer
    )
    def get(self, request: Request) -> Response:
        """List published products; staff may ask for others."""
        return _product_page(request, _filters(request))

    @extend_schema(
        operation_id="create_product",
        request=serializers.NewProductSerializer,
        responses={201: serializers.ProductSerializer},
    )
    @idempotent(CatalogIdempotency, route="POST /products")
    def post(self, request: Request) -> Response:
        """Make a draft with its variants."""
        new = _read(serializers.NewProductSerializer, request)
        made = services.product_create(new=new, actor=request.user.subject)
        response = _product_response(made, status=201)
        response["Location"] = f"/api/catalog/products/{made.id}"
        return response


class ProductView(_CatalogView):
    """One product, by id or slug."""

    scopes = {"PUT": WRITE, "PATCH": WRITE, "DELETE": WRITE}

    @extend_schema(
        operation_id="get_product", parameters=[FIELDS, IF_NONE_MATCH], responses=serializers.ProductSerializer
    )
    def get(self, request: Request, ref: str) -> Response:
        """Read a product; archived ones stay readable."""
        selection = selected(request, PRODUCT_MEMBERS)
        row = _product(request, ref)
        response = Response(selection.of(product_json(row)))
        return conditional(request, response, _tag(row, selection.part))

    @extend_schema(
        operation_id="replace_product",
        parameters=[IF_MATCH],
        request=serializers.ProductContentSerializer,
        responses=serializers.ProductSerializer,
    )
    @one_transaction
    def put(self, request: Request, ref: str) -> Response:
        """Replace a product's content; variants and status have their own operations."""
        return self._change(request, ref, partial=False)

    @extend_schema(
        operation_id="change_product",
        parameters=[IF_MATCH],
        request=serializers.ProductContentSerializer,
        responses=serializers.ProductSerializer,
    )
    @one_transaction
    def patch(self, request: Request, ref: str) -> Response:
        """Change what is given of a product's content."""
        return self._change(request, ref, partial=True)

    @extend_schema(operation_id="delete_product", parameters=[IF_MATCH], responses={204: None})
    @one_transaction
    def delete(self, request: Request, ref: str) -> Response:
        """Forget a draft; what was published is archived instead."""
        row = _product(request, ref)
        require_match(request, _tag(row))
        services.product_delete(product=row)
        return Response(status=204)

    def _change(self, request: Request, ref: str, *, partial: bool) -> Response:
        row = _product(request, ref)
        require_match(request, _tag(row))
        changes = _read(serializers.ProductContentSerializer, request, partial=partial)
        return _product_response(services.product_update(product=row, changes=changes))


class ProductPublishView(_CatalogView):
    """The step to published."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="publish_product",
        request=serializers.ReasonSerializer,
        responses={200: serializers.ProductSerializer},
    )
    @idempotent(CatalogIdempotency, route="POST /products/:publish")
    def post(self, request: Request, ref: str) -> Response:
        """Show a product to everybody."""
        reason = _read(serializers.ReasonSerializer, request).get("reason", "")
        row = _product(request, ref)
        done = services.product_publish(product_id=row.id, actor=request.user.subject, reason=reason)
        return _product_response(done)


class ProductArchiveView(_CatalogView):
    """The step to archived."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="archive_product",
        request=serializers.ReasonSerializer,
        responses={200: serializers.ProductSerializer},
    )
    @idempotent(CatalogIdempotency, route="POST /products/:archive")
    def post(self, request: Request, ref: str) -> Response:
        """Take a product out of every list; it stays readable by id."""
        reason = _read(serializers.ReasonSerializer, request).get("reason", "")
        row = _product(request, ref)
        done = services.product_archive(product_id=row.id, actor=request.user.subject, reason=reason)
        return _product_response(done)


class ProductVariantsView(_CatalogView):
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
        new = _read(serializers.NewVariantSerializer, request)
        made = services.variant_add(product=_product(request, ref), new=new, actor=request.user.subject)
        response = _variant_response(made, status=201)
        response["Location"] = f"/api/catalog/variants/{made.id}"
        return response


class VariantsView(_CatalogView):
    """Many variants at once."""

    @extend_schema(
        operation_id="get_variants",
        parameters=[OpenApiParameter("ids", str, required=True, description="1 to 200 ids, separated by commas")],
        responses=serializers.VariantBatchSerializer,
    )
    def get(self, request: Request) -> Response:
        """Read variants by id, in the order asked for."""
        ids = _ids(request.query_params.get("ids", ""))
        found = selectors.variants(ids, statuses=_readable(request))
        missing = set(ids) - {row.id for row in found}
        return Response(
            {
                "data": [variant_json(row) for row in found],
                "missing": [str(variant_id) for variant_id in dict.fromkeys(ids) if variant_id in missing],
            }
        )


class VariantView(_CatalogView):
    """One variant."""

    scopes = {"PATCH": WRITE}

    @extend_schema(operation_id="get_variant", parameters=[IF_NONE_MATCH], responses=serializers.VariantSerializer)
    def get(self, request: Request, variant_id: UUID) -> Response:
        """Read a variant."""
        row = _variant(request, variant_id)
        return conditional(request, _variant_response(row), _tag(row))

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
        require_match(request, _tag(row))
        changes = _read(serializers.VariantChangesSerializer, request, partial=True)
        return _variant_response(services.variant_update(variant=row, changes=changes))


class VariantPriceView(_CatalogView):
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
        require_match(request, _tag(row))
        price = _read(serializers.PriceSerializer, request)["price"]
        return _variant_response(services.variant_reprice(variant=row, price=price, actor=request.user.subject))


class VariantPricesView(_CatalogView):
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


class CategoriesView(_CatalogView):
    """The category tree."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="get_categories", parameters=[IF_NONE_MATCH], responses=serializers.CategoryTreeSerializer
    )
    def get(self, request: Request) -> Response:
        """Read the tree of active categories."""
        body = {"data": category_tree_json(selectors.categories())}
        response = Response(body)
        return conditional(request, response, etag_of_body(JSONRenderer().render(body)))

    @extend_schema(
        operation_id="create_category",
        request=serializers.NewCategorySerializer,
        responses={201: serializers.CategorySerializer},
    )
    @idempotent(CatalogIdempotency, route="POST /categories")
    def post(self, request: Request) -> Response:
        """Make a category."""
        made = services.category_create(**_read(serializers.NewCategorySerializer, request))
        response = _category_response(made, status=201)
        response["Location"] = f"/api/catalog/categories/{made.slug}"
        return response


class CategoryView(_CatalogView):
    """One category."""

    scopes = {"PATCH": WRITE}

    @extend_schema(operation_id="get_category", parameters=[IF_NONE_MATCH], responses=serializers.CategorySerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Read a category without its children."""
        row = _category(request, slug)
        return conditional(request, _category_response(row), _tag(row))

    @extend_schema(
        operation_id="change_category",
        parameters=[IF_MATCH],
        request=serializers.CategoryChangesSerializer,
        responses=serializers.CategorySerializer,
    )
    @one_transaction
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is given of a category; with another parent its subtree moves along."""
        row = _category(request, slug)
        require_match(request, _tag(row))
        changes = _read(serializers.CategoryChangesSerializer, request, partial=True)
        return _category_response(services.category_update(category=row, changes=changes))


class CategoryProductsView(_CatalogView):
    """The products of a category and of those below it."""

    @extend_schema(
        operation_id="list_category_products",
        parameters=[*(p for p in _FILTERS if p.name != "category"), *PAGE, FIELDS],
        responses=serializers.ProductPageSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the published products of a category's subtree."""
        return _product_page(request, {**_filters(request), "category": _category(request, slug).slug})


def _read(serializer: Any, request: Request, *, partial: bool = False) -> Any:
    reader = serializer(data=request.data, partial=partial)
    reader.is_valid(raise_exception=True)
    return reader.validated_data


def _filters(request: Request) -> dict[str, str]:
    repeated = [name for name, values in request.query_params.lists() if len(values) > 1]
    if repeated:
        raise InvalidFilter(f"{repeated[0][:40]}: given more than once")
    return {name: value for name, value in request.query_params.items() if name not in _NOT_FILTERS}


def _product_page(request: Request, filters: dict[str, str]) -> Response:
    wanted = selectors.product_filter(filters)
    if wanted.status != Status.PUBLISHED and not _is_staff(request):
        raise Problem(RestCode.PERMISSION_DENIED, f"Lists of {wanted.status} products need the scope {READ}.")
    selection = selected(request, PRODUCT_MEMBERS)
    rows: QuerySet[Product] = selectors.products(wanted)
    if request.query_params.get("ordering", "").lstrip("-") == "price":
        rows = rows.filter(lowest_price_minor__isnull=False)
    return _PRODUCTS.respond(
        request, rows, lambda row: selection.of(product_json(row)), default="relevance" if wanted.search else None
    )


def _product(request: Request, ref: str) -> Product:
    row = selectors.product(ref, statuses=_readable(request))
    if row is None:
        raise Problem(RestCode.NOT_FOUND, f"There is no product {ref!r}.")
    return row


def _variant(request: Request, variant_id: UUID) -> Variant:
    row = selectors.variant(variant_id, statuses=_readable(request))
    if row is None:
        raise Problem(RestCode.NOT_FOUND, f"There is no variant {variant_id}.")
    return row


def _category(request: Request, slug: str) -> Category:
    row = selectors.category(slug, active_only=not _is_staff(request))
    if row is None:
        raise Problem(RestCode.NOT_FOUND, f"There is no category {slug!r}.")
    return row


def _is_staff(request: Request) -> bool:
    return has_scope(request, READ) or has_scope(request, WRITE)


def _readable(request: Request) -> Collection[Status]:
    """Drafts are for staff; archived products stay readable for old orders."""
    return frozenset(Status) if _is_staff(request) else frozenset({Status.PUBLISHED, Status.ARCHIVED})


def _ids(raw: str) -> list[UUID]:
    try:
        ids = [UUID(item) for item in raw.split(",")]
    except ValueError:
        raise InvalidFilter("ids: must be ids of variants, separated by commas") from None
    if len(ids) > BATCH_MAX:
        raise InvalidFilter(f"ids: at most {BATCH_MAX}, not {len(ids)}")
    return ids


def _tag(row: Product | Variant | Category, part: str = "") -> str:
    return etag(version=row.version, representation=REPRESENTATION, part=part)


def _product_response(row: Product, *, status: int = 200) -> Response:
    return Response(product_json(row), status=status, headers={"ETag": _tag(row)})


def _variant_response(row: Variant, *, status: int = 200) -> Response:
    return Response(variant_json(row), status=status, headers={"ETag": _tag(row)})


def _category_response(row: Category, *, status: int = 200) -> Response:
    return Response(category_json(row), status=status, headers={"ETag": _tag(row)})
