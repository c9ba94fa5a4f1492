"""Counts the books again: movements against stock (I4), active reservations against what is reserved (I3)."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connections, router

from monolith.inventory.models import Reservation, ReservationLine, StockItem, StockMovement, Warehouse

# One statement, so one snapshot: it may run while others write. Rows without a partner on the other side count as 0.
_SQL = """
SELECT sku, code, sum(on_hand), sum(reserved), sum(moved_on_hand), sum(moved_reserved), sum(held) FROM (
  SELECT sku, warehouse_id, on_hand, reserved, 0 AS moved_on_hand, 0 AS moved_reserved, 0 AS held FROM {item}
  UNION ALL SELECT sku, warehouse_id, 0, 0, delta_on_hand, delta_reserved, 0 FROM {movement}
  UNION ALL SELECT sku, warehouse_id, 0, 0, 0, 0, qty
    FROM {line} l JOIN {reservation} r ON r.id = l.reservation_id WHERE r.status = 'active'
) books JOIN {warehouse} w ON w.id = warehouse_id
GROUP BY sku, code
HAVING sum(on_hand) <> sum(moved_on_hand) OR sum(reserved) <> sum(moved_reserved) OR sum(reserved) <> sum(held)
ORDER BY sku, code
"""


class Difference(NamedTuple):
    """A place where the books disagree: what the item says, what movements add up to, what reservations hold."""

    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    moved_on_hand: int
    moved_reserved: int
    held: int

    def __str__(self) -> str:
        return (
            f"{self.sku} in {self.warehouse}: {self.on_hand} on hand, movements say {self.moved_on_hand};"
            f" {self.reserved} reserved, movements say {self.moved_reserved}, active reservations hold {self.held}"
        )


def recount() -> list[Difference]:
    """Return every SKU and warehouse where the books disagree; empty when they are in order."""
    connection = connections[router.db_for_read(StockItem)]
    tables = {
        "item": StockItem,
        "movement": StockMovement,
        "line": ReservationLine,
        "reservation": Reservation,
        "warehouse": Warehouse,
    }
    names = {name: connection.ops.quote_name(model._meta.db_table) for name, model in tables.items()}
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(**names))
        return [Difference(sku, code, *map(int, sums)) for sku, code, *sums in cursor.fetchall()]
