"""A contract of one query and one command, with values of the kinds that contracts use."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from strangler.contract import Moment, Port, command, query


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What lies on the shelf."""

    id: UUID
    sku: str
    stock: int
    changed_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many of one SKU."""

    sku: str
    quantity: int


class Shelf(Protocol):
    """A shelf."""

    @query()
    def items(self, *, skus: tuple[str, ...]) -> tuple[Item, ...]:
        """Return the items of *skus*, in their order."""
        ...

    @command(key=("order_id",))
    def put(self, *, order_id: UUID, lines: tuple[Line, ...]) -> Item:
        """Put *lines* aside."""
        ...


shelf = Port[Shelf]("shelf")
