"""Notifications as other apps see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Category(StrEnum):
    """What a notification is for; only marketing asks for the recipient's preference."""

    TRANSACTIONAL = "transactional"
    SECURITY = "security"
    MARKETING = "marketing"


class Status(StrEnum):
    """Where a notification is in its life; all but the first two are final, unless staff sends it again."""

    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class DeliveryStatus(StrEnum):
    """
    Where a delivery is: `sent` is what a mail server has taken, and says nothing of anybody having read it.

    `unknown`: it was handed over, and no answer came. It is not repeated by itself, for it may have arrived.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    BOUNCED = "bounced"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    SKIPPED_PREFERENCE = "skipped_preference"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """
    Something that somebody is to be told.

    Attributes:
        recipient: id of the customer.
    """

    id: UUID
    recipient: UUID
    template: str
    category: Category
    status: Status
