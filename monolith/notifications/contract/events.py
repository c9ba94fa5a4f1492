"""What became of notifications, for whoever wants to hear of it; and what notifications want to hear of others."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from strangler.contract import Events, Subscriptions

events = Events("notifications")
subscriptions = Subscriptions(
    "notifications",
    {
        "users": (
            "shop.user.verification_requested.v1",
            "shop.user.password_reset_requested.v1",
            "shop.user.password_changed.v1",
            "shop.user.locked.v1",
            "shop.user.deleted.v1",
        ),
        "orders": (
            "shop.order.placed.v1",
            "shop.order.confirmed.v1",
            "shop.order.rejected.v1",
            "shop.order.cancelled.v1",
            "shop.order.shipped.v1",
            "shop.order.delivered.v1",
            "shop.order.refunded.v1",
        ),
        "payments": ("shop.payment.requires_action.v1",),
        "shipping": ("shop.shipment.out_for_delivery.v1", "shop.shipment.exception.v1"),
    },
)


@events.declare("shop.notification.sent.v1", aggregate="notification", key="notification_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSent:
    """A mail server has taken it."""

    notification_id: UUID
    recipient: UUID
    template: str


@events.declare("shop.notification.bounced.v1", aggregate="notification", key="notification_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationBounced:
    """There is no such mailbox; nothing is sent to the address any more."""

    notification_id: UUID
    recipient: UUID
    template: str


@events.declare("shop.notification.suppressed.v1", aggregate="notification", key="notification_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSuppressed:
    """It was not sent, because nothing is sent to the address."""

    notification_id: UUID
    recipient: UUID
    template: str


@events.declare("shop.notification.failed.v1", aggregate="notification", key="notification_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFailed:
    """It was not sent, and will not be by itself; *reason* in the words of whoever refused it."""

    notification_id: UUID
    recipient: UUID
    template: str
    reason: str
