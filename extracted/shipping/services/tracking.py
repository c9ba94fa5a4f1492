"""
What carriers tell of parcels: taken in at once, had its effect a moment later, once, in whatever order it comes.

A shipment's status is worked out anew from everything that is known of its parcels, in the order in which it happened.
So a late event changes what was, and never takes a shipment back; see `domain.status_after`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from extracted.shipping.domain import is_further, status_after, status_of_all
from extracted.shipping.models import Carrier, Label, Shipment, TrackingEvent, Webhook
from extracted.shipping.services.steps import lines_of, locked, step
from monolith.shipping.contract import (
    ShipmentDelivered,
    ShipmentException,
    ShipmentInTransit,
    ShipmentOutForDelivery,
    ShipmentReturned,
    SignatureInvalid,
    TrackingStatus,
    UnknownService,
    WebhookInvalid,
)
from monolith.shipping.contract import ShipmentStatus as Status
from strangler.events import publish
from strangler.fence import Moved
from strangler.hosting.rest import webhooks

ATTEMPTS_MAX = 12
_PAUSE_S, _PAUSE_MAX_S = 1.0, 600.0
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a carrier has seen of one parcel; `event_id` is the carrier's."""

    event_id: str
    tracking_number: str
    status: TrackingStatus
    occurred_at: datetime
    carrier_code: str = ""
    description: str = ""
    location: str = ""

    @classmethod
    def read(cls, payload: str) -> Sighting:
        """Read what a carrier has sent. Raises WebhookInvalid."""
        try:
            body = json.loads(payload)
            occurred_at = datetime.fromisoformat(body["occurred_at"])
            words = {name: _text(body.get(name, ""), most) for name, most in _WORDS.items()}
            sighting = cls(
                event_id=_text(body["id"], 100),
                tracking_number=_text(body["tracking_number"], 64),
                status=_status(body["status"]),
                occurred_at=occurred_at,
                **words,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WebhookInvalid(f"This is no tracking event: {type(error).__name__}: {str(error)[:100]}") from error
        if occurred_at.tzinfo is None or not sighting.event_id:
            raise WebhookInvalid("A tracking event has an id, and a moment with its offset from UTC.")
        return sighting


_WORDS = {"carrier_code": 32, "description": 200, "location": 100}


class _NoSuchParcel(Exception):
    """No label has the number, or not yet: its purchase may not be noted."""


@transaction.atomic
def webhook_keep(*, carrier: str, body: bytes, signature: str | None) -> None:
    """
    Keep what a carrier has sent; it has its effect later.

    Raises:
        SignatureInvalid, WebhookInvalid, UnknownService: nothing was kept.
    """
    row = Carrier.objects.filter(code=carrier).first()
    if row is None:
        raise UnknownService(f"There is no carrier {carrier[:32]!r}.")
    try:
        webhooks.verify(body, signature, [settings.SHIPPING_WEBHOOK_SECRET])
    except webhooks.SignatureInvalid as error:
        raise SignatureInvalid(str(error)) from error
    try:
        payload = body.decode()
    except UnicodeDecodeError as error:
        raise WebhookInvalid("This is not UTF-8.") from error
    if "\x00" in payload:
        raise WebhookInvalid("No text here has a character NUL.")
    Webhook.objects.create(carrier=row, payload=payload)


@transaction.atomic
def webhook_take() -> int:
    """
    Let the oldest webhook that is due have its effect, and return 1; 0 when there is none.

    What cannot be taken is tried again later each time, and given up in the end; the row says why.
    """
    now = timezone.now()
    open_ones = Webhook.objects.select_for_update(of=("self",), skip_locked=True).select_related("carrier")
    row = open_ones.filter(taken_at=None, dead_at=None, next_at__lte=now).order_by("next_at", "id").first()
    if row is None:
        return 0
    row.attempts += 1
    try:
        with transaction.atomic():
            tracking_add(carrier=row.carrier, sighting=Sighting.read(row.payload))
    except Moved:
        raise
    except WebhookInvalid as refusal:
        row.dead_at, row.last_error = now, str(refusal)[:500]
    except Exception as error:  # a bug must not hold up what comes after it; the row keeps it
        if not isinstance(error, _NoSuchParcel):
            _log.exception("webhook not taken", webhook=str(row.id))
        _postpone(row, f"{type(error).__name__}: {error}")
    else:
        row.taken_at, row.last_error = now, ""
    row.save(update_fields=["attempts", "next_at", "taken_at", "dead_at", "last_error"])
    return 1


@transaction.atomic
def tracking_add(*, carrier: Carrier, sighting: Sighting) -> None:
    """
    Note what was seen of a parcel, and let its shipment go on; a repeat changes nothing.

    Raises:
        _NoSuchParcel: no label has this number yet.
    """
    label = Label.objects.filter(carrier=carrier, tracking_number=sighting.tracking_number).first()
    if label is None:
        raise _NoSuchParcel(f"No label of {carrier} has the number {sighting.tracking_number}.")
    row = locked(Shipment.objects.get(parcels__label=label).id)
    if TrackingEvent.objects.filter(shipment=row, carrier_event_id=sighting.event_id).exists():
        return
    event = TrackingEvent.objects.create(
        shipment=row,
        label=label,
        carrier_event_id=sighting.event_id,
        status=sighting.status.value,
        carrier_code=sighting.carrier_code,
        description=sighting.description,
        location=sighting.location,
        occurred_at=sighting.occurred_at,
    )
    follow(row, because=event)


def follow(row: Shipment, *, because: TrackingEvent | None = None) -> None:
    """Let a locked shipment be where its parcels are, if that is further than where it was."""
    seen: dict[UUID, list[TrackingStatus]] = {label: [] for label in _labels(row)}
    last: TrackingEvent | None = None
    for event in TrackingEvent.objects.filter(shipment=row).order_by("occurred_at", "carrier_event_id"):
        seen[event.label_id].append(TrackingStatus(event.status))
        last = event
    if last is None:
        return
    target = status_of_all([status_after(statuses) for statuses in seen.values()])
    if is_further(target, Status(row.status)):
        cause = because or last
        step(
            row, target, *_told(row, target, cause), actor=f"carrier {row.carrier.code}",
            reason=cause.description, at=cause.occurred_at, event_id=cause.id,
        )  # fmt: skip
        if target is Status.DELIVERED and row.returns_id is not None:
            _back(row)


def _back(row: Shipment) -> None:
    """What a customer has sent back is here; when that is all of it, the shipment that went out is returned."""
    sent = locked(row.returns_id)
    lines = lines_of(row)
    publish(ShipmentReturned(shipment_id=sent.id, order_id=sent.order_id, return_id=row.id, lines=lines))
    arrived = sent.sent_back.filter(status=Status.DELIVERED)
    back = sum(line.qty for one in arrived for line in lines_of(one))
    if sent.status == Status.DELIVERED and back == sum(line.qty for line in lines_of(sent)):
        step(sent, Status.RETURNED, actor=f"carrier {row.carrier.code}", reason="all of it was sent back")


def _told(row: Shipment, target: Status, cause: TrackingEvent) -> list[object]:
    """Return what is told of a status."""
    about = {"shipment_id": row.id, "order_id": row.order_id}
    moving = {
        Status.IN_TRANSIT: ShipmentInTransit,
        Status.OUT_FOR_DELIVERY: ShipmentOutForDelivery,
        Status.DELIVERED: ShipmentDelivered,
    }
    if target in moving:
        return [moving[target](**about, at=cause.occurred_at)]
    if target in (Status.EXCEPTION, Status.RETURN_TO_SENDER):
        said = {"status": target.value, "description": cause.description, "at": cause.occurred_at}
        return [ShipmentException(**about, **said)]
    if target is Status.RETURNED:
        return [ShipmentReturned(**about, return_id=None, lines=lines_of(row))]
    return []


def _labels(row: Shipment) -> list[UUID]:
    return list(Label.objects.filter(parcel__shipment=row).values_list("id", flat=True))


def _postpone(row: Webhook, text: str) -> None:
    row.last_error = text[:500]
    if row.attempts >= ATTEMPTS_MAX:
        row.dead_at = timezone.now()
    else:
        pause_s = min(_PAUSE_MAX_S, _PAUSE_S * 2.0**row.attempts)
        row.next_at = timezone.now() + timedelta(seconds=pause_s)


def _status(word: object) -> TrackingStatus:
    """A word that nobody knows yet is no fault: the event is kept and changes nothing."""
    known: Mapping[str, TrackingStatus] = {status.value: status for status in TrackingStatus}
    return known.get(str(word), TrackingStatus.UNKNOWN)


def _text(value: object, most: int) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    if "\x00" in value or len(value) > 10_000:
        raise ValueError("no text here is like that")
    return value[:most]
