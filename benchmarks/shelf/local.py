"""The shelf, as trivial as can be: what is measured is the way to it."""

from datetime import UTC, datetime
from uuid import UUID

from benchmarks.shelf.contract import Item, Line
from benchmarks.shelf.models import Put

ITEM = Item(id=UUID(int=7), sku="MUG-000001", stock=20, changed_at=datetime(2026, 1, 1, tzinfo=UTC))


class LocalShelf:
    def items(self, *, skus: tuple[str, ...]) -> tuple[Item, ...]:
        return (ITEM,) * len(skus)

    def put(self, *, order_id: UUID, lines: tuple[Line, ...]) -> Item:
        Put.objects.create(order_id=order_id, lines=len(lines))
        return ITEM


implementation = LocalShelf()
