"""Every answer is as OpenAPI says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.client import Client
from tests.contracts.expectations import close, holds
from tests.contracts.inventory.conftest import Yard


@pytest.fixture
def schema(anybody: Client) -> dict[str, Any]:
    """The schema that this home serves."""
    return dict(anybody.get("/openapi.json").json)


def test_answers_hold_the_schema(schema: dict[str, Any], staff: Client, yard: Yard) -> None:
    """Levels, reservations, movements, transfers, warehouses and problems; no member that the schema does not know."""
    close(schema)
    sku = yard.stocked(near=9, far=9)
    row = yard.reserved((sku, 2))
    holds(schema, staff.get(f"/stock/{sku}"), "get_stock")
    holds(schema, staff.get("/stock", sku=sku), "get_stock_levels")
    holds(schema, staff.create(f"/stock/{sku}/receipts", {"warehouse": yard.near, "qty": 1}), "receive_stock")
    holds(schema, staff.create("/reservations", yard.order((sku, 1))), "create_reservation")
    holds(schema, staff.create("/reservations", yard.order((sku, 99))), "create_reservation")
    holds(schema, staff.create("/reservations", {}), "create_reservation")
    holds(schema, staff.get(f"/reservations/{row['id']}"), "get_reservation")
    holds(schema, staff.create(f"/reservations/{row['id']}:extend", {"ttl_seconds": 60}), "extend_reservation")
    holds(schema, staff.create(f"/reservations/{row['id']}:commit", {}), "commit_reservation")
    holds(schema, staff.create(f"/reservations/{row['id']}:release", {}), "release_reservation")
    moved = {"sku": sku, "from_warehouse": yard.near, "to_warehouse": yard.far, "qty": 1}
    holds(schema, staff.create("/transfers", moved), "create_transfer")
    holds(schema, staff.get("/movements", sku=sku, include="count"), "list_movements")
    holds(schema, staff.get("/warehouses"), "list_warehouses")
    holds(schema, staff.get(f"/warehouses/{yard.near}"), "get_warehouse")
    holds(schema, staff.get("/stock/NEVER-RECEIVED"), "get_stock")


def test_every_operation_says_what_it_does(schema: dict[str, Any]) -> None:
    """The docs page shows the summaries; writes name their scope, and POSTs their key."""
    operations = {
        (method, path): op for path, item in schema["paths"].items() for method, op in item.items() if "responses" in op
    }
    assert len(operations) == 16
    assert all(op["summary"].endswith(".") for op in operations.values())
    for (method, path), op in operations.items():
        assert op["security"] in ([{"bearer": ["inventory:read"]}], [{"bearer": ["inventory:write"]}]), path
        names = {parameter["name"] for parameter in op.get("parameters", [])}
        assert (method == "post") == ("Idempotency-Key" in names), path
