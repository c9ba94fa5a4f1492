"""The catalog as a client sees it: the only file that knows its REST and its tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

PRODUCTS = "/api/catalog/products"
ROWS = """
SELECT p.id, p.slug, p.name, p.version, p.attributes,
    (SELECT count(*) FROM catalog_variant v WHERE v.product_id = p.id),
    (SELECT count(*) FROM catalog_price_history h JOIN catalog_variant v ON v.id = h.variant_id
        WHERE v.product_id = p.id)
FROM catalog_product p WHERE p.name LIKE ?
"""
"""Every product of a run, by its name: with how many variants and prices."""
CAPABILITY = "catalog"
MOVED = "SF001"
"""The SQLSTATE of a refusal; its DETAIL names the owner and the epoch."""
RAW_CREATE = """
INSERT INTO catalog_product (id, slug, name, description, brand, status, attributes, currency, search_text, version,
    created_at, updated_at)
VALUES (%(id)s, %(slug)s, %(name)s, '', '', 'draft', jsonb_build_object('mark', %(mark)s), 'USD', '', 1, now(), now())
ON CONFLICT (id) DO NOTHING;
INSERT INTO catalog_variant (id, product_id, sku, name, price_minor, currency, barcode, is_active, version)
VALUES (%(variant)s, %(id)s, %(slug)s, '', 100, 'USD', '', true, 1) ON CONFLICT (id) DO NOTHING;
INSERT INTO catalog_price_history (id, variant_id, price_minor, currency, actor, valid_from)
VALUES (%(price)s, %(variant)s, 100, 'USD', '', now()) ON CONFLICT (id) DO NOTHING;
"""
"""May be repeated: the ids are the writer's."""
RAW_CHANGE = """
UPDATE catalog_product SET version = version + 1, attributes = jsonb_build_object('mark', %(mark)s)
WHERE id = %(id)s AND version = %(version)s;
"""
RAW_PROBE = """
INSERT INTO catalog_product (id, slug, name, description, brand, status, attributes, currency, search_text, version,
    created_at, updated_at)
VALUES (%(id)s, %(slug)s, %(slug)s, '', '', 'draft', '{}', 'USD', '', 1, now(), now())
ON CONFLICT (id) DO UPDATE SET version = catalog_product.version + 1;
"""
RAW_STATE = "SELECT version, attributes->>'mark' FROM catalog_product WHERE id = %(id)s;"
RAW_WITNESS = f"""
SELECT owner, epoch, extract(epoch FROM clock_timestamp())::float8
FROM strangler_ownership WHERE capability = '{CAPABILITY}';
"""
"""After a write and in its transaction: who owned the rows, and when, while the write kept every switch waiting."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be sent, and sent again, unchanged."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None = None


def create(slug: str, mark: str, *, token: str, key: str) -> Request:
    """Make a draft product with one variant; nobody else uses its slug, name and SKU."""
    variant = {"sku": slug.upper(), "price": {"amount": 100, "currency": "USD"}}
    body = {"slug": slug, "name": f"Checked {slug}", "attributes": {"mark": mark}, "variants": [variant]}
    return Request("POST", PRODUCTS, _headers(token, key), json.dumps(body).encode())


def change(product_id: str, mark: str, *, etag: str, token: str, key: str) -> Request:
    """Replace the product's mark, if it is still the version that *etag* names; that, not the key, makes it single."""
    headers = _headers(token, key) | {"If-Match": etag}
    return Request("PATCH", f"{PRODUCTS}/{product_id}", headers, json.dumps({"attributes": {"mark": mark}}).encode())


def detail(product_id: str, *, token: str | None = None) -> Request:
    """Read one product; drafts need the staff token."""
    return Request("GET", f"{PRODUCTS}/{product_id}", _bearer(token))


def listing(*, token: str | None = None) -> Request:
    """Read the first page of products."""
    return Request("GET", f"{PRODUCTS}?limit=20", _bearer(token))


def version_of(product: dict[str, Any]) -> int:
    """Return the version in a product's JSON."""
    return int(product["version"])


def mark_of(product: dict[str, Any]) -> str | None:
    """Return the mark in a product's JSON."""
    mark = product.get("attributes", {}).get("mark")
    return str(mark) if mark is not None else None


def _headers(token: str, key: str) -> dict[str, str]:
    return _bearer(token) | {"Content-Type": "application/json", "Idempotency-Key": key}


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
