"""Money never loses a cent and never mixes currencies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monolith.kernel.money import AMOUNT_MAX, CurrencyMismatch, Money

amounts = st.integers(-(10**12), 10**12)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1999, "USD", "19.99 USD"),
        (-5, "USD", "-0.05 USD"),
        (123456, "JPY", "123,456 JPY"),
        (1234, "KWD", "1.234 KWD"),
        (0, "EUR", "0.00 EUR"),
        (123456789, "EUR", "1,234,567.89 EUR"),
    ],
)
def test_text_has_as_many_decimals_as_the_currency(amount, currency, text):
    """ISO 4217 exponents: 2, 0 and 3."""
    assert str(Money(amount, currency)) == text


@given(amounts, amounts)
def test_addition_is_exact_and_undone_by_subtraction(a, b):
    assert (Money(a, "USD") + Money(b, "USD")).amount == a + b
    assert Money(a, "USD") + Money(b, "USD") - Money(b, "USD") == Money(a, "USD")


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_currencies_do_not_mix(operation):
    with pytest.raises(CurrencyMismatch):
        getattr(Money(1, "USD"), operation)(Money(1, "EUR"))


@pytest.mark.parametrize("amount", [1.0, "1", True, None])
def test_amount_is_a_whole_number(amount):
    """A float rounds; a bool is a mistake."""
    with pytest.raises(TypeError):
        Money(amount, "USD")


@pytest.mark.parametrize(("amount", "currency"), [(AMOUNT_MAX + 1, "USD"), (-AMOUNT_MAX - 1, "USD"), (1, "XXX")])
def test_amount_fits_and_currency_is_known(amount, currency):
    with pytest.raises(ValueError, match="USD|XXX|BIGINT"):
        Money(amount, currency)


def test_wire_form_is_minor_units():
    assert Money(3, "USD") * 2 <= Money(6, "USD")
    assert Money(5, "USD").to_json() == {"amount": 5, "currency": "USD"}
