"""Categories over REST: parse, call once, render."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.catalog import selectors, serializers, services
from monolith.catalog.contract import InvalidFilter
from monolith.catalog.models import CatalogIdempotency, Category
from monolith.catalog.representations import category_json, category_tree_json
from monolith.catalog.views.common import WRITE, CatalogView, is_staff, tag_of
from monolith.catalog.views.products import FILTERS, filters_of, product_page
from strangler.hosting.remember import remembered
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.etags import conditional, etag_of_body, require_match
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import FIELDS, IF_MATCH, IF_NONE_MATCH, PAGE
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.views import one_transaction, read_body


class CategoriesView(CatalogView):
    """The category tree."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="get_categories", parameters=[IF_NONE_MATCH], responses=serializers.CategoryTreeSerializer
    )
    def get(self, request: Request) -> Response:
        """Read the tree of active categories."""
        body, tag = remembered("catalog", "category tree", _tree)
        return conditional(request, Response(body), tag)

    @extend_schema(
        operation_id="create_category",
        request=serializers.NewCategorySerializer,
        responses={201: serializers.CategorySerializer},
    )
    @idempotent(CatalogIdempotency, route="POST /categories")
    def post(self, request: Request) -> Response:
        """Make a category."""
        made = services.category_create(**read_body(serializers.NewCategorySerializer, request))
        response = _category_response(made, status=201)
        response["Location"] = f"/api/catalog/categories/{made.slug}"
        return response


class CategoryView(CatalogView):
    """One category."""

    scopes = {"PATCH": WRITE, "DELETE": WRITE}

    @extend_schema(operation_id="get_category", parameters=[IF_NONE_MATCH], responses=serializers.CategorySerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Read a category without its children."""
        row = _category(request, slug)
        return conditional(request, _category_response(row), tag_of(row))

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
        require_match(request, tag_of(row))
        changes = read_body(serializers.CategoryChangesSerializer, request, partial=True)
        return _category_response(services.category_update(category=row, changes=changes))

    @extend_schema(operation_id="delete_category", parameters=[IF_MATCH], responses={204: None})
    @one_transaction
    def delete(self, request: Request, slug: str) -> Response:
        """Forget a category that has neither children nor products."""
        row = _category(request, slug)
        require_match(request, tag_of(row))
        services.category_delete(category=row)
        return Response(status=204)


class CategoryProductsView(CatalogView):
    """The products of a category and of those below it."""

    @extend_schema(
        operation_id="list_category_products",
        parameters=[*(p for p in FILTERS if p.name != "category"), *PAGE, FIELDS],
        responses=serializers.ProductPageSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the published products of a category's subtree."""
        filters = filters_of(request)
        if "category" in filters:
            raise InvalidFilter("category: the path names it already")
        return product_page(request, {**filters, "category": _category(request, slug).slug})


def _tree() -> tuple[dict[str, Any], str]:
    body = {"data": category_tree_json(selectors.categories())}
    return body, etag_of_body(JSONRenderer().render(body))


def _category(request: Request, slug: str) -> Category:
    row = selectors.category(slug, active_only=not is_staff(request))
    if row is None:
        raise Problem(RestCode.NOT_FOUND, f"There is no category {slug!r}.")
    return row


def _category_response(row: Category, *, status: int = 200) -> Response:
    return Response(category_json(row), status=status, headers={"ETag": tag_of(row)})
