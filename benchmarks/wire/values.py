"""What crosses the wire in the benchmark: frozen dataclasses of every kind of value that contracts may use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec


class Aware:
    """The mark by which pydantic knows that a moment has a time zone."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema  # a process that measures another library must not load it

        return core_schema.datetime_schema(tz_constraint="aware")


Moment = Annotated[datetime, msgspec.Meta(tz=True), Aware()]


class Kind(StrEnum):
    PLAIN = "plain"
    DIGITAL = "digital"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    amount: Decimal
    currency: Literal["EUR", "GBP", "USD"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A small query; a caller leaves out what it has not to say."""

    text: str
    limit: int = 20
    in_stock: bool = False
    category: UUID | None = None
    since: Moment | None = None
    kinds: tuple[Kind, ...] = ()
    at_most: Price | None = None
    similarity: float = 0.0
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    id: UUID
    sku: str
    title: str
    kind: Kind
    price: Price
    stock: int
    active: bool
    tags: tuple[str, ...]
    attributes: Mapping[str, str]
    changed_at: Moment
    ends_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    variants: tuple[Variant, ...]
    total: int


_BEGAN_AT = datetime(2026, 1, 1, tzinfo=UTC)

QUERY = Find(text="blue mug", limit=50, category=UUID(int=7 << 100), since=_BEGAN_AT, kinds=(Kind.PLAIN,))


def page(size: int) -> Page:
    """Return a reply of *size* variants, about 430 bytes each on the wire."""
    return Page(variants=tuple(_variant(n) for n in range(size)), total=size * 10)


def _variant(n: int) -> Variant:
    return Variant(
        id=UUID(int=n << 64 | 0xABCDEF),
        sku=f"MUG-{n:06}",
        title=f"Mug number {n}, stoneware, 300 ml — blau",
        kind=Kind.DIGITAL if n % 7 == 0 else Kind.PLAIN,
        price=Price(amount=Decimal(n).scaleb(-2) + 5, currency="EUR"),
        stock=n % 50,
        active=n % 11 != 0,
        tags=("kitchen", "gift"),
        attributes={"colour": "blue", "size": "300 ml", "origin": "PT"},
        changed_at=_BEGAN_AT + timedelta(seconds=n, microseconds=n),
        ends_at=_BEGAN_AT if n % 3 == 0 else None,
    )
