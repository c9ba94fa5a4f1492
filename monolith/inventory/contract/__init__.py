"""What other apps may know of the inventory."""

from monolith.inventory.contract.errors import (
    InsufficientStock,
    InvalidFilter,
    InvalidSku,
    InvalidTransition,
    InventoryError,
    OrderAlreadyReserved,
    OutOfBounds,
    ReservationExpired,
    UnknownReservation,
    UnknownSku,
    UnknownWarehouse,
    VersionConflict,
    WarehouseTaken,
)
from monolith.inventory.contract.operations import Inventory, inventory
from monolith.inventory.contract.values import Held, Line, Place, Reservation, ReservationStatus, StockLevel

__all__ = [
    "Held",
    "InsufficientStock",
    "InvalidFilter",
    "InvalidSku",
    "InvalidTransition",
    "Inventory",
    "InventoryError",
    "Line",
    "OrderAlreadyReserved",
    "OutOfBounds",
    "Place",
    "Reservation",
    "ReservationExpired",
    "ReservationStatus",
    "StockLevel",
    "UnknownReservation",
    "UnknownSku",
    "UnknownWarehouse",
    "VersionConflict",
    "WarehouseTaken",
    "inventory",
]
