"""The inventory's values as other apps see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from strangler.contract import Moment


class ReservationStatus(StrEnum):
    """Where a reservation is in its life; all but the first are final."""

    ACTIVE = "active"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many single units of a SKU."""

    sku: str
    qty: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """There is less of a SKU than was asked for, in single units."""

    sku: str
    requested: int
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What there is of a SKU in one warehouse."""

    warehouse: str
    on_hand: int
    reserved: int
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLevel:
    """
    What there is of a SKU.

    Attributes:
        available: what a reservation may take, over all active warehouses together.
        places: every warehouse that ever had it, by priority.
    """

    sku: str
    on_hand: int
    reserved: int
    available: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """So many units of a SKU out of one warehouse."""

    sku: str
    warehouse: str
    qty: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """
    Stock set aside for one order.

    Attributes:
        status: an active one whose time has come is expired already.
        held: by SKU; a SKU comes more than once when it was split over warehouses.
    """

    id: UUID
    order_id: UUID
    status: ReservationStatus
    expires_at: Moment
    held: tuple[Held, ...]
