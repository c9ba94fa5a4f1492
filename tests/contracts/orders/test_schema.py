"""Every answer is as OpenAPI says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.client import Client
from tests.contracts.expectations import close, holds
from tests.contracts.orders.conftest import HOME, Counter


@pytest.fixture
def schema(anybody: Client) -> dict[str, Any]:
    """The schema that this home serves."""
    return dict(anybody.get("/openapi.json").json)


def test_answers_hold_the_schema(schema: dict[str, Any], customer: Client, staff: Client, counter: Counter) -> None:
    """Carts, orders, histories, sagas and problems; no member that the schema does not know."""
    close(schema)
    cart = customer.create("/carts", {})
    holds(schema, cart, "create_cart")
    path = f"/carts/{cart.json['id']}"
    line = customer.change("PUT", f"{path}/lines/{counter.sku}", {"qty": 1}, tag=cart.etag)
    holds(schema, line, "set_cart_line")
    holds(schema, customer.get(path), "get_cart")
    holds(schema, customer.get(f"{path}/shipping-options", country="US", postal_code="73301"), "list_shipping_options")
    body = counter.body()
    placed = customer.create("/orders", body)
    holds(schema, placed, "place_order")
    holds(schema, customer.create("/orders", {**body, "address": HOME | {"country": "XX"}}), "place_order")
    row = counter.until(placed.json["id"], "confirmed")
    holds(schema, customer.get(f"/orders/{row['id']}"), "get_order")
    holds(schema, customer.get("/orders", include="count"), "list_orders")
    holds(schema, customer.get(f"/orders/{row['id']}/history"), "get_order_history")
    saga = staff.get(f"/orders/{row['id']}/saga")
    holds(schema, saga, "get_order_saga")
    holds(schema, staff.get(f"/sagas/{saga.json['id']}"), "get_saga")
    holds(schema, staff.get("/sagas", limit=2), "list_sagas")
    holds(schema, customer.create(f"/orders/{row['id']}/returns", {}), "request_return")
    holds(schema, customer.create(f"/orders/{row['id']}:cancel", {}), "cancel_order")


def test_every_operation_says_what_it_does(schema: dict[str, Any]) -> None:
    """The docs page shows the summaries; POSTs name their key."""
    operations = {
        (method, path): op for path, item in schema["paths"].items() for method, op in item.items() if "responses" in op
    }
    assert len(operations) == 17
    assert all(op["summary"].endswith(".") for op in operations.values())
    for (method, path), op in operations.items():
        names = {parameter["name"] for parameter in op.get("parameters", [])}
        assert (method == "post") == ("Idempotency-Key" in names), path
