"""
Rows as JSON.

Plain functions, for a list renders hundreds of rows; a test holds every answer against OpenAPI. Raise
`REPRESENTATION` when the same row comes out differently: validators are made of it (R11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from monolith.catalog.models import Category, PriceHistory, Product, Variant
from monolith.catalog.search.highlights import highlights
from monolith.catalog.search.query import Query
from monolith.kernel.money import Money

REPRESENTATION = 3
PRODUCT_MEMBERS = (
    "id", "slug", "name", "description", "category", "brand", "status", "attributes", "price_from", "variants",
    "picture", "media", "created_at", "updated_at", "version",
)  # fmt: skip
FOUND_MEMBERS = (*PRODUCT_MEMBERS, "highlights")


def product_json(row: Product) -> dict[str, Any]:
    """A product with its category's name and its variants, by SKU."""
    lowest = row.lowest_price_minor
    return {
        "id": str(row.id),
        "slug": row.slug,
        "name": row.name,
        "description": row.description,
        "category": None if row.category is None else _category_name(row.category),
        "brand": row.brand,
        "status": row.status,
        "attributes": dict(sorted(row.attributes.items())),  # jsonb keeps no order, SQLite does
        "price_from": None if lowest is None else Money(lowest, row.currency).to_json(),
        "variants": [variant_json(variant) for variant in row.variants.all()],
        "picture": picture_path(row),
        "media": [{"url": one.url, "alt": one.alt} for one in row.media.all()],
        "created_at": _moment(row.created_at),
        "updated_at": _moment(row.updated_at),
        "version": row.version,
    }


def found_json(row: Product, query: Query | None) -> dict[str, Any]:
    """A product with its highlights: where *query* was found in it."""
    texts = {"name": row.name, "brand": row.brand, "description": row.description}
    return {**product_json(row), "highlights": {} if query is None else highlights(query, texts)}


def picture_path(row: Product) -> str:
    """Where a product's drawing is."""
    return f"/api/catalog/products/{row.id}/picture.svg"


def variant_json(row: Variant) -> dict[str, Any]:
    """A variant with its price now, read by a selector: those know what is in stock."""
    compare_at = row.compare_at_price
    return {
        "id": str(row.id),
        "product_id": str(row.product_id),
        "sku": row.sku,
        "name": row.name,
        "price": row.price.to_json(),
        "compare_at_price": None if compare_at is None else compare_at.to_json(),
        "weight_g": row.weight_g,
        "dims_mm": None if row.dims_mm is None else asdict(row.dims_mm),
        "barcode": row.barcode,
        "is_active": row.is_active,
        "in_stock": row.in_stock,
        "version": row.version,
    }


def uncounted(row: Product | Variant | Category) -> str:
    """What is shown of a row and changes without its version: the SKUs that are in stock."""
    variants = row.variants.all() if isinstance(row, Product) else [row] if isinstance(row, Variant) else []
    return ",".join(variant.sku for variant in variants if variant.in_stock)


def price_json(row: PriceHistory) -> dict[str, Any]:
    """A price and when it held."""
    return {
        "price": Money(row.price_minor, row.currency).to_json(),
        "valid_from": _moment(row.valid_from),
        "valid_to": None if row.valid_to is None else _moment(row.valid_to),
    }


def category_json(row: Category) -> dict[str, Any]:
    """A category without its children."""
    return {
        "id": str(row.id),
        "slug": row.slug,
        "name": row.name,
        "parent": None if row.parent is None else row.parent.slug,
        "path": row.path,
        "position": row.position,
        "is_active": row.is_active,
        "version": row.version,
    }


def category_tree_json(rows: Sequence[Category]) -> list[dict[str, Any]]:
    """The tree; *rows* holds parents before children."""
    by_id = {row.id: row for row in rows}
    nodes: dict[Any, dict[str, Any]] = {}
    roots = []
    for row in rows:
        row.parent = by_id.get(row.parent_id)
        nodes[row.id] = node = {**category_json(row), "children": []}
        (roots if row.parent is None else nodes[row.parent_id]["children"]).append(node)
    return roots


def _category_name(row: Category) -> dict[str, Any]:
    return {"id": str(row.id), "slug": row.slug, "name": row.name}


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
