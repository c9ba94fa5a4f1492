"""Decisions over REST: parse, call once, render."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.risk import selectors, serializers
from monolith.risk.contract import InvalidFilter, Kind, Outcome
from monolith.risk.representations import decision_json
from monolith.risk.views.common import RiskView
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.openapi import PAGE

_DECISIONS = Pager(orderings={"decided_at": ("decided_at", "id")}, default="-decided_at")
_NOT_FILTERS = {"cursor", "limit", "ordering", "include", "format"}


class DecisionsView(RiskView):
    """Every decision."""

    @extend_schema(
        operation_id="list_decisions",
        parameters=[
            OpenApiParameter("kind", str, enum=list(Kind)),
            OpenApiParameter("subject_id", UUID, description="of an order"),
            OpenApiParameter("account", str),
            OpenApiParameter("outcome", str, enum=list(Outcome)),
            OpenApiParameter("rules_version", int, description="0: decided by what the program brings along"),
            OpenApiParameter("ordering", str, description="decided_at, -decided_at (default)"),
            *PAGE,
        ],
        responses=serializers.DecisionPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List decisions, the latest first."""
        given = {name: values for name, values in request.query_params.lists() if name not in _NOT_FILTERS}
        if repeated := [name for name, values in given.items() if len(values) > 1]:
            raise InvalidFilter(f"{repeated[0][:40]}: given more than once")
        rows = selectors.decisions({name: value for name, (value,) in given.items()})
        return _DECISIONS.respond(request, rows, decision_json)


class DecisionView(RiskView):
    """One decision."""

    @extend_schema(operation_id="get_decision", responses=serializers.DecisionSerializer)
    def get(self, request: Request, decision_id: UUID) -> Response:
        """Read a decision, with every reason and every figure."""
        return Response(decision_json(selectors.decision(decision_id)))
