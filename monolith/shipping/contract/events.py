"""What has happened to shipments, for whoever wants to hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from monolith.shipping.contract.values import Line
from strangler.contract import Events, Moment

events = Events("shipping")


@events.declare("shop.shipment.created.v1", aggregate="shipment", key="shipment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentCreated:
    """Something is to be sent; it has no label yet."""

    shipment_id: UUID
    order_id: UUID
    carrier: str
    service: str
    lines: tuple[Line, ...]


@events.declare("shop.shipment.label_purchased.v1", aggregate="shipment", key="shipment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentLabelPurchased:
    """Every parcel has its label; *tracking_numbers* by parcel."""

    shipment_id: UUID
    order_id: UUID
    carrier: str
    tracking_numbers: tuple[str, ...]


@events.declare("shop.shipment.in_transit.v1", aggregate="shipment", key="shipment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentInTransit:
    """The carrier has it, for the first time or after an exception."""

    shipment_id: UUID
    order_id: UUID
    at: Moment


@events.declare("shop.shipment.out_for_delivery.v1", aggregate="shipment", key="shipment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentOutForDelivery:
    """It arrives today, or can be fetched."""

    shipment_id: UUID
    order_id: UUID
    at: Moment


@events.declare("shop.shipment.delivered.v1", aggregate="shipment", key="shipment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentDelivered:
    """Every parcel has arrived; what happened before may not have been told."""

    shipment_id: UUID
    order_id: UUID
    at: Moment


@events.declare("shop.shipment.exception.v1", aggregate="shipment", key="shipment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentException:
    """
    It does not arrive as planned.

    Attributes:
        status: `exception`, after which it may go on, or `return_to_sender`.
        description: in the carrier's words.
    """

    shipment_id: UUID
    order_id: UUID
    status: str
    description: str
    at: Moment


@events.declare("shop.shipment.returned.v1", aggregate="shipment", key="shipment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentReturned:
    """
    Units are back, because nobody took them or because the customer sent them back.

    Attributes:
        shipment_id: by which they went out; a customer may send them back in several parts, each told once.
        return_id: the shipment by which they came back; None when the carrier has brought the whole of it back.
    """

    shipment_id: UUID
    order_id: UUID
    return_id: UUID | None
    lines: tuple[Line, ...]


@events.declare("shop.shipment.cancelled.v1", aggregate="shipment", key="shipment_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentCancelled:
    """It will not be sent."""

    shipment_id: UUID
    order_id: UUID
    reason: str
    lines: tuple[Line, ...]
