"""Shipping's values as other apps see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from monolith.kernel.money import Money
from strangler.contract import Moment


class ShipmentStatus(StrEnum):
    """Where a shipment is in its life; the last two are final, and what is delivered can only come back."""

    DRAFT = "draft"
    LABEL_CREATED = "label_created"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    EXCEPTION = "exception"
    DELIVERED = "delivered"
    RETURN_TO_SENDER = "return_to_sender"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class TrackingStatus(StrEnum):
    """What a carrier says of a parcel; every carrier's own words are put into these."""

    UNKNOWN = "unknown"
    PRE_TRANSIT = "pre_transit"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    DELIVERED = "delivered"
    RETURN_TO_SENDER = "return_to_sender"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    Where somebody lives.

    Attributes:
        region: a state or province; required where letters do not arrive without.
        country: ISO 3166-1 alpha-2.
    """

    name: str
    line1: str
    city: str
    country: str
    line2: str = ""
    region: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """So many single units of a SKU, and what one of them weighs and measures, packed."""

    sku: str
    qty: int
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One box as a carrier takes it."""

    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many single units of a SKU."""

    sku: str
    qty: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """
    One way to send it.

    Attributes:
        option_id: at most 255 characters; holds for this address and these items, until the quote expires.
        carrier, service: codes, such as `post` and `standard`.
        eta_min, eta_max: between when it will arrive, if it leaves now.
    """

    option_id: str
    carrier: str
    service: str
    price: Money
    eta_min: Moment
    eta_max: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierMessage:
    """Why a carrier offers nothing; *code* is `timed_out`, `unreachable`, `bad_reply` or `refused`."""

    carrier: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """
    What it would cost to send something.

    Attributes:
        options: cheapest first; at least one.
        messages: of the carriers that could not be asked.
        expires_at: until then each option's price is honoured.
    """

    id: UUID
    options: tuple[Option, ...]
    messages: tuple[CarrierMessage, ...]
    expires_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What an option of a quote says."""

    carrier: str
    service: str
    price: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """
    What is or was on its way to a customer.

    Attributes:
        tracking_number: of its first parcel; None until the label is bought.
        cost: as quoted, otherwise what the carrier took for the labels; None until that is known.
        eta: when it should have arrived, as far as known.
    """

    id: UUID
    order_id: UUID
    status: ShipmentStatus
    carrier: str
    service: str
    tracking_number: str | None
    cost: Money | None
    eta: Moment | None
    lines: tuple[Line, ...]
