"""What every view of the catalog does: read the body, say who may see what, and name the version."""

from __future__ import annotations

from collections.abc import Collection

from rest_framework.request import Request

from monolith.catalog.codes import CatalogCode
from monolith.catalog.domain import Status
from monolith.catalog.models import Category, Product, Variant
from monolith.catalog.representations import REPRESENTATION, uncounted
from strangler.hosting.rest.etags import etag
from strangler.hosting.rest.scopes import has_scope
from strangler.hosting.rest.views import RestView

READ, WRITE = "catalog:read", "catalog:write"


class CatalogView(RestView):
    """Refuses with the catalog's codes."""

    codes = CatalogCode


def is_staff(request: Request) -> bool:
    """Whether the principal may see what is not published."""
    return has_scope(request, READ) or has_scope(request, WRITE)


def readable(request: Request) -> Collection[Status]:
    """Return what the principal may read: drafts are for staff; archived products stay readable for old orders."""
    return frozenset(Status) if is_staff(request) else frozenset({Status.PUBLISHED, Status.ARCHIVED})


def tag_of(row: Product | Variant | Category, part: str = "") -> str:
    """
    Return the validator of a row, or of a part of it.

    What is in stock makes another representation and no other version: a client that holds the old one reads anew, and
    whoever edits a product is not refused because somebody has bought it meanwhile.
    """
    stock = uncounted(row)
    return etag(version=row.version, representation=REPRESENTATION, part=f"{part} in stock: {stock}" if stock else part)
