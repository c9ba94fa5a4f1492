"""What every view of the notifications does."""

from __future__ import annotations

from monolith.notifications.codes import NotificationsCode
from strangler.hosting.rest.views import RestView

READ, WRITE = "notifications:read", "notifications:write"


class NotificationsView(RestView):
    """Refuses with the notifications' codes."""

    codes = NotificationsCode
    scopes = {"GET": READ, "HEAD": READ}
