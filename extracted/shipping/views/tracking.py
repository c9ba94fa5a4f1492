"""What carriers tell, and what anybody may know who has a number."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from extracted.shipping import selectors, serializers
from extracted.shipping.representations import tracked_json
from extracted.shipping.services import tracking
from extracted.shipping.views.common import ShippingView
from strangler.hosting.rest import webhooks
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.views import one_transaction

_WEBHOOK_BYTES_MAX = 65_536


class TrackView(ShippingView):
    """The public page of a parcel."""

    authentication_classes = ()

    @extend_schema(operation_id="track", responses=serializers.PublicTrackingSerializer)
    def get(self, request: Request, tracking_number: str) -> Response:
        """Read where a parcel is: neither who gets it, nor in which street, nor what is in it."""
        return Response(tracked_json(selectors.tracked(tracking_number)))


class WebhooksView(ShippingView):
    """Where carriers tell what they have seen; their signature is their scope."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="receive_webhook",
        parameters=[OpenApiParameter(webhooks.HEADER, str, "header", required=True, description="t=<unix>,v1=<hex>")],
        request=OpenApiTypes.OBJECT,
        responses={204: None},
    )
    @one_transaction
    def post(self, request: Request, carrier: str) -> Response:
        """Keep a signed tracking event as it is; it has its effect a moment later, once, in whatever order it comes."""
        body = request._request.body
        if len(body) > _WEBHOOK_BYTES_MAX:
            raise Problem(RestCode.PAYLOAD_TOO_LARGE)
        tracking.webhook_keep(carrier=carrier, body=body, signature=request.headers.get(webhooks.HEADER))
        return Response(status=204)
