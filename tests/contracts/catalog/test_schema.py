"""Every answer is as OpenAPI says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.catalog.client import Client
from tests.contracts.catalog.conftest import Shelf
from tests.contracts.expectations import close, holds


@pytest.fixture
def schema(anybody: Client) -> dict[str, Any]:
    """The schema that this home serves."""
    return dict(anybody.get("/openapi.json").json)


def test_answers_hold_the_schema(schema: dict[str, Any], anybody: Client, staff: Client, shelf: Shelf) -> None:
    """Lists, single rows, batches, trees and problems; unknown members fail, for the schema is closed here."""
    close(schema)
    made = shelf.published(attributes={"color": "red", "size": 5, "new": True})
    media = {"media": [{"url": "/a.svg", "alt": "A"}]}
    illustrated = staff.change("PUT", f"/products/{made.json['id']}/media", media, tag=made.etag)
    holds(schema, illustrated, "replace_media")
    made = illustrated.json
    variant, category = made["variants"][0]["id"], made["category"]["slug"]
    holds(schema, anybody.get(f"/products/{made['id']}"), "get_product")
    holds(schema, anybody.get("/products", limit=3, include="count"), "list_products")
    holds(schema, anybody.get(f"/categories/{category}/products"), "list_category_products")
    holds(schema, anybody.get("/search", q=made["name"], facets="category,brand,price"), "search_products")
    holds(schema, anybody.get("/search/suggest", q=made["name"]), "suggest")
    holds(schema, anybody.get("/variants", ids=variant), "get_variants")
    holds(schema, anybody.get(f"/variants/{variant}"), "get_variant")
    holds(schema, staff.get(f"/variants/{variant}/prices"), "list_prices")
    holds(schema, anybody.get("/categories"), "get_categories")
    holds(schema, anybody.get(f"/categories/{category}"), "get_category")
    holds(schema, staff.create("/products", shelf.product_body()), "create_product")
    holds(schema, staff.create("/products", {}), "create_product")
    holds(schema, anybody.get("/products/nothing-here"), "get_product")
    holds(schema, staff.create(f"/products/{made['id']}:publish", {}), "publish_product")


def test_every_operation_says_what_it_does(schema: dict[str, Any]) -> None:
    """The docs page shows the summaries."""
    operations = [op for item in schema["paths"].values() for op in item.values() if isinstance(op, dict)]
    assert len(operations) >= 22
    assert all(operation["summary"].endswith(".") for operation in operations)


def test_schema_tells_keys_and_preconditions(schema: dict[str, Any]) -> None:
    """Every POST needs a key, every PUT, PATCH and DELETE a version; every write a scope."""
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            if method not in {"post", "put", "patch", "delete"}:
                continue
            names = {parameter["name"] for parameter in operation["parameters"]}
            assert ("Idempotency-Key" if method == "post" else "If-Match") in names, (method, path)
            assert operation["security"] == [{"bearer": ["catalog:write"]}]
            assert {"400", "401", "403", "default"} <= operation["responses"].keys()
