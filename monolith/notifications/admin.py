"""The notifications' admin: what was sent, and what was not, over the same services as REST."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monolith.notifications.models import Delivery, Notification, Suppression
from monolith.notifications.services import notifications
from strangler.hosting.admin import ShownAdmin, ShownInline


class _Looked(ShownAdmin):
    """Rows that nobody edits; steps are actions."""

    capability = "notifications"
    elsewhere = "/api/notifications/docs"


class _Deliveries(ShownInline):
    model = Delivery
    fields = ("channel", "status", "tries", "error", "due_at", "sent_at", "provider_message_id")


@admin.register(Notification)
class NotificationAdmin(_Looked):
    """Notifications; what they say is nowhere."""

    list_display = ("created_at", "recipient", "template", "category", "status")
    list_filter = ("status", "category", "template")
    search_fields = ("recipient__exact", "id__exact")
    ordering = ("-created_at",)
    inlines = (_Deliveries,)
    actions = ("resend", "cancel")

    @admin.action(description="Send again", permissions=["act"])
    def resend(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Send each again that failed, or that may have arrived."""
        self.each(request, queryset, lambda row: notifications.notification_resend(notification_id=row.id))

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Cancel each that nobody has begun to send."""
        self.each(request, queryset, lambda row: notifications.notification_cancel(notification_id=row.id))


@admin.register(Suppression)
class SuppressionAdmin(_Looked):
    """Addresses to which nothing is sent."""

    list_display = ("created_at", "address", "reason", "detail")
    search_fields = ("address__startswith",)
    ordering = ("-created_at",)
    actions = ("lift",)

    @admin.action(description="Let mail be sent there again", permissions=["act"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> None:
        """Lift each."""
        self.each(request, queryset, lambda row: notifications.suppression_lift(suppression_id=row.id))
