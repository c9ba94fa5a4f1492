"""Reads of shipping; each returns querysets, rows or values and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from extracted.shipping.carriers.table import Tariff
from extracted.shipping.domain import Rule
from extracted.shipping.models import Carrier, Label, Parcel, Shipment, ShippingRateRule, TrackingEvent, Zone
from extracted.shipping.zones import Area
from monolith.kernel.money import Money
from monolith.shipping.contract import InvalidFilter, UnknownService, UnknownShipment
from monolith.shipping.contract import ShipmentStatus as Status


class Tracked(NamedTuple):
    """A shipment as whoever has its number may see it, and what was seen of the parcel with that number."""

    shipment: Shipment
    events: Sequence[TrackingEvent]


def tariff() -> Tariff:
    """Return every zone, in the order in which they are tried, and what holds in each."""
    areas = [
        Area(zone.code, frozenset(zone.countries), tuple(zone.postal_patterns), tuple(zone.postal_exclusions))
        for zone in Zone.objects.order_by("priority", "code")
    ]
    rules: dict[str, list[Rule]] = {}
    for row in ShippingRateRule.objects.select_related("zone").order_by("service", "weight_min_kg"):
        rules.setdefault(row.zone.code, []).append(_rule(row))
    return Tariff(areas, rules)


def active_carriers() -> list[Carrier]:
    """Return whom to ask for rates."""
    return list(Carrier.objects.filter(is_active=True).order_by("code"))


def carrier_offering(carrier: str, service: str) -> Carrier:
    """Return the active carrier with a service. Raises UnknownService."""
    row = Carrier.objects.filter(code=carrier[:32], is_active=True).first() if "\x00" not in carrier else None
    if row is None or service not in row.services:
        raise UnknownService(f"There is no carrier {carrier[:32]!r} with a service {service[:32]!r}.")
    return row


def shipment(shipment_id: UUID, *, seen_by: UUID | None = None) -> Shipment:
    """
    Return a shipment with its lines, parcels and labels.

    Args:
        seen_by: the customer who asks; None for staff.

    Raises:
        UnknownShipment: there is none, or it is another customer's.
    """
    row = visible(seen_by).filter(id=shipment_id).first()
    if row is None:
        raise UnknownShipment(f"There is no shipment {shipment_id}.")
    return row


def visible(seen_by: UUID | None) -> QuerySet[Shipment]:
    """Return the shipments that a customer may see, or all for staff."""
    parcels = Prefetch("parcels", Parcel.objects.select_related("label").order_by("number"))
    rows = Shipment.objects.select_related("carrier").prefetch_related("lines", parcels)
    return rows if seen_by is None else rows.filter(customer_id=seen_by)


def shipments(filters: Mapping[str, str], *, seen_by: UUID | None = None) -> QuerySet[Shipment]:
    """
    Return shipments.

    Args:
        filters: `order_id`, `status`, `carrier` (a code).

    Raises:
        InvalidFilter: a name is unknown, or a value cannot be one.
    """
    columns = {"order_id": "order_id", "status": "status", "carrier": "carrier__code"}
    if unknown := sorted(filters.keys() - columns.keys()):
        raise InvalidFilter(f"unknown: {', '.join(name[:40] for name in unknown)}")
    if (status := filters.get("status")) is not None and status not in list(Status):
        raise InvalidFilter(f"status: must be one of {', '.join(Status)}, not {status[:20]!r}")
    if not filters.get("carrier", "x").isidentifier():
        raise InvalidFilter("carrier: must be a code, such as post")
    wanted: dict[str, object] = {columns[name]: value for name, value in filters.items()}
    if "order_id" in wanted:
        wanted["order_id"] = _uuid("order_id", filters["order_id"])
    return visible(seen_by).filter(**wanted)


def of_order(order_id: UUID) -> QuerySet[Shipment]:
    """Return what was sent for an order, the oldest first."""
    return visible(None).filter(order_id=order_id, returns=None).order_by("created_at", "id")


def tracking(row: Shipment) -> QuerySet[TrackingEvent]:
    """Return what was seen of a shipment's parcels, in the order in which it happened."""
    return (
        TrackingEvent.objects.select_related("label").filter(shipment=row).order_by("occurred_at", "carrier_event_id")
    )


def tracked(tracking_number: str) -> Tracked:
    """
    Return what a tracking number says; of two carriers' equal numbers, the later one's.

    Raises:
        UnknownShipment: nobody has given that number.
    """
    labels = Label.objects.select_related("parcel__shipment__carrier")
    known = len(tracking_number) <= 64 and "\x00" not in tracking_number
    label = labels.filter(tracking_number=tracking_number).order_by("-id").first() if known else None
    if label is None:
        raise UnknownShipment("There is no parcel with this number.")
    return Tracked(label.parcel.shipment, list(TrackingEvent.objects.filter(label=label).order_by("occurred_at", "id")))


def number_of(row: Shipment) -> str | None:
    """Return the tracking number of a shipment's first parcel; None until it has a label."""
    return next((parcel.label.tracking_number for parcel in row.parcels.all()), None)


def _rule(row: ShippingRateRule) -> Rule:
    return Rule(
        service=row.service,
        weight_min_kg=row.weight_min_kg,
        weight_max_kg=row.weight_max_kg,
        base=Money(row.base_minor, row.currency),
        per_kg=Money(row.per_kg_minor, row.currency),
        per_item=Money(row.per_item_minor, row.currency),
        dim_factor=row.dim_factor,
        days_min=row.days_min,
        days_max=row.days_max,
    )


def _uuid(name: str, value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidFilter(f"{name}: must be a UUID") from error
