"""Every answer is as OpenAPI says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contracts.client import Client
from tests.contracts.expectations import close, holds
from tests.contracts.payments.conftest import Till


@pytest.fixture
def schema(anybody: Client) -> dict[str, Any]:
    """The schema that this home serves."""
    return dict(anybody.get("/openapi.json").json)


def test_answers_hold_the_schema(schema: dict[str, Any], staff: Client, till: Till) -> None:
    """Payments, refunds, providers, comparisons and problems; no member that the schema does not know."""
    close(schema)
    made = staff.create("/payment-intents", till.body())
    holds(schema, made, "create_payment_intent")
    holds(schema, staff.create("/payment-intents", {}), "create_payment_intent")
    holds(schema, till.confirm(made.json, "tok_declined_lost_card"), "confirm_payment_intent")
    holds(schema, till.confirm(made.json, "tok_visa"), "confirm_payment_intent")
    row = till.until(made.json, "requires_capture")
    holds(schema, staff.get(f"/payment-intents/{row['id']}"), "get_payment_intent")
    holds(schema, staff.get("/payment-intents", order_id=row["order_id"], include="count"), "list_payment_intents")
    holds(schema, till.step(row, "capture"), "capture_payment_intent")
    till.until(row, "succeeded")
    holds(schema, till.step(row, "cancel"), "cancel_payment_intent")
    amount = {"amount": 1, "currency": "USD"}
    refund = staff.create("/refunds", {"payment_intent": row["id"], "amount": amount})
    holds(schema, refund, "create_refund")
    holds(schema, staff.get(refund.headers["Location"]), "get_refund")
    holds(schema, staff.get("/providers"), "list_providers")
    day = datetime.now(UTC).date().isoformat()
    compared = staff.create("/reconciliations", {"provider": "sandbox_a", "date": day})
    holds(schema, compared, "create_reconciliation")
    assert compared.json["differences"] == [], "P8"
    holds(schema, staff.get(compared.headers["Location"]), "get_reconciliation")
    holds(schema, staff.create("/webhooks/sandbox_b", {}), "receive_webhook")


def test_every_operation_says_what_it_does(schema: dict[str, Any]) -> None:
    """The docs page shows the summaries; writes name their scope, and POSTs their key."""
    operations = {
        (method, path): op for path, item in schema["paths"].items() for method, op in item.items() if "responses" in op
    }
    assert len(operations) == 12
    assert all(op["summary"].endswith(".") for op in operations.values())
    for (method, path), op in operations.items():
        names = {parameter["name"] for parameter in op.get("parameters", [])}
        if "/webhooks/" in path:
            assert "Webhook-Signature" in names
            continue
        assert op["security"] in ([{"bearer": ["payments:read"]}], [{"bearer": ["payments:write"]}]), path
        assert (method == "post") == ("Idempotency-Key" in names), path
