"""The checkout's table of steps says what docs/orders.md says; an auditor that knows it would be none."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

from monolith.orders import reconciliation
from monolith.orders.saga.checkout import CHECKOUT, IN_FLIGHT_S, RESERVED_S, SECURED_S
from monolith.orders.saga.engine import LEASE, TURN_S
from monolith.orders.saga.table import Side


def test_steps_are_in_order():
    """What is charged, reserved or sent can be undone; the pivot asks nobody."""
    assert [step.name for step in CHECKOUT] == [
        "price_check", "reserve_stock", "choose_shipping", "risk_check", "authorize_payment", "secure_stock", "confirm",
        "create_shipment", "await_pickup", "capture_payment", "commit_stock",
    ]  # fmt: skip
    assert {step.name for step in CHECKOUT if step.compensation} == {
        "reserve_stock", "authorize_payment", "create_shipment",
    }  # fmt: skip
    sides = [step.side for step in CHECKOUT]
    assert sides == [Side.BEFORE] * 6 + [Side.PIVOT] + [Side.AFTER] * 4
    assert [step.action is None for step in CHECKOUT] == [side is Side.PIVOT for side in sides]


def test_times_fit_together():
    """Stock outlasts everything before the pivot, and then the carrier; a turn ends before anybody gives it up."""
    before = sum((step.deadline for step in CHECKOUT if step.side is not Side.AFTER), timedelta())
    assert before.total_seconds() < RESERVED_S
    pickup = next(step.deadline for step in CHECKOUT if step.name == "await_pickup")
    assert pickup.total_seconds() < SECURED_S <= 7 * 86_400
    assert TURN_S < IN_FLIGHT_S < LEASE.total_seconds()


def test_auditor_knows_nothing_of_the_engine():
    """It imports rows and contracts only."""
    tree = ast.parse(Path(reconciliation.__file__).read_text())
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name for name in names if name and name.startswith("monolith.orders")}
    assert ours == {"monolith.orders.contract", "monolith.orders.models"}
