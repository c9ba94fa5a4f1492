"""URLs of the notifications, mounted under `api/notifications/`."""

from __future__ import annotations

from django.urls import path

from monolith.notifications.views import notifications, recipients
from strangler.hosting.rest.openapi import documented

_routes = [
    path("notifications", notifications.AllNotificationsView.as_view()),
    path("notifications/<uuid:notification_id>", notifications.NotificationView.as_view()),
    path("notifications/<uuid:notification_id>:cancel", notifications.CancelView.as_view()),
    path("notifications/<uuid:notification_id>:resend", notifications.ResendView.as_view()),
    path("templates", notifications.TemplatesView.as_view()),
    path("preferences/<uuid:recipient>", recipients.PreferenceView.as_view()),
    path("suppressions", recipients.SuppressionsView.as_view()),
    path("suppressions/<uuid:suppression_id>", recipients.SuppressionView.as_view()),
]
urlpatterns = documented(_routes, prefix="api/notifications/", title="Notifications", name="notifications")
