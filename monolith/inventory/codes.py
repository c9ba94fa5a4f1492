"""The inventory's own problem codes and what they are in HTTP."""

from __future__ import annotations

from strangler.hosting.rest.codes import ProblemCode


class InventoryCode(ProblemCode):
    """Closed list; the common ones are in RestCode."""

    INVALID_FILTER = "invalid_filter", 400, "A filter is not valid"
    UNKNOWN_SKU = "unknown_sku", 404, "The SKU was never in stock"
    UNKNOWN_RESERVATION = "unknown_reservation", 404, "There is no such reservation"
    INSUFFICIENT_STOCK = "insufficient_stock", 409, "There is not enough in stock"
    ORDER_ALREADY_RESERVED = "order_already_reserved", 409, "The order has another reservation"
    RESERVATION_EXPIRED = "reservation_expired", 409, "The reservation ran out"
    INVALID_TRANSITION = "invalid_transition", 409, "The status does not allow this"
    WAREHOUSE_TAKEN = "warehouse_taken", 409, "The warehouse's code is taken"
    UNKNOWN_WAREHOUSE = "unknown_warehouse", 422, "There is no such warehouse"
    INVALID_SKU = "invalid_sku", 422, "The SKU is not valid"
    OUT_OF_BOUNDS = "out_of_bounds", 422, "A number is out of bounds"
