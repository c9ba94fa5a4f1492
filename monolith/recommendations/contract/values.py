"""The values of recommendations as other apps see them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """
    What others bought as well.

    Attributes:
        orders: how many of the recent orders had it too.
    """

    sku: str
    orders: int
