"""Products over REST: parse, call once, render."""

from __future__ import annotations

from dataclasses import replace

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.catalog import selectors, serializers, services
from monolith.catalog.contract import InvalidFilter
from monolith.catalog.domain import Status
from monolith.catalog.models import CatalogIdempotency, Product
from monolith.catalog.representations import PRODUCT_MEMBERS, product_json
from monolith.catalog.views.common import READ, WRITE, CatalogView, is_staff, readable, tag_of
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.etags import conditional, require_match
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import FIELDS, IF_MATCH, IF_NONE_MATCH, PAGE
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.selection import selected
from strangler.hosting.rest.views import one_transaction, read_body

_NOT_FILTERS = {"cursor", "limit", "ordering", "fields", "include", "format"}
_ORDERINGS = {
    "created_at": ("created_at", "id"),
    "name": ("name", "id"),
    "price": ("lowest_price_minor", "id"),
    "relevance": ("rank", "created_at", "id"),
}


def product_pager(*, aside: frozenset[str] = frozenset()) -> Pager:
    """Return what cuts lists of products into pages; see `Pager` for *aside*."""
    return Pager(orderings=_ORDERINGS, default="created_at", aside=aside)


_PRODUCTS = product_pager()
SEARCH_HELP = (
    'in name, brand, description and SKUs: words by their beginnings, "phrases", alternatives with or, -exclusions; '
    "words that nobody uses are corrected"
)
FILTERS = (
    OpenApiParameter("search", str, description=SEARCH_HELP),
    OpenApiParameter("category", str, description="slug; the categories below it are meant as well"),
    OpenApiParameter("brand", str),
    OpenApiParameter("min_price", int, description="minor units, of the cheapest active variant"),
    OpenApiParameter("max_price", int, description="minor units, of the cheapest active variant"),
    OpenApiParameter("currency", str, description="of min_price and max_price, default USD"),
    OpenApiParameter("in_stock", bool, description="whether an active variant is in stock"),
    OpenApiParameter("attr.*", str, description="an attribute has this value, such as attr.color=red"),
    OpenApiParameter("status", str, enum=list(Status), description="staff; default published"),
    OpenApiParameter("ordering", str, description="created_at, name, price, relevance; each with - to reverse"),
)


class ProductsView(CatalogView):
    """All products."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="list_products", parameters=[*FILTERS, *PAGE, FIELDS], responses=serializers.ProductPageSerializer
    )
    def get(self, request: Request) -> Response:
        """List published products; staff may ask for others."""
        return product_page(request, filters_of(request))

    @extend_schema(
        operation_id="create_product",
        request=serializers.NewProductSerializer,
        responses={201: serializers.ProductSerializer},
    )
    @idempotent(CatalogIdempotency, route="POST /products")
    def post(self, request: Request) -> Response:
        """Make a draft with its variants."""
        new = read_body(serializers.NewProductSerializer, request)
        made = services.product_create(new=new, actor=request.user.subject)
        response = _product_response(made, status=201)
        response["Location"] = f"/api/catalog/products/{made.id}"
        return response


class ProductView(CatalogView):
    """One product, by id or slug."""

    scopes = {"PUT": WRITE, "PATCH": WRITE, "DELETE": WRITE}

    @extend_schema(
        operation_id="get_product", parameters=[FIELDS, IF_NONE_MATCH], responses=serializers.ProductSerializer
    )
    def get(self, request: Request, ref: str) -> Response:
        """Read a product; archived ones stay readable."""
        selection = selected(request, PRODUCT_MEMBERS)
        row = find_product(request, ref)
        response = Response(selection.of(product_json(row)))
        return conditional(request, response, tag_of(row, selection.part))

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
        row = find_product(request, ref)
        require_match(request, tag_of(row))
        services.product_delete(product=row)
        return Response(status=204)

    def _change(self, request: Request, ref: str, *, partial: bool) -> Response:
        row = find_product(request, ref)
        require_match(request, tag_of(row))
        changes = read_body(serializers.ProductContentSerializer, request, partial=partial)
        return _product_response(services.product_update(product=row, changes=changes))


class ProductMediaView(CatalogView):
    """The media of a product."""

    scopes = {"PUT": WRITE}

    @extend_schema(
        operation_id="replace_media",
        parameters=[IF_MATCH],
        request=serializers.MediaSerializer,
        responses=serializers.ProductSerializer,
    )
    @one_transaction
    def put(self, request: Request, ref: str) -> Response:
        """Replace a product's media, in the order given."""
        row = find_product(request, ref)
        require_match(request, tag_of(row))
        media = read_body(serializers.MediaSerializer, request)["media"]
        services.product_illustrate(product=row, media=media)
        return _product_response(find_product(request, ref))


class ProductPublishView(CatalogView):
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
        reason = read_body(serializers.ReasonSerializer, request).get("reason", "")
        row = find_product(request, ref)
        done = services.product_publish(product_id=row.id, actor=request.user.subject, reason=reason)
        return _product_response(done)


class ProductArchiveView(CatalogView):
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
        reason = read_body(serializers.ReasonSerializer, request).get("reason", "")
        row = find_product(request, ref)
        done = services.product_archive(product_id=row.id, actor=request.user.subject, reason=reason)
        return _product_response(done)


def filters_of(request: Request) -> dict[str, str]:
    """Return the filters of a query. Raises InvalidFilter when one is given twice."""
    repeated = [name for name, values in request.query_params.lists() if len(values) > 1]
    if repeated:
        raise InvalidFilter(f"{repeated[0][:40]}: given more than once")
    return {name: value for name, value in request.query_params.items() if name not in _NOT_FILTERS}


def wanted_of(request: Request, filters: dict[str, str]) -> selectors.ProductFilter:
    """Read *filters*. Raises Problem `permission_denied` for those that only staff may use, InvalidFilter."""
    wanted = selectors.product_filter(filters)
    if wanted.status != Status.PUBLISHED and not is_staff(request):
        raise Problem(RestCode.PERMISSION_DENIED, f"Lists of {wanted.status} products need the scope {READ}.")
    by_price = request.query_params.get("ordering", "").lstrip("-") == "price"
    return replace(wanted, priced=by_price)


def product_page(request: Request, filters: dict[str, str]) -> Response:
    """Answer one page of the products that *filters* describe."""
    wanted = wanted_of(request, filters)
    selection = selected(request, PRODUCT_MEMBERS)
    rows = selectors.products(wanted, selectors.understood(wanted))
    return _PRODUCTS.respond(
        request, rows, lambda row: selection.of(product_json(row)), default="relevance" if wanted.search else None
    )


def find_product(request: Request, ref: str) -> Product:
    """Return a product that the principal may read. Raises Problem `not_found`."""
    row = selectors.product(ref, statuses=readable(request))
    if row is None:
        raise Problem(RestCode.NOT_FOUND, f"There is no product {ref!r}.")
    return row


def _product_response(row: Product, *, status: int = 200) -> Response:
    row = selectors.shown(row)
    return Response(product_json(row), status=status, headers={"ETag": tag_of(row)})
