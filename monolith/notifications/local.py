"""The contract over this app's own rows."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from monolith.notifications import selectors
from monolith.notifications.contract import Category, Notification, Status
from monolith.notifications.models import Notification as NotificationRow
from monolith.notifications.services import notifications


class LocalNotifications:
    """Implements `Notifications`."""

    def notify(self, *, recipient: UUID, dedupe_key: str, template: str, data: Mapping[str, str]) -> Notification:
        return _notification(
            notifications.notification_accept(recipient=recipient, dedupe_key=dedupe_key, template=template, data=data)
        )

    def notification(self, *, notification_id: UUID) -> Notification:
        return _notification(selectors.notification(notification_id))


implementation = LocalNotifications()


def _notification(row: NotificationRow) -> Notification:
    return Notification(
        id=row.id,
        recipient=row.recipient,
        template=row.template,
        category=Category(row.category),
        status=Status(row.status),
    )
