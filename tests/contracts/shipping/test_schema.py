"""Every answer is as OpenAPI says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.client import Client
from tests.contracts.expectations import close, holds
from tests.contracts.shipping.conftest import HOME, LINE, Desk
from tests.support.carriers import Carriers


@pytest.fixture
def schema(anybody: Client) -> dict[str, Any]:
    """The schema that this home serves."""
    return dict(anybody.get("/openapi.json").json)


def test_answers_hold_the_schema(
    schema: dict[str, Any], staff: Client, anybody: Client, desk: Desk, carriers: Carriers
) -> None:
    """Quotes, shipments, tracking and problems; no member that the schema does not know."""
    close(schema)
    asked = {"to": HOME | {"postal_code": "00002"}, "lines": [LINE]}
    holds(schema, staff.send("POST", "/quotes", body=asked), "get_quote")
    holds(schema, staff.send("POST", "/quotes", body={}), "get_quote")
    holds(schema, staff.create("/shipments", desk.body()), "create_shipment")
    holds(schema, staff.create("/shipments", desk.body(to={**HOME, "city": ""})), "create_shipment")
    row, draft = desk.sent(), desk.sent()
    holds(schema, staff.create(f"/shipments/{draft['id']}:cancel", {}), "cancel_shipment")
    holds(schema, staff.create(f"/shipments/{draft['id']}:buy-label", {}), "buy_label")
    holds(schema, staff.create(f"/shipments/{draft['id']}/returns", {}), "create_return")
    (row,) = desk.labelled(row)
    carriers.pass_time(100)
    desk.reaches(row, "delivered")
    holds(schema, staff.get(f"/shipments/{row['id']}"), "get_shipment")
    holds(schema, staff.get("/shipments", include="count"), "list_shipments")
    holds(schema, staff.get(f"/shipments/{row['id']}/tracking"), "get_tracking")
    holds(schema, anybody.get(f"/track/{row['tracking_number']}"), "track")
    holds(schema, anybody.get("/track/nothing"), "track")
    holds(schema, staff.create(f"/shipments/{row['id']}/returns", {}), "create_return")
    holds(schema, anybody.send("POST", "/webhooks/herald", raw=b"{}"), "receive_webhook")


def test_every_operation_says_what_it_does(schema: dict[str, Any]) -> None:
    """The docs page shows the summaries; writes name their scope, and POSTs that make something their key."""
    operations = {
        (method, path): op for path, item in schema["paths"].items() for method, op in item.items() if "responses" in op
    }
    assert len(operations) == 10
    assert all(op["summary"].endswith(".") for op in operations.values())
    open_to_all = {"track", "receive_webhook"}
    keyless = {"get_quote", "receive_webhook"}
    for (method, path), op in operations.items():
        scopes = [scope for one in op.get("security", []) for scope in one.get("bearer", [])]
        assert bool(scopes) == (op["operationId"] not in open_to_all), path
        names = {parameter["name"] for parameter in op.get("parameters", [])}
        wanted = method == "post" and op["operationId"] not in keyless
        assert wanted == ("Idempotency-Key" in names), path
