"""
Deliveries: claimed, handed over, and recorded, each in a short transaction of its own.

The mail server is spoken to outside of transactions. Right before the message itself is sent, the delivery says so, and
that has committed: whoever finds it after a crash knows whether it may have arrived. What may have arrived is never
sent again by itself: nobody is told twice.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from typing import NamedTuple
from uuid import UUID

from django.utils import timezone

from monolith.notifications import metrics, selectors, smtp
from monolith.notifications.contract import (
    Category,
    DeliveryStatus,
    NotificationBounced,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
    Status,
)
from monolith.notifications.domain import LEASE, OUTCOMES, TRANSITIONS, TRIES_MAX, Text, render, retry_after
from monolith.notifications.models import Delivery, Notification, Suppression
from monolith.notifications.templates import kind_of
from monolith.users.contract import UnknownRequest, UnknownUser, users
from strangler.errors import StranglerError
from strangler.events import publish
from strangler.fence import owning
from strangler.transport.errors import RemoteCallError

_CAPABILITY = "notifications"
_HARD_BOUNCE = "hard_bounce"
_ERROR_MAX = 300


class _Superseded(StranglerError):
    """Somebody else has begun this delivery meanwhile."""


class _NotNow(StranglerError):
    """What the message needs is not known yet, or nobody can tell."""


class _Never(StranglerError):
    """There is nobody to write to."""


class _Claim(NamedTuple):
    delivery_id: UUID
    tries: int
    notification: Notification


class _Letter(NamedTuple):
    address: str
    text: Text


def delivery_send(delivery_id: UUID) -> None:
    """
    Send one delivery that is due, or record why not.

    Raises:
        Moved: another home owns the rows; it sends.
    """
    claim = _claim(delivery_id)
    if claim is None:
        return
    try:
        letter = _letter(claim.notification)
        if not _may_be_sent(claim, letter.address):
            return
        smtp.hand_over(_message(claim, letter), before_data=lambda: _hand_over_begins(claim))
    except _Superseded:
        return
    except (smtp.NotSent, _NotNow) as error:
        _again(claim, str(error))
    except smtp.NoMailbox as error:
        _bounced(claim, letter.address, str(error))
    except (smtp.Refused, _Never) as error:
        _end(claim, DeliveryStatus.FAILED, str(error))
    except smtp.OutcomeUnknown as error:
        _end(claim, DeliveryStatus.UNKNOWN, str(error))
    else:
        _end(claim, DeliveryStatus.SENT)


def _claim(delivery_id: UUID) -> _Claim | None:
    """Take a delivery for a while; what its last sender left behind is settled first."""
    with owning(_CAPABILITY):
        now = timezone.now()
        row = Delivery.objects.select_for_update().filter(id=delivery_id).first()
        if row is None or not _is_free(row):
            return None
        told: Notification = Notification.objects.get(id=row.notification_id)
        claim = _Claim(row.id, row.tries + 1, told)
        same = Delivery.objects.filter(id=row.id, tries=row.tries, status=row.status)
        if row.handed_over_at is not None:  # its sender has died, and nobody knows how far it came
            if same.update(tries=claim.tries, status=DeliveryStatus.SENDING):
                _step(claim, DeliveryStatus.UNKNOWN, "whoever sent it has died")
            return None
        if told.expires_at <= now:
            if same.update(tries=claim.tries, status=DeliveryStatus.SENDING):
                _step(claim, DeliveryStatus.FAILED, "it is too late", Status.EXPIRED)
            return None
        taken = same.update(
            status=DeliveryStatus.SENDING, tries=claim.tries, leased_until=now + LEASE, due_at=now + LEASE
        )
        if not taken:
            return None
        Notification.objects.filter(id=told.id).update(status=Status.DISPATCHED)
        return claim


def _is_free(row: Delivery) -> bool:
    now = timezone.now()
    if row.status == DeliveryStatus.QUEUED:
        return row.due_at <= now
    return row.status == DeliveryStatus.SENDING and row.leased_until is not None and row.leased_until <= now


def _letter(told: Notification) -> _Letter:
    """Ask the users for what no table here has: name, address, and secret."""
    kind, values = kind_of(told.template), dict(told.data)
    try:
        contact = users().contact(user_id=told.recipient)
        address = contact.email
        if kind.secret:
            secret = users().secret(request_id=UUID(values.pop("request_id")))
            values["secret"], address = secret.text, secret.email
    except UnknownUser as refusal:
        raise _Never("there is no such account") from refusal
    except UnknownRequest as refusal:  # a copy may be behind the event; what was replaced runs out of time
        raise _NotNow("the request is not known") from refusal
    except RemoteCallError as error:
        raise _NotNow(f"the users do not answer: {type(error).__name__}") from error
    if not contact.reachable:
        raise _Never("the account is disabled")
    return _Letter(address, render(kind, {**values, "name": contact.name}))


def _may_be_sent(claim: _Claim, address: str) -> bool:
    told = claim.notification
    if told.category == Category.MARKETING and not selectors.wants_marketing(told.recipient):
        _end(claim, DeliveryStatus.SKIPPED_PREFERENCE)
        return False
    if selectors.is_suppressed(address):
        _end(claim, DeliveryStatus.SUPPRESSED)
        return False
    return True


def _message(claim: _Claim, letter: _Letter) -> EmailMessage:
    """Return the message; its id is that of the delivery, whoever sends it and however often."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = smtp.sender(), letter.address, letter.text.subject
    message["Date"] = format_datetime(timezone.now())
    message["Message-ID"] = message_id(claim.delivery_id)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 5: nobody's holiday answers it
    message.set_content(letter.text.body)
    return message


def message_id(delivery_id: UUID) -> str:
    """Return by what mail servers know a delivery."""
    return f"<{delivery_id}@{smtp.sender().rpartition('@')[2]}>"


def _hand_over_begins(claim: _Claim) -> None:
    with owning(_CAPABILITY):
        mine = Delivery.objects.filter(id=claim.delivery_id, tries=claim.tries, status=DeliveryStatus.SENDING)
        if not mine.update(handed_over_at=timezone.now()):
            raise _Superseded


def _again(claim: _Claim, error: str) -> None:
    if claim.tries >= TRIES_MAX:
        _end(claim, DeliveryStatus.FAILED, error)
        return
    with owning(_CAPABILITY):
        mine = Delivery.objects.filter(id=claim.delivery_id, tries=claim.tries, status=DeliveryStatus.SENDING)
        mine.update(
            status=DeliveryStatus.QUEUED,
            error=error[:_ERROR_MAX],
            due_at=timezone.now() + retry_after(claim.tries),
            leased_until=None,
            handed_over_at=None,
        )


def _bounced(claim: _Claim, address: str, error: str) -> None:
    with owning(_CAPABILITY):
        if _step(claim, DeliveryStatus.BOUNCED, error):
            row = Suppression(
                address=address.lower(), reason=_HARD_BOUNCE, detail=error, recipient=claim.notification.recipient
            )
            Suppression.objects.bulk_create([row], ignore_conflicts=True)


def _end(claim: _Claim, target: DeliveryStatus, error: str = "") -> None:
    with owning(_CAPABILITY):
        _step(claim, target, error)


def _step(claim: _Claim, target: DeliveryStatus, error: str = "", outcome: Status | None = None) -> bool:
    """Record what became of a delivery that is still ours, inside a transaction, and tell."""
    mine = Delivery.objects.filter(
        id=claim.delivery_id, tries=claim.tries, status__in=TRANSITIONS.before(target) & {DeliveryStatus.SENDING}
    )
    sent = {"sent_at": timezone.now(), "provider_message_id": message_id(claim.delivery_id)}
    ended = mine.update(
        status=target,
        error=error[:_ERROR_MAX],
        leased_until=None,
        **(sent if target is DeliveryStatus.SENT else {}),
    )
    if not ended:
        return False
    told = claim.notification
    Notification.objects.filter(id=told.id).update(status=outcome or OUTCOMES[target])
    metrics.deliveries.labels(target.value).inc()
    names = {"notification_id": told.id, "recipient": told.recipient, "template": told.template}
    if target is DeliveryStatus.SENT:
        publish(NotificationSent(**names))
    elif target is DeliveryStatus.BOUNCED:
        publish(NotificationBounced(**names))
    elif target is DeliveryStatus.SUPPRESSED:
        publish(NotificationSuppressed(**names))
    elif target in (DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN):
        publish(NotificationFailed(**names, reason=error))
    return True
