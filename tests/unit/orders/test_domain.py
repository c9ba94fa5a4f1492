"""The rules of orders."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monolith.kernel.money import Money
from monolith.orders.contract import (
    CartEmpty,
    CurrencyMismatch,
    InvalidPaymentMethod,
    OrderStatus,
    OutOfBounds,
    ReturnExceedsOrdered,
    WantedLine,
)
from monolith.orders.domain import (
    CANCELLABLE,
    FINAL,
    TRANSITIONS,
    check_token,
    number_of,
    returnable,
    subtotal_of,
    total_of,
)


def line(sku="MUG", qty=1, price=100, currency="USD"):
    return WantedLine(sku=sku, qty=qty, name="Mug", unit_price=Money(price, currency))


def test_statuses_follow_the_specification():
    """What may be given up, and where it ends."""
    assert {status.value for status in FINAL} == {"completed", "rejected", "cancelled", "returned"}
    assert {status.value for status in CANCELLABLE} == {"pending", "stock_reserved", "payment_authorized", "confirmed"}
    before = TRANSITIONS.before(OrderStatus.REJECTED)
    assert {status.value for status in before} == {"pending", "stock_reserved", "payment_authorized"}
    assert TRANSITIONS.after(OrderStatus.SHIPPED) == {OrderStatus.DELIVERED, OrderStatus.RETURNED}


def test_number_can_be_said():
    """Twelve letters that nobody mistakes, always the same."""
    order_id = uuid.uuid4()
    number = number_of(order_id)
    assert (len(number), number.count("-"), number) == (14, 2, number_of(order_id))
    assert not set(number) & set("01IO")
    assert len({number_of(uuid.uuid4()) for _ in range(1000)}) == 1000


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 10_000)), min_size=1, max_size=20), st.integers(0, 9999))
def test_total_is_the_sum(rows, shipping):
    """O1."""
    lines = [line(f"S{n}", qty, price) for n, (qty, price) in enumerate(rows)]
    subtotal, nothing = subtotal_of(lines), Money(0, "USD")
    assert subtotal.amount == sum(qty * price for qty, price in rows)
    wanted = subtotal.amount + shipping
    if wanted:
        total = total_of(subtotal=subtotal, shipping=Money(shipping, "USD"), tax=nothing, discount=nothing)
        assert total == Money(wanted, "USD")


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ([], CartEmpty),
        ([line(), line()], OutOfBounds),
        ([line(), line("POT", currency="EUR")], CurrencyMismatch),
        ([line("mug")], OutOfBounds),
        ([line(qty=0)], OutOfBounds),
        ([line(price=-1)], OutOfBounds),
        ([line(f"S{n}") for n in range(101)], OutOfBounds),
    ],
)
def test_what_is_no_order_is_refused(lines, refusal):
    with pytest.raises(refusal):
        subtotal_of(lines)


def test_order_costs_something_in_one_currency():
    nothing = Money(0, "USD")
    for shipping, refusal in ((Money(0, "EUR"), CurrencyMismatch), (Money(10**8, "USD"), OutOfBounds)):
        with pytest.raises(refusal):
            total_of(subtotal=Money(5, "USD"), shipping=shipping, tax=nothing, discount=nothing)
    with pytest.raises(OutOfBounds):
        total_of(subtotal=nothing, shipping=nothing, tax=nothing, discount=nothing)


@pytest.mark.parametrize("token", ["", "card", "4242424242424242", "tok_4242424242424242", "tok_" + "x" * 61])
def test_only_a_token_pays(token):
    """And what it was is not repeated."""
    with pytest.raises(InvalidPaymentMethod) as refusal:
        check_token(token)
    assert not token or token not in str(refusal.value)


def test_no_more_comes_back_than_was_sent():
    returnable({"MUG": 2}, {"MUG": 2, "POT": 1})
    with pytest.raises(ReturnExceedsOrdered) as refusal:
        returnable({"MUG": 3, "CUP": 1}, {"MUG": 2})
    assert refusal.value.context["lines"] == [
        {"sku": "MUG", "requested": 3, "left": 2},
        {"sku": "CUP", "requested": 1, "left": 0},
    ]
