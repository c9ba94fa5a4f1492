"""What has happened to stock and reservations, for whoever wants to hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from monolith.inventory.contract.values import Line, Shortage
from strangler.contract import Events, Subscriptions

events = Events("inventory")
subscriptions = Subscriptions("inventory", {"shipping": ("shop.shipment.returned.v1",)})


@events.declare("shop.stock.reserved.v1", aggregate="reservation", key="reservation_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class StockReserved:
    """Stock was set aside for an order; *lines* as the order asked, one per SKU."""

    reservation_id: UUID
    order_id: UUID
    lines: tuple[Line, ...]


@events.declare("shop.stock.reservation_rejected.v1", aggregate="order", key="order_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationRejected:
    """
    There was not enough for an order, and nothing was set aside.

    It is told after the refusal, once at best: whoever asked has the refusal as the answer. An order that asks again
    may be refused, and told of, again.

    Attributes:
        lines: those that there was too little of.
    """

    order_id: UUID
    lines: tuple[Shortage, ...]


@events.declare("shop.stock.reservation_released.v1", aggregate="reservation", key="reservation_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationReleased:
    """The units were given back."""

    reservation_id: UUID
    order_id: UUID


@events.declare("shop.stock.reservation_expired.v1", aggregate="reservation", key="reservation_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationLapsed:
    """
    Nobody ended the reservation in time, and its units are free again.

    It comes when they are: some seconds after the moment from which the reservation counts as expired.
    """

    reservation_id: UUID
    order_id: UUID


@events.declare("shop.stock.reservation_committed.v1", aggregate="reservation", key="reservation_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationCommitted:
    """The units have left the warehouse."""

    reservation_id: UUID
    order_id: UUID


@events.declare("shop.stock.received.v1", aggregate="stock", key="sku")
@dataclass(frozen=True, slots=True, kw_only=True)
class StockReceived:
    """
    Units have arrived in a warehouse: new ones, or some that a customer had.

    Attributes:
        warehouse: its code.
        reference: what the receipt is known as elsewhere, such as a delivery note; `return` and an id when they came
            back; may be empty.
    """

    sku: str
    warehouse: str
    qty: int
    reference: str


@events.declare("shop.stock.adjusted.v1", aggregate="stock", key="sku")
@dataclass(frozen=True, slots=True, kw_only=True)
class StockAdjusted:
    """
    What is on hand was corrected, after a count or a loss.

    Attributes:
        warehouse: its code.
        delta: units more or, negative, fewer.
        reason: in the words of whoever did it.
    """

    sku: str
    warehouse: str
    delta: int
    reason: str


@events.declare("shop.stock.low.v1", aggregate="stock", key="sku")
@dataclass(frozen=True, slots=True, kw_only=True)
class StockLow:
    """
    There were more than *threshold* units to promise before, and no longer; told once for each fall.

    Attributes:
        available: what a reservation may still take, over all active warehouses together; 0 when it fell that far.
    """

    sku: str
    available: int
    threshold: int


@events.declare("shop.stock.out.v1", aggregate="stock", key="sku")
@dataclass(frozen=True, slots=True, kw_only=True)
class StockOut:
    """There is nothing left that a reservation may take, in any active warehouse; there was before."""

    sku: str


@events.declare("shop.stock.back_in_stock.v1", aggregate="stock", key="sku")
@dataclass(frozen=True, slots=True, kw_only=True)
class StockBack:
    """
    There is something again that a reservation may take, or for the first time.

    Attributes:
        available: over all active warehouses together.
    """

    sku: str
    available: int
