"""Amounts of money in minor units: never a float."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# ISO 4217 exponents of the currencies that the platform deals in.
EXPONENTS: Mapping[str, int] = {
    "AUD": 2, "CAD": 2, "CHF": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2, "ISK": 0, "JPY": 0,
    "KRW": 0, "KWD": 3, "NOK": 2, "NZD": 2, "PLN": 2, "SEK": 2, "TND": 3, "USD": 2,
}  # fmt: skip
AMOUNT_MAX = 2**63 - 1


class CurrencyMismatch(ValueError):
    """Amounts of two currencies were put together."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of its currency: Money(1999, "USD") is $19.99, Money(1999, "JPY") is ¥1,999."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"an amount is an int of minor units, not {self.amount!r}")
        if abs(self.amount) > AMOUNT_MAX:
            raise ValueError(f"{self.amount} does not fit a BIGINT")
        if self.currency not in EXPONENTS:
            raise ValueError(f"{self.currency!r} is not a known currency")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other).amount, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other).amount

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other).amount

    def __str__(self) -> str:
        exponent = EXPONENTS[self.currency]
        sign, digits = "-" if self.amount < 0 else "", str(abs(self.amount)).rjust(exponent + 1, "0")
        whole, fraction = (digits[:-exponent], "." + digits[-exponent:]) if exponent else (digits, "")
        return f"{sign}{int(whole):,}{fraction} {self.currency}"

    def to_json(self) -> dict[str, Any]:
        """Return the form on the wire."""
        return {"amount": self.amount, "currency": self.currency}

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self} and {other}")
        return other
