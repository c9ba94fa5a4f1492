"""Notifications: accepted once, cancelled, and sent again by a person who takes it upon them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from monolith.notifications import selectors
from monolith.notifications.contract import DeliveryStatus, InvalidTransition, Status
from monolith.notifications.domain import LIFETIME, TRANSITIONS, transition
from monolith.notifications.models import Delivery, KnownOrder, Notification, Preference, Suppression
from monolith.notifications.templates import kind_of


@transaction.atomic
def notification_accept(
    *,
    recipient: UUID,
    dedupe_key: str,
    template: str,
    data: Mapping[str, str],
    expires_at: datetime | None = None,
) -> Notification:
    """
    Have somebody told something, once for each *dedupe_key*: a repeat returns the first notification.

    Raises:
        TemplateNotFound, VariablesInvalid: nothing was accepted.
    """
    kind = kind_of(template)
    kind.check(dict(data))
    new = Notification(
        recipient=recipient,
        dedupe_key=dedupe_key,
        template=template,
        category=kind.category,
        data=dict(data),
        expires_at=expires_at or timezone.now() + LIFETIME,
    )
    # Of two at once with one key, the second waits here for the first, and then finds its row.
    Notification.objects.bulk_create([new], ignore_conflicts=True)
    first = Notification.objects.get(recipient=recipient, dedupe_key=dedupe_key)
    if first.id == new.id:
        Delivery.objects.create(notification=new)
    return first


@transaction.atomic
def notification_cancel(*, notification_id: UUID) -> Notification:
    """
    Let a notification not be sent that nobody has begun to send; a repeat changes nothing.

    Raises:
        UnknownNotification, InvalidTransition: nothing was changed.
    """
    row = selectors.notification(notification_id)
    if row.status == Status.CANCELLED:
        return row
    waiting = Delivery.objects.filter(notification_id=row.id, status=DeliveryStatus.QUEUED, tries=0)
    if not waiting.update(status=DeliveryStatus.FAILED, error="cancelled"):
        raise InvalidTransition(
            f"A {row.status} notification cannot be cancelled.",
            **{"from": row.status, "to": Status.CANCELLED.value, "allowed": []},
        )
    Notification.objects.filter(id=row.id).update(status=Status.CANCELLED)
    row.refresh_from_db()
    return row


@transaction.atomic
def notification_resend(*, notification_id: UUID) -> Notification:
    """
    Send a notification again that failed, or that may have arrived: whoever asks takes upon them that it comes twice.

    Raises:
        UnknownNotification, InvalidTransition: nothing was changed.
    """
    row = selectors.notification(notification_id)
    again = Delivery.objects.filter(
        notification_id=row.id, status__in=TRANSITIONS.before(DeliveryStatus.QUEUED) - {DeliveryStatus.SENDING}
    )
    now = timezone.now()
    if not again.update(status=DeliveryStatus.QUEUED, error="", due_at=now, handed_over_at=None):
        status = DeliveryStatus(row.deliveries.get().status)
        raise InvalidTransition(f"A {status} delivery is not sent again.", **transition(status, DeliveryStatus.QUEUED))
    Notification.objects.filter(id=row.id).update(
        status=Status.ACCEPTED, expires_at=max(row.expires_at, now + LIFETIME)
    )
    row.refresh_from_db()
    return row


@transaction.atomic
def preference_set(*, recipient: UUID, marketing: bool) -> Preference:
    """Note whether somebody wants marketing."""
    now = timezone.now()
    row, _ = Preference.objects.update_or_create(
        recipient=recipient, defaults={"marketing": marketing, "changed_at": now}
    )
    return row


@transaction.atomic
def suppression_lift(*, suppression_id: UUID) -> None:
    """Let mail be sent to an address again. Raises UnknownSuppression."""
    selectors.suppression(suppression_id).delete()


@transaction.atomic
def order_note(*, order_id: UUID, recipient: UUID, number: str, at: datetime) -> None:
    """Remember whose an order is."""
    row = KnownOrder(order_id=order_id, recipient=recipient, number=number, placed_at=at)
    KnownOrder.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def recipient_erase(*, recipient: UUID) -> None:
    """Forget what there is of somebody; what has not been sent is not sent any more."""
    of_theirs = Notification.objects.filter(recipient=recipient)
    ids = list(of_theirs.values_list("id", flat=True))
    waiting = Delivery.objects.filter(notification_id__in=ids, status=DeliveryStatus.QUEUED)
    unsent = list(waiting.values_list("notification_id", flat=True))
    waiting.update(status=DeliveryStatus.FAILED, error="the account was deleted")
    Notification.objects.filter(id__in=unsent).update(status=Status.CANCELLED)
    of_theirs.update(data={})
    for rows in (Preference, Suppression, KnownOrder):
        rows.objects.filter(recipient=recipient).delete()
