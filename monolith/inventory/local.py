"""The contract over this app's own rows."""

from __future__ import annotations

from uuid import UUID

from monolith.inventory import selectors
from monolith.inventory.contract import Held, Line, Place, Reservation, StockLevel
from monolith.inventory.domain import wanted_of
from monolith.inventory.models import Reservation as ReservationRow
from monolith.inventory.services import reservations, stock
from strangler.contract import Moment

_ACTOR = "contract"


class LocalInventory:
    """Implements `Inventory`."""

    def stock(self, *, skus: tuple[str, ...]) -> tuple[StockLevel, ...]:
        return tuple(_level(level) for level in selectors.stock(skus))

    def reservation(self, *, reservation_id: UUID) -> Reservation:
        return _reservation(selectors.reservation(reservation_id))

    def reservations(self, *, order_ids: tuple[UUID, ...]) -> tuple[Reservation, ...]:
        return tuple(_reservation(row) for row in selectors.reservations_of(order_ids))

    def reserve(
        self, *, order_id: UUID, lines: tuple[Line, ...], ttl_s: int = 900, allow_split: bool = False
    ) -> Reservation:
        done = reservations.reservation_create(
            order_id=order_id, lines=_pairs(lines), actor=_ACTOR, ttl_s=ttl_s, allow_split=allow_split
        )
        return self.reservation(reservation_id=done.reservation.id)

    def commit(self, *, reservation_id: UUID) -> Reservation:
        reservations.reservation_commit(reservation_id=reservation_id, actor=_ACTOR)
        return self.reservation(reservation_id=reservation_id)

    def release(self, *, reservation_id: UUID, reason: str = "") -> Reservation:
        reservations.reservation_release(reservation_id=reservation_id, actor=_ACTOR, reason=reason)
        return self.reservation(reservation_id=reservation_id)

    def extend(self, *, reservation_id: UUID, until: Moment) -> Reservation:
        reservations.reservation_extend(reservation_id=reservation_id, until=until)
        return self.reservation(reservation_id=reservation_id)

    def receive(self, *, receipt_id: UUID, warehouse: str, lines: tuple[Line, ...]) -> tuple[StockLevel, ...]:
        quantities = wanted_of(_pairs(lines))
        stock.stock_receive(warehouse=warehouse, quantities=quantities, reference=str(receipt_id), actor=_ACTOR)
        return self.stock(skus=tuple(quantities))


implementation = LocalInventory()


def _pairs(lines: tuple[Line, ...]) -> list[tuple[str, int]]:
    return [(line.sku, line.qty) for line in lines]


def _level(level: selectors.Level) -> StockLevel:
    places = tuple(
        Place(
            warehouse=item.warehouse.code,
            on_hand=item.on_hand,
            reserved=item.reserved,
            available=item.available,
        )
        for item in level.items
    )
    return StockLevel(
        sku=level.sku, on_hand=level.on_hand, reserved=level.reserved, available=level.available, places=places
    )


def _reservation(row: ReservationRow) -> Reservation:
    held = tuple(Held(sku=line.sku, warehouse=line.warehouse.code, qty=line.qty) for line in row.lines.all())
    return Reservation(
        id=row.id, order_id=row.order_id, status=selectors.status_of(row), expires_at=row.expires_at, held=held
    )
