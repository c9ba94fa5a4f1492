"""Conditions: what can be read, what is refused, and what holds."""

import pytest

from monolith.risk.expressions import expression_faults, holds, names_in

KINDS = {"amount": int, "currency": str, "differ": bool, "orders": int}
KNOWN = {"amount": 5, "currency": "USD", "differ": True, "orders": None}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("amount > 4", True),
        ("amount > 5", False),
        ("amount >= 5 and currency == 'USD'", True),
        ("amount < 5 or differ", True),
        ("amount < 5 or not differ", False),
        ("(amount < 5 or differ) and currency != 'EUR'", True),
        ("currency in ['EUR', 'USD']", True),
        ("currency not in ['EUR', 'USD']", False),
        ("amount in [1, 5]", True),
        ("orders > 0", False),
        ("orders <= 0", False),
        ("orders != 7", False),
        ("orders not in [7]", False),
    ],
)
def test_condition_holds_or_does_not(text, outcome):
    """What is not known makes every comparison false."""
    assert expression_faults(text, KINDS) == []
    assert holds(text, KNOWN) is outcome


@pytest.mark.parametrize(
    "text",
    [
        "",
        "amount >",
        "amount",
        "not amount",
        "unknown > 1",
        "amount > 'x'",
        "amount > True",
        "amount > 1.5",
        "amount > orders",
        "1 < amount",
        "1 < amount < 3",
        "currency > 'A'",
        "currency == ['USD']",
        "currency in 'USD'",
        "currency in ('USD',)",
        "differ == True",
        "amount is 5",
        "not (amount > 1)",
        "amount + 1 > 2",
        "__import__('os').system('true')",
        "amount.real > 1",
        "[amount for amount in [1]]",
        "(lambda: 1)()",
        "(" * 240 + ")" * 240,
        "amount > 1" + " and amount > 1" * 50,
    ],
)
def test_whatever_else_python_knows_is_refused(text):
    assert expression_faults(text, KINDS)


def test_figures_are_named_in_the_order_of_the_condition():
    assert names_in("orders > 1 and (amount > 1 or orders > 2)") == ("orders", "amount")
