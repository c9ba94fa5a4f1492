"""The inventory's refusals; each says a fact and has a stable code."""

from __future__ import annotations

from typing import Any, cast

from monolith.inventory.contract.values import Shortage
from strangler.errors import ContractError


class InventoryError(ContractError):
    """Root of the inventory's refusals."""


class UnknownSku(InventoryError):
    """A SKU was never received anywhere; the context has `skus`."""

    code = "unknown_sku"


class InvalidSku(InventoryError):
    """What was to be received has no valid SKU."""

    code = "invalid_sku"


class InsufficientStock(InventoryError):
    """There is less than was asked for; the context has `lines` of `sku`, `requested` and `available`."""

    code = "insufficient_stock"

    @property
    def shortages(self) -> tuple[Shortage, ...]:
        """What there is too little of."""
        return tuple(Shortage(**line) for line in cast(Any, self.context["lines"]))


class OutOfBounds(InventoryError):
    """A quantity, a lifetime or a number of lines is outside what the operation allows."""

    code = "out_of_bounds"


class UnknownWarehouse(InventoryError):
    """There is no warehouse with this code."""

    code = "unknown_warehouse"


class WarehouseTaken(InventoryError):
    """Another warehouse has this code."""

    code = "warehouse_taken"


class UnknownReservation(InventoryError):
    """There is no reservation with this id."""

    code = "unknown_reservation"


class OrderAlreadyReserved(InventoryError):
    """The order has a reservation of other lines; the context has `reservation_id` and `reservation_status`."""

    code = "order_already_reserved"


class ReservationExpired(InventoryError):
    """The reservation ran out; the context has `expires_at`."""

    code = "reservation_expired"


class InvalidTransition(InventoryError):
    """The reservation's status does not allow the step; the context has `from`, `to` and `allowed`."""

    code = "invalid_transition"


class InvalidFilter(InventoryError):
    """A filter of a list is unknown or cannot be read."""

    code = "invalid_filter"


class VersionConflict(InventoryError):
    """The row was changed after the caller had read it."""

    code = "version_conflict"
