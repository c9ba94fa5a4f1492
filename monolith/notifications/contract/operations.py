"""What the notifications do for other apps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from monolith.notifications.contract.errors import TemplateNotFound, UnknownNotification, VariablesInvalid
from monolith.notifications.contract.values import Notification
from strangler.contract import Port, command, query


class Notifications(Protocol):
    """Mail to customers; apps whose events tell what has happened need nothing of this."""

    @command(key=("recipient", "dedupe_key"), raises=(TemplateNotFound, VariablesInvalid))
    def notify(self, *, recipient: UUID, dedupe_key: str, template: str, data: Mapping[str, str]) -> Notification:
        """
        Have a customer told something, once for each *dedupe_key*, 1 to 255 characters.

        Args:
            data: every variable of the template, and no other.

        Raises:
            VariablesInvalid: nothing was accepted; the context has `missing` and `unknown`.
            RemoteCallError: outcome unknown; repeat with the same *recipient* and *dedupe_key*.
        """
        ...

    @query(raises=(UnknownNotification,))
    def notification(self, *, notification_id: UUID) -> Notification:
        """Return a notification as it is now."""
        ...


notifications = Port[Notifications]("notifications")
