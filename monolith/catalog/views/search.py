"""Searching over REST: parse, call once, render."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.catalog import selectors, serializers
from monolith.catalog.contract import InvalidFilter
from monolith.catalog.facets import FACETS, facets
from monolith.catalog.representations import FOUND_MEMBERS, found_json
from monolith.catalog.search.query import TEXT_LENGTH_MAX
from monolith.catalog.suggestions import suggestions
from monolith.catalog.views.common import CatalogView
from monolith.catalog.views.products import FILTERS, SEARCH_HELP, filters_of, product_pager, wanted_of
from strangler.hosting.rest.openapi import FIELDS, PAGE
from strangler.hosting.rest.selection import selected

SUGGESTIONS_MAX = 20
_TEXT = OpenApiParameter("q", str, description=SEARCH_HELP)
_FACETS = OpenApiParameter("facets", str, description=f"any of {','.join(FACETS)}; counted without their own filter")
_FOUND = product_pager(aside=frozenset({"facets"}))


class SearchView(CatalogView):
    """Products by words, with what else could be chosen."""

    @extend_schema(
        operation_id="search_products",
        parameters=[_TEXT, _FACETS, *(p for p in FILTERS if p.name not in {"search", "status"}), *PAGE, FIELDS],
        responses=serializers.SearchPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Search published products; the most relevant come first."""
        filters = filters_of(request)
        if unknown := {"search", "status"} & filters.keys():
            raise InvalidFilter(f"unknown: {', '.join(sorted(unknown))}; words go into q")
        names = _names(filters.pop("facets", ""))
        wanted = wanted_of(request, {("search" if name == "q" else name): value for name, value in filters.items()})
        selection = selected(request, FOUND_MEMBERS)
        meant = selectors.understood(wanted)
        query = None if meant is None else meant.query
        response = _FOUND.respond(
            request,
            selectors.products(wanted, meant),
            lambda row: selection.of(found_json(row, query)),
            default=None if meant is None else "relevance",
        )
        response.data["facets"] = facets(names, wanted, meant)
        response.data["corrections"] = {} if meant is None else meant.replaced
        return response


class SuggestView(CatalogView):
    """What somebody who types may be looking for."""

    @extend_schema(
        operation_id="suggest",
        parameters=[
            OpenApiParameter("q", str, required=True, description="what was typed so far"),
            OpenApiParameter("limit", int, description=f"1 to {SUGGESTIONS_MAX}, default 8"),
        ],
        responses=serializers.SuggestionsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Suggest categories, brands and products by the beginnings of words."""
        query = request.query_params
        if unknown := sorted(query.keys() - {"q", "limit"}):
            raise InvalidFilter(f"unknown: {', '.join(name[:40] for name in unknown)}")
        found = suggestions(_text(query.get("q", "")), limit=_limit(query.get("limit", "8")))
        return Response({"data": [asdict(one) for one in found]})


def _names(raw: str) -> list[str]:
    names = [name for name in raw.split(",") if name]
    if unknown := sorted(set(names) - FACETS.keys()):
        raise InvalidFilter(f"facets: must be of {', '.join(FACETS)}, not {unknown[0][:20]!r}")
    return names


def _text(raw: str) -> str:
    if not 0 < len(raw) <= TEXT_LENGTH_MAX or "\0" in raw:
        raise InvalidFilter(f"q: must have 1 to {TEXT_LENGTH_MAX} characters, and no NUL")
    return raw


def _limit(raw: str) -> int:
    if not (raw.isascii() and raw.isdigit() and len(raw) < 3 and 1 <= int(raw) <= SUGGESTIONS_MAX):
        raise InvalidFilter(f"limit: must be 1 to {SUGGESTIONS_MAX}, not {raw[:20]!r}")
    return int(raw)
