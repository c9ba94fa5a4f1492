"""Notifications over REST: parse, call once, render."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.notifications import selectors, serializers
from monolith.notifications.contract import InvalidFilter, Status
from monolith.notifications.models import Notification, NotificationsIdempotency
from monolith.notifications.representations import notification_json, template_json
from monolith.notifications.services import notifications
from monolith.notifications.templates import KINDS
from monolith.notifications.views.common import READ, WRITE, NotificationsView
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import PAGE
from strangler.hosting.rest.views import read_body

_NOTIFICATIONS = Pager(orderings={"created_at": ("created_at", "id")}, default="-created_at")
_NOT_FILTERS = {"cursor", "limit", "ordering", "include", "format"}


class AllNotificationsView(NotificationsView):
    """All notifications."""

    scopes = {"GET": READ, "HEAD": READ, "POST": WRITE}

    @extend_schema(
        operation_id="list_notifications",
        parameters=[
            OpenApiParameter("recipient", UUID),
            OpenApiParameter("template", str),
            OpenApiParameter("status", str, enum=list(Status)),
            OpenApiParameter("ordering", str, description="created_at, -created_at (default)"),
            *PAGE,
        ],
        responses=serializers.NotificationPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List notifications with their deliveries, the latest first."""
        given = {name: values for name, values in request.query_params.lists() if name not in _NOT_FILTERS}
        if repeated := [name for name, values in given.items() if len(values) > 1]:
            raise InvalidFilter(f"{repeated[0][:40]}: given more than once")
        rows = selectors.notifications({name: value for name, (value,) in given.items()})
        return _NOTIFICATIONS.respond(request, rows, notification_json)

    @extend_schema(
        operation_id="create_notification",
        request=serializers.NewNotificationSerializer,
        responses={202: serializers.NotificationSerializer},
    )
    @idempotent(NotificationsIdempotency, route="POST /notifications")
    def post(self, request: Request) -> Response:
        """Have a customer told something; it is sent within seconds."""
        body = read_body(serializers.NewNotificationSerializer, request)
        made = notifications.notification_accept(**{"data": {}, **body})
        response = _notification(made, status=202)
        response["Location"] = f"/api/notifications/notifications/{made.id}"
        return response


class NotificationView(NotificationsView):
    """One notification."""

    @extend_schema(operation_id="get_notification", responses=serializers.NotificationSerializer)
    def get(self, request: Request, notification_id: UUID) -> Response:
        """Read a notification with its deliveries."""
        return _notification(selectors.notification(notification_id))


class CancelView(NotificationsView):
    """The step to cancelled."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="cancel_notification",
        request=serializers.EmptySerializer,
        responses={200: serializers.NotificationSerializer},
    )
    @idempotent(NotificationsIdempotency, route="POST /notifications/:cancel")
    def post(self, request: Request, notification_id: UUID) -> Response:
        """Let a notification not be sent that nobody has begun to send."""
        read_body(serializers.EmptySerializer, request)
        return _notification(notifications.notification_cancel(notification_id=notification_id))


class ResendView(NotificationsView):
    """Another try."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="resend_notification",
        request=serializers.EmptySerializer,
        responses={200: serializers.NotificationSerializer},
    )
    @idempotent(NotificationsIdempotency, route="POST /notifications/:resend")
    def post(self, request: Request, notification_id: UUID) -> Response:
        """Send a notification again that failed, or that may have arrived; it may come twice then."""
        read_body(serializers.EmptySerializer, request)
        return _notification(notifications.notification_resend(notification_id=notification_id))


class TemplatesView(NotificationsView):
    """What notifications say."""

    @extend_schema(operation_id="list_templates", responses=serializers.TemplateListSerializer)
    def get(self, request: Request) -> Response:
        """List templates with the variables that each takes."""
        return Response({"data": [template_json(name, kind) for name, kind in KINDS.items()]})


def _notification(row: Notification, *, status: int = 200) -> Response:
    return Response(notification_json(row), status=status)
