"""Payment intents over REST: parse, call once, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.payments import selectors, serializers
from monolith.payments.contract import CaptureMethod
from monolith.payments.contract import PaymentStatus as Status
from monolith.payments.models import PaymentAttempt, PaymentIntent, PaymentsIdempotency
from monolith.payments.representations import REPRESENTATION, intent_json
from monolith.payments.services import intents
from monolith.payments.views.common import (
    READ,
    WRITE,
    OwnView,
    PaymentsView,
    reference,
    refuse_failure,
    told_when_asked,
)
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.etags import conditional, etag
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_NONE_MATCH, PAGE
from strangler.hosting.rest.scopes import HasScope
from strangler.hosting.rest.views import read_body

_INTENTS = Pager(orderings={"created_at": ("created_at", "id")}, default="-created_at")
_STEP = {200: serializers.IntentSerializer, 202: serializers.IntentSerializer}


class IntentsView(OwnView):
    """All payments."""

    scopes = {"GET": READ, "HEAD": READ, "POST": WRITE}

    def get_permissions(self) -> list[Any]:
        """What an order costs, no customer says."""
        return [HasScope()] if self.request.method == "POST" else super().get_permissions()

    @extend_schema(
        operation_id="list_payment_intents",
        parameters=[
            OpenApiParameter("order_id", str),
            OpenApiParameter("ordering", str, description="created_at, -created_at (default)"),
            *PAGE,
        ],
        responses=serializers.IntentPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List payments, the latest first; a customer sees their own."""
        rows = selectors.intents_by_order(request.query_params.get("order_id"), customer=self.customer(request))
        return _INTENTS.respond(request, rows, intent_json)

    @extend_schema(
        operation_id="create_payment_intent",
        request=serializers.NewIntentSerializer,
        responses={201: serializers.IntentSerializer, 200: serializers.IntentSerializer},
    )
    @idempotent(PaymentsIdempotency, route="POST /payment-intents")
    def post(self, request: Request) -> Response:
        """
        Make the payment of an order's attempt; no provider is asked yet.

        The same particulars again are answered 200.
        """
        body = read_body(serializers.NewIntentSerializer, request)
        done = intents.intent_create(
            order_id=body["order_id"],
            attempt=body.get("attempt", 1),
            customer=body["customer"],
            amount=body["amount"],
            capture_method=CaptureMethod(body.get("capture_method", CaptureMethod.MANUAL)),
            payment_method=body.get("payment_method"),
            actor=request.user.subject,
        )
        response = _intent(selectors.intent(done.intent.id), status=201 if done.made else 200)
        response["Location"] = f"/api/payments/payment-intents/{done.intent.id}"
        return response


class IntentView(OwnView):
    """One payment."""

    @extend_schema(
        operation_id="get_payment_intent", parameters=[IF_NONE_MATCH], responses=serializers.IntentSerializer
    )
    def get(self, request: Request, intent_id: UUID) -> Response:
        """Read a payment."""
        row = selectors.intent(intent_id, customer=self.customer(request))
        return conditional(request, _intent(row), _tag(row))


class _Step:
    """A step that a provider is asked for."""

    def became(self, intent_id: UUID, attempt: PaymentAttempt | None) -> Response:
        """Answer the payment: 202 while it is not known what came of it."""
        row = selectors.intent(intent_id)
        return _intent(row, status=202 if row.status == Status.PROCESSING else 200)


class ConfirmView(_Step, OwnView):
    """The step to authorised."""

    scopes = {"POST": WRITE}

    def became(self, intent_id: UUID, attempt: PaymentAttempt | None) -> Response:
        refuse_failure(attempt)
        return super().became(intent_id, attempt)

    @extend_schema(operation_id="confirm_payment_intent", request=serializers.ConfirmationSerializer, responses=_STEP)
    @told_when_asked
    @idempotent(PaymentsIdempotency, route="POST /payment-intents/:confirm")
    def post(self, request: Request, intent_id: UUID) -> Response:
        """
        Have the amount set aside, by the customer whose payment it is or by the shop.

        402 when it was declined; 200 with `requires_action` when the customer is to act; 202 while it is not known.
        """
        selectors.intent(intent_id, customer=self.customer(request))
        body = read_body(serializers.ConfirmationSerializer, request)
        done = intents.intent_confirm(
            intent_id=intent_id, payment_method=body.get("payment_method"), actor=request.user.subject
        )
        return reference(intent_id, done.attempt)


class CaptureView(_Step, PaymentsView):
    """The step to succeeded."""

    scopes = {"POST": WRITE}

    @extend_schema(operation_id="capture_payment_intent", request=serializers.CaptureSerializer, responses=_STEP)
    @told_when_asked
    @idempotent(PaymentsIdempotency, route="POST /payment-intents/:capture")
    def post(self, request: Request, intent_id: UUID) -> Response:
        """Take what was authorised, once; what is not taken is free again."""
        amount = read_body(serializers.CaptureSerializer, request).get("amount")
        done = intents.intent_capture(intent_id=intent_id, amount=amount, actor=request.user.subject)
        return reference(intent_id, done.attempt)


class CancelView(_Step, PaymentsView):
    """The step to canceled."""

    scopes = {"POST": WRITE}

    @extend_schema(operation_id="cancel_payment_intent", request=serializers.ReasonSerializer, responses=_STEP)
    @told_when_asked
    @idempotent(PaymentsIdempotency, route="POST /payment-intents/:cancel")
    def post(self, request: Request, intent_id: UUID) -> Response:
        """Give a payment up: what is set aside is free again."""
        reason = read_body(serializers.ReasonSerializer, request).get("reason", "")
        done = intents.intent_cancel(intent_id=intent_id, reason=reason, actor=request.user.subject)
        return reference(intent_id, done.attempt)


def _tag(row: PaymentIntent) -> str:
    return etag(version=row.version, representation=REPRESENTATION)


def _intent(row: PaymentIntent, *, status: int = 200) -> Response:
    return Response(intent_json(row), status=status, headers={"ETag": _tag(row)})
