"""What is known of recipients over REST: parse, call once, render."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.notifications import selectors, serializers
from monolith.notifications.representations import suppression_json
from monolith.notifications.services import notifications
from monolith.notifications.views.common import READ, WRITE, NotificationsView
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.openapi import PAGE
from strangler.hosting.rest.views import one_transaction, read_body

_SUPPRESSIONS = Pager(orderings={"created_at": ("created_at", "id")}, default="-created_at")


class PreferenceView(NotificationsView):
    """What one customer wants."""

    scopes = {"GET": READ, "HEAD": READ, "PUT": WRITE}

    @extend_schema(operation_id="get_preference", responses=serializers.PreferenceSerializer)
    def get(self, request: Request, recipient: UUID) -> Response:
        """Read whether somebody wants marketing; who never said so does not."""
        return Response({"marketing": selectors.wants_marketing(recipient)})

    @extend_schema(
        operation_id="set_preference",
        request=serializers.PreferenceGivenSerializer,
        responses=serializers.PreferenceSerializer,
    )
    @one_transaction
    def put(self, request: Request, recipient: UUID) -> Response:
        """Say whether somebody wants marketing; whatever else is sent does not depend on it."""
        body = read_body(serializers.PreferenceGivenSerializer, request)
        row = notifications.preference_set(recipient=recipient, marketing=body["marketing"])
        return Response({"marketing": row.marketing})


class SuppressionsView(NotificationsView):
    """Addresses to which nothing is sent."""

    @extend_schema(
        operation_id="list_suppressions", parameters=[*PAGE], responses=serializers.SuppressionPageSerializer
    )
    def get(self, request: Request) -> Response:
        """List addresses to which nothing is sent, the latest first."""
        return _SUPPRESSIONS.respond(request, selectors.suppressions(), suppression_json)


class SuppressionView(NotificationsView):
    """One of them."""

    scopes = {"DELETE": WRITE}

    @extend_schema(operation_id="lift_suppression", responses={204: None})
    @one_transaction
    def delete(self, request: Request, suppression_id: UUID) -> Response:
        """Let mail be sent to an address again."""
        notifications.suppression_lift(suppression_id=suppression_id)
        return Response(status=204)
