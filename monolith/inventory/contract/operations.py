"""What the inventory does for other apps."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from monolith.inventory.contract.errors import (
    InsufficientStock,
    InvalidSku,
    InvalidTransition,
    OrderAlreadyReserved,
    OutOfBounds,
    ReservationExpired,
    UnknownReservation,
    UnknownSku,
    UnknownWarehouse,
)
from monolith.inventory.contract.values import Line, Reservation, StockLevel
from strangler.contract import Moment, Port, command, query

_STEP = (UnknownReservation, ReservationExpired, InvalidTransition)


class Inventory(Protocol):
    """Stock and its reservations; a quantity is a number of single units, 1 to 1,000,000,000."""

    @query(raises=(UnknownSku, OutOfBounds))
    def stock(self, *, skus: tuple[str, ...]) -> tuple[StockLevel, ...]:
        """
        Return what there is of each SKU, as committed just before the answer; only `reserve` is a promise.

        Args:
            skus: 1 to 200, any order.

        Returns:
            One level per SKU, in the order of *skus*, repeats dropped.

        Raises:
            UnknownSku: at least one was never received; nothing is told of the others.
            OutOfBounds: too few or too many SKUs.
        """
        ...

    @query(raises=(UnknownReservation,))
    def reservation(self, *, reservation_id: UUID) -> Reservation:
        """Return a reservation as it is now."""
        ...

    @query(raises=(OutOfBounds,))
    def reservations(self, *, order_ids: tuple[UUID, ...]) -> tuple[Reservation, ...]:
        """
        Return the reservations of some orders as they are now, for whoever compares books.

        Args:
            order_ids: 1 to 200, any order.

        Returns:
            The oldest first; orders without one are left out.
        """
        ...

    @command(key=("order_id",), raises=(InsufficientStock, UnknownSku, OutOfBounds, OrderAlreadyReserved))
    def reserve(
        self, *, order_id: UUID, lines: tuple[Line, ...], ttl_s: int = 900, allow_split: bool = False
    ) -> Reservation:
        """
        Set stock aside for an order until it is committed, released, or has run out; all lines or none.

        Args:
            order_id: an order has one reservation, ever.
            lines: 1 to 200, one per SKU, any order.
            ttl_s: 1 to 604,800 seconds from now.
            allow_split: a line may come from several warehouses; otherwise one warehouse must have all lines.

        Raises:
            InsufficientStock: nothing was set aside; the context has `lines` of `sku`, `requested` and `available`.
            UnknownSku: nothing was set aside; the context has `skus`.
            OrderAlreadyReserved: the order has a reservation of other lines.
            RemoteCallError: outcome unknown; repeat with the same *order_id*.
        """
        ...

    @command(key=("reservation_id",), raises=_STEP)
    def commit(self, *, reservation_id: UUID) -> Reservation:
        """
        Take the reserved units out of stock for good: they are shipped. A repeat changes nothing.

        Raises:
            ReservationExpired: its time had come; the units are free again.
            InvalidTransition: it was released.
        """
        ...

    @command(key=("reservation_id",), raises=(*_STEP, OutOfBounds))
    def release(self, *, reservation_id: UUID, reason: str = "") -> Reservation:
        """
        Give the reserved units back. A repeat changes nothing.

        Args:
            reason: for the history, at most 500 characters.

        Raises:
            ReservationExpired: its time had come; the units are free again without this.
            InvalidTransition: it was committed.
        """
        ...

    @command(key=("reservation_id", "until"), raises=(*_STEP, OutOfBounds))
    def extend(self, *, reservation_id: UUID, until: Moment) -> Reservation:
        """
        Let an active reservation last at least until a moment; it never becomes shorter.

        Args:
            until: up to 604,800 seconds from now.
        """
        ...

    @command(key=("receipt_id",), raises=(UnknownWarehouse, InvalidSku, OutOfBounds))
    def receive(self, *, receipt_id: UUID, warehouse: str, lines: tuple[Line, ...]) -> tuple[StockLevel, ...]:
        """
        Add what has arrived in a warehouse; a SKU is known from its first receipt on.

        Args:
            receipt_id: of the delivery note, say: the same one is received once.
            warehouse: its code.
            lines: 1 to 200, one per SKU, any order; all are received or none.

        Returns:
            One level per line, in its order.
        """
        ...


inventory = Port[Inventory]("inventory")
