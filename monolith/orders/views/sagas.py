"""Sagas over REST, for staff: the queue of those that wait for a person, and what a person does."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.orders import selectors, serializers
from monolith.orders.contract import InvalidFilter, SagaState
from monolith.orders.models import OrdersIdempotency
from monolith.orders.representations import saga_json
from monolith.orders.services import sagas
from monolith.orders.views.common import READ, WRITE, OrdersView
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import PAGE
from strangler.hosting.rest.views import read_body

_SAGAS = Pager(orderings={"created_at": ("created_at", "id")}, default="created_at")
_NOT_FILTERS = {"cursor", "limit", "ordering", "include", "format"}


class SagasView(OrdersView):
    """All sagas."""

    scopes = {"GET": READ, "HEAD": READ}

    @extend_schema(
        operation_id="list_sagas",
        parameters=[
            OpenApiParameter("state", str, enum=list(SagaState)),
            OpenApiParameter("ordering", str, description="created_at (default), -created_at"),
            *PAGE,
        ],
        responses=serializers.SagaPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List sagas, the oldest first; `?state=failed_needs_operator` is the operators' queue."""
        given = {name: values for name, values in request.query_params.lists() if name not in _NOT_FILTERS}
        if repeated := [name for name, values in given.items() if len(values) > 1]:
            raise InvalidFilter(f"{repeated[0][:40]}: given more than once")
        return _SAGAS.respond(request, selectors.sagas({name: value for name, (value,) in given.items()}), saga_json)


class SagaView(OrdersView):
    """One saga."""

    scopes = {"GET": READ, "HEAD": READ}

    @extend_schema(operation_id="get_saga", responses=serializers.SagaSerializer)
    def get(self, request: Request, saga_id: UUID) -> Response:
        """Read how far a saga is, and each step that it took."""
        return Response(saga_json(selectors.saga(saga_id)))


class RetryView(OrdersView):
    """Let it go on."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="retry_saga",
        request=serializers.EmptySerializer,
        responses={202: serializers.SagaSerializer},
    )
    @idempotent(OrdersIdempotency, route="POST /sagas/:retry")
    def post(self, request: Request, saga_id: UUID) -> Response:
        """Let a saga that waits for a person go on where it stopped; what was to be reviewed counts as approved."""
        read_body(serializers.EmptySerializer, request)
        sagas.saga_retry(saga_id=saga_id, actor=request.user.subject)
        return Response(saga_json(selectors.saga(saga_id)), status=202)


class CompensateView(OrdersView):
    """Undo it."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="compensate_saga",
        request=serializers.ReasonSerializer,
        responses={202: serializers.SagaSerializer},
    )
    @idempotent(OrdersIdempotency, route="POST /sagas/:compensate")
    def post(self, request: Request, saga_id: UUID) -> Response:
        """Undo a saga that waits for a person: its order is rejected, or cancelled if it was confirmed already."""
        reason = read_body(serializers.ReasonSerializer, request).get("reason", "")
        sagas.saga_compensate(saga_id=saga_id, actor=request.user.subject, reason=reason)
        return Response(saga_json(selectors.saga(saga_id)), status=202)
