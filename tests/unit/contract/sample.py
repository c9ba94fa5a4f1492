"""A contract with one of everything that may cross a border."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Protocol
from uuid import UUID

from strangler.contract import Moment, Port, command, query
from strangler.errors import ContractError


class OutOfStock(ContractError):
    """Nothing was set aside."""

    code = "out_of_stock"


class UnknownSku(ContractError):
    """There is no such SKU."""

    code = "unknown_sku"


class Colour(StrEnum):
    """A choice of words."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A quantity of a SKU."""

    sku: str
    qty: int
    note: str | None = None

    def __post_init__(self) -> None:
        if self.qty < 1:
            raise ValueError("qty must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What was set aside."""

    id: UUID
    lines: tuple[Line, ...]
    until: Moment
    day: date
    rate: Decimal
    share: float
    colour: Colour
    mode: Literal["all", "some"]
    labels: Mapping[str, int]


class Stock(Protocol):
    """A small stock."""

    @query(timeout_s=0.5, raises=(UnknownSku,))
    def levels(self, *, skus: tuple[str, ...]) -> Mapping[str, int]:
        """Return how many there are."""
        ...

    @command(key=("order_id",), raises=(OutOfStock, UnknownSku))
    def hold(self, *, order_id: UUID, lines: tuple[Line, ...], hold_s: int = 60) -> Hold:
        """Set stock aside."""
        ...


stock = Port[Stock]("stock")
