"""
Rows and quotes as JSON: plain functions; a test holds every answer against OpenAPI.

Raise `REPRESENTATION` when a shipment comes out differently: validators are made of it (R11).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from extracted.shipping.models import Parcel, Shipment, TrackingEvent
from extracted.shipping.selectors import Tracked, number_of
from monolith.shipping.contract import Option, Quote

REPRESENTATION = 1


def quote_json(quote: Quote) -> dict[str, Any]:
    """What it would cost, by whom."""
    return {
        "id": str(quote.id),
        "expires_at": _moment(quote.expires_at),
        "options": [_option_json(option) for option in quote.options],
        "messages": [asdict(message) for message in quote.messages],
    }


def shipment_json(row: Shipment) -> dict[str, Any]:
    """A shipment with its lines and parcels."""
    return {
        "id": str(row.id),
        "order_id": str(row.order_id),
        "returns": None if row.returns_id is None else str(row.returns_id),
        "status": row.status,
        "carrier": row.carrier.code,
        "service": row.service,
        "tracking_number": number_of(row),
        "cost": None if row.cost is None else row.cost.to_json(),
        "eta": None if row.eta is None else _moment(row.eta),
        "from": row.from_address,
        "to": row.to_address,
        "lines": [{"sku": line.sku, "qty": line.qty} for line in row.lines.all()],
        "parcels": [_parcel_json(parcel) for parcel in row.parcels.all()],
        "problem": row.problem,
        "created_at": _moment(row.created_at),
        "version": row.version,
    }


def tracking_json(row: TrackingEvent) -> dict[str, Any]:
    """What was seen of a parcel, for whoever may read its shipment."""
    return {
        "tracking_number": row.label.tracking_number,
        "status": row.status,
        "carrier_code": row.carrier_code,
        "description": row.description,
        "location": row.location,
        "occurred_at": _moment(row.occurred_at),
        "received_at": _moment(row.received_at),
    }


def tracked_json(tracked: Tracked) -> dict[str, Any]:
    """What anybody may know who has a number: neither who gets it, nor in which street, nor what is in it."""
    row = tracked.shipment
    return {
        "carrier": row.carrier.code,
        "status": row.status,
        "eta": None if row.eta is None else _moment(row.eta),
        "country": row.to_address["country"],
        "events": [{"status": event.status, "occurred_at": _moment(event.occurred_at)} for event in tracked.events],
    }


def _option_json(option: Option) -> dict[str, Any]:
    return {
        "option_id": option.option_id,
        "carrier": option.carrier,
        "service": option.service,
        "price": option.price.to_json(),
        "eta_min": _moment(option.eta_min),
        "eta_max": _moment(option.eta_max),
    }


def _parcel_json(parcel: Parcel) -> dict[str, Any]:
    return {
        "number": parcel.number,
        "weight_g": parcel.weight_g,
        "length_mm": parcel.length_mm,
        "width_mm": parcel.width_mm,
        "height_mm": parcel.height_mm,
        "tracking_number": parcel.label.tracking_number,
        "label_url": parcel.label.url,
        "label_state": parcel.label.state,
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
