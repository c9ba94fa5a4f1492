"""Refunds over REST: parse, call once, render."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.kernel.ids import uuid7
from monolith.payments import selectors, serializers
from monolith.payments.contract import RefundStatus
from monolith.payments.models import PaymentAttempt, PaymentsIdempotency, Refund
from monolith.payments.representations import REPRESENTATION, refund_json
from monolith.payments.services import refunds
from monolith.payments.views.common import WRITE, OwnView, PaymentsView, reference, told_when_asked
from strangler.hosting.rest.etags import conditional, etag
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_NONE_MATCH
from strangler.hosting.rest.views import read_body


class RefundsView(PaymentsView):
    """All refunds."""

    scopes = {"POST": WRITE}

    def became(self, refund_id: UUID, attempt: PaymentAttempt | None) -> Response:
        """Answer the refund: 202 while it is not known what came of it."""
        row = selectors.refund(refund_id)
        response = _refund(row, status=202 if row.status == RefundStatus.PENDING else 201)
        response["Location"] = f"/api/payments/refunds/{refund_id}"
        return response

    @extend_schema(
        operation_id="create_refund",
        request=serializers.NewRefundSerializer,
        responses={201: serializers.RefundSerializer, 202: serializers.RefundSerializer},
    )
    @told_when_asked
    @idempotent(PaymentsIdempotency, route="POST /refunds")
    def post(self, request: Request) -> Response:
        """Give captured money back, never more than was captured; a provider's refusal shows in the status."""
        body = read_body(serializers.NewRefundSerializer, request)
        row, attempt = refunds.refund_create(
            refund_id=body.get("id") or uuid7(),
            intent_id=body["payment_intent"],
            amount=body.get("amount"),
            reason=body.get("reason", ""),
            actor=request.user.subject,
        )
        return reference(row.id, attempt)


class RefundView(OwnView):
    """One refund."""

    @extend_schema(operation_id="get_refund", parameters=[IF_NONE_MATCH], responses=serializers.RefundSerializer)
    def get(self, request: Request, refund_id: UUID) -> Response:
        """Read a refund."""
        row = selectors.refund(refund_id, customer=self.customer(request))
        return conditional(request, _refund(row), _tag(row))


def _tag(row: Refund) -> str:
    return etag(version=row.version, representation=REPRESENTATION)


def _refund(row: Refund, *, status: int = 200) -> Response:
    return Response(refund_json(row), status=status, headers={"ETag": _tag(row)})
