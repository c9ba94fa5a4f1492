"""What other apps may know of the notifications."""

from monolith.notifications.contract.errors import (
    InvalidFilter,
    InvalidTransition,
    NotificationsError,
    TemplateNotFound,
    UnknownNotification,
    UnknownSuppression,
    VariablesInvalid,
)
from monolith.notifications.contract.events import (
    NotificationBounced,
    NotificationFailed,
    NotificationSent,
    NotificationSuppressed,
    events,
    subscriptions,
)
from monolith.notifications.contract.operations import Notifications, notifications
from monolith.notifications.contract.values import Category, DeliveryStatus, Notification, Status

__all__ = [
    "Category",
    "DeliveryStatus",
    "InvalidFilter",
    "InvalidTransition",
    "Notification",
    "NotificationBounced",
    "NotificationFailed",
    "NotificationSent",
    "NotificationSuppressed",
    "Notifications",
    "NotificationsError",
    "Status",
    "TemplateNotFound",
    "UnknownNotification",
    "UnknownSuppression",
    "VariablesInvalid",
    "events",
    "notifications",
    "subscriptions",
]
