"""Reads of the notifications; each returns querysets or rows and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from monolith.notifications.contract import (
    DeliveryStatus,
    InvalidFilter,
    Status,
    UnknownNotification,
    UnknownSuppression,
)
from monolith.notifications.models import Delivery, KnownOrder, Notification, Preference, Suppression


def notification(notification_id: UUID) -> Notification:
    """Return a notification. Raises UnknownNotification."""
    row: Notification | None = Notification.objects.filter(id=notification_id).first()
    if row is None:
        raise UnknownNotification(f"There is no notification {notification_id}.")
    return row


def notifications(filters: Mapping[str, str]) -> QuerySet[Notification]:
    """
    Return notifications with their deliveries.

    Args:
        filters: `recipient`, `template`, `status`.

    Raises:
        InvalidFilter: a name is unknown, or a value cannot be one.
    """
    if unknown := sorted(filters.keys() - {"recipient", "template", "status"}):
        raise InvalidFilter(f"unknown: {', '.join(name[:40] for name in unknown)}")
    wanted: dict[str, object] = dict(filters)
    if "status" in filters and filters["status"] not in list(Status):
        raise InvalidFilter(f"status: must be one of {', '.join(Status)}, not {filters['status'][:20]!r}")
    if "recipient" in filters:
        try:
            wanted["recipient"] = UUID(filters["recipient"])
        except ValueError:
            raise InvalidFilter("recipient: must be a UUID") from None
    if "\x00" in filters.get("template", ""):
        raise InvalidFilter("template: contains what no name does")
    rows: QuerySet[Notification] = Notification.objects.prefetch_related("deliveries").filter(**wanted)
    return rows


def due(*, limit: int) -> list[UUID]:
    """Return deliveries that are to be sent, or whose sender has died, the one that waits longest first."""
    now = timezone.now()
    free = Q(status=DeliveryStatus.QUEUED, due_at__lte=now) | Q(status=DeliveryStatus.SENDING, leased_until__lte=now)
    return list(Delivery.objects.filter(free).order_by("due_at", "id").values_list("id", flat=True)[:limit])


def wants_marketing(recipient: UUID) -> bool:
    """Whether somebody has said so."""
    return bool(Preference.objects.filter(recipient=recipient, marketing=True).exists())


def is_suppressed(address: str) -> bool:
    """Whether nothing is sent to an address."""
    return bool(Suppression.objects.filter(address=address.lower()).exists())


def suppressions() -> QuerySet[Suppression]:
    """Return every address to which nothing is sent."""
    return Suppression.objects.all()


def suppression(suppression_id: UUID) -> Suppression:
    """Return one of them. Raises UnknownSuppression."""
    row: Suppression | None = Suppression.objects.filter(id=suppression_id).first()
    if row is None:
        raise UnknownSuppression(f"There is no suppression {suppression_id}.")
    return row


def known_order(order_id: UUID) -> KnownOrder | None:
    """Return whose an order is, as far as that was told."""
    row: KnownOrder | None = KnownOrder.objects.filter(order_id=order_id).first()
    return row
