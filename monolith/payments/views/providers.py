"""Providers, their webhooks and the comparison of books over REST: parse, call once, render."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.payments import providers, selectors, serializers
from monolith.payments.codes import PaymentsCode
from monolith.payments.models import PaymentAttempt, PaymentsIdempotency
from monolith.payments.providers import WebhookInvalid
from monolith.payments.representations import provider_json, reconciliation_json
from monolith.payments.services import reconciliations, webhooks
from monolith.payments.views.common import WRITE, PaymentsView, reference, told_when_asked
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.views import one_transaction, read_body
from strangler.hosting.rest.webhooks import HEADER


class ProvidersView(PaymentsView):
    """All providers."""

    @extend_schema(operation_id="list_providers", responses=serializers.ProviderListSerializer)
    def get(self, request: Request) -> Response:
        """List providers in the order in which they are asked."""
        return Response({"data": [provider_json(name) for name in providers.names()]})


class ReconciliationsView(PaymentsView):
    """Comparisons of books."""

    scopes = {"POST": WRITE}

    def became(self, reconciliation_id: UUID, _: PaymentAttempt | None) -> Response:
        """Answer what was found: 202 while the provider has not answered."""
        row = selectors.reconciliation(reconciliation_id)
        assert row is not None
        response = Response(reconciliation_json(row), status=202 if row.finished_at is None else 201)
        response["Location"] = f"/api/payments/reconciliations/{row.id}"
        return response

    @extend_schema(
        operation_id="create_reconciliation",
        request=serializers.NewReconciliationSerializer,
        responses={201: serializers.ReconciliationSerializer, 202: serializers.ReconciliationSerializer},
    )
    @told_when_asked
    @idempotent(PaymentsIdempotency, route="POST /reconciliations")
    def post(self, request: Request) -> Response:
        """Compare our books of a day with a provider's."""
        body = read_body(serializers.NewReconciliationSerializer, request)
        return reference(reconciliations.reconciliation_create(provider=body["provider"], day=body["date"]).id, None)


class ReconciliationView(PaymentsView):
    """One comparison."""

    @extend_schema(operation_id="get_reconciliation", responses=serializers.ReconciliationSerializer)
    def get(self, request: Request, reconciliation_id: UUID) -> Response:
        """Read what was found."""
        row = selectors.reconciliation(reconciliation_id)
        if row is None:
            raise Problem(RestCode.NOT_FOUND, f"There is no reconciliation {reconciliation_id}.")
        return Response(reconciliation_json(row))


class WebhooksView(PaymentsView):
    """Where providers tell of outcomes; the signature proves who they are."""

    scopes = {}
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="receive_webhook",
        parameters=[OpenApiParameter(HEADER, str, "header", required=True, description="t=<unix seconds>,v1=<hex>")],
        request={"application/json": {"type": "object"}},
        responses=serializers.ReceivedSerializer,
    )
    @one_transaction
    def post(self, request: Request, provider: str) -> Response:
        """Keep a delivery; it has its effect later, once, however often and in whatever order it comes."""
        body = request._request.body
        try:
            webhooks.webhook_keep(
                provider=provider, body=body, signature=request.headers.get(HEADER), payload=request.data
            )
        except WebhookInvalid as invalid:
            raise Problem(PaymentsCode.SIGNATURE_INVALID, str(invalid)) from invalid
        return Response({"received": True})
