"""The only place where a shipment's status changes: the row, its history and what is told of it, together."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from extracted.shipping.domain import TRANSITIONS
from extracted.shipping.models import Shipment, ShipmentLine, ShipmentStatusHistory, update_versioned
from monolith.shipping.contract import InvalidTransition, Line, UnknownShipment
from monolith.shipping.contract import ShipmentStatus as Status
from strangler.events import publish


def locked(shipment_id: UUID) -> Shipment:
    """Return a shipment with its carrier, locked until the transaction ends. Raises UnknownShipment."""
    rows = Shipment.objects.select_for_update(of=("self",)).select_related("carrier")
    row = rows.filter(id=shipment_id).first()
    if row is None:
        raise UnknownShipment(f"There is no shipment {shipment_id}.")
    return row


def step(
    row: Shipment,
    target: Status,
    *happened: object,
    actor: str,
    reason: str = "",
    at: datetime | None = None,
    event_id: UUID | None = None,
) -> None:
    """
    Let a locked shipment have another status.

    Whether it may is the caller's to know: a carrier may have seen several steps at once.
    """
    now = timezone.now()
    ShipmentStatusHistory.objects.create(
        shipment=row, actor=actor, from_status=row.status, to_status=target, reason=reason, at=at or now,
        event_id=event_id,
    )  # fmt: skip
    update_versioned(row, status=target.value)
    tell(row, *happened)


def tell(row: Shipment, *happened: object) -> None:
    """Publish what happened to a shipment that goes out; of one that comes back it is told only that it is back."""
    if row.returns_id is None:
        publish(*happened)


def refusal(row: Shipment, target: Status) -> InvalidTransition:
    """Make the refusal of a step."""
    return InvalidTransition(
        f"A {row.status} shipment cannot become {target}.",
        **{"from": row.status, "to": str(target), "allowed": sorted(TRANSITIONS.after(Status(row.status)))},
    )


def lines_of(row: Shipment) -> tuple[Line, ...]:
    """Return what is in a shipment."""
    found = ShipmentLine.objects.filter(shipment=row).order_by("sku").values_list("sku", "qty")
    return tuple(Line(sku=sku, qty=qty) for sku, qty in found)
