"""Reservations over REST: parse, call once, render."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.inventory import selectors, serializers
from monolith.inventory.domain import TTL_DEFAULT_S
from monolith.inventory.models import InventoryIdempotency
from monolith.inventory.representations import reservation_json
from monolith.inventory.services import reservations
from monolith.inventory.views.common import WRITE, InventoryView
from strangler.hosting.rest.etags import conditional, etag_of_body
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_NONE_MATCH
from strangler.hosting.rest.views import read_body


class ReservationsView(InventoryView):
    """All reservations."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="create_reservation",
        request=serializers.NewReservationSerializer,
        responses={201: serializers.ReservationSerializer, 200: serializers.ReservationSerializer},
    )
    @idempotent(InventoryIdempotency, route="POST /reservations")
    def post(self, request: Request) -> Response:
        """
        Set stock aside for an order, all lines or none.

        An order has one reservation: the same lines again are answered 200 with it as it is now.
        """
        body = read_body(serializers.NewReservationSerializer, request)
        done = reservations.reservation_create(
            order_id=body["order_id"],
            lines=body["lines"],
            actor=request.user.subject,
            ttl_s=body.get("ttl_seconds", TTL_DEFAULT_S),
            allow_split=body.get("allow_split", False),
        )
        response = _reservation(done.reservation.id, status=201 if done.made else 200)
        response["Location"] = f"/api/inventory/reservations/{done.reservation.id}"
        return response


class ReservationView(InventoryView):
    """One reservation."""

    @extend_schema(
        operation_id="get_reservation", parameters=[IF_NONE_MATCH], responses=serializers.ReservationSerializer
    )
    def get(self, request: Request, reservation_id: UUID) -> Response:
        """Read a reservation; an active one whose time has come is expired already."""
        response = _reservation(reservation_id)
        return conditional(request, response, etag_of_body(JSONRenderer().render(response.data)))


class ReservationCommitView(InventoryView):
    """The step to committed."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="commit_reservation",
        request=serializers.EmptySerializer,
        responses={200: serializers.ReservationSerializer},
    )
    @idempotent(InventoryIdempotency, route="POST /reservations/:commit")
    def post(self, request: Request, reservation_id: UUID) -> Response:
        """Take the reserved units out of stock: they are shipped."""
        read_body(serializers.EmptySerializer, request)
        reservations.reservation_commit(reservation_id=reservation_id, actor=request.user.subject)
        return _reservation(reservation_id)


class ReservationReleaseView(InventoryView):
    """The step to released."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="release_reservation",
        request=serializers.ReasonSerializer,
        responses={200: serializers.ReservationSerializer},
    )
    @idempotent(InventoryIdempotency, route="POST /reservations/:release")
    def post(self, request: Request, reservation_id: UUID) -> Response:
        """Give the reserved units back."""
        reason = read_body(serializers.ReasonSerializer, request).get("reason", "")
        reservations.reservation_release(reservation_id=reservation_id, actor=request.user.subject, reason=reason)
        return _reservation(reservation_id)


class ReservationExtendView(InventoryView):
    """More time."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="extend_reservation",
        request=serializers.ExtensionSerializer,
        responses={200: serializers.ReservationSerializer},
    )
    @idempotent(InventoryIdempotency, route="POST /reservations/:extend")
    def post(self, request: Request, reservation_id: UUID) -> Response:
        """Let an active reservation last so much longer from now; it never becomes shorter."""
        ttl = timedelta(seconds=read_body(serializers.ExtensionSerializer, request)["ttl_seconds"])
        reservations.reservation_extend(reservation_id=reservation_id, until=timezone.now() + ttl)
        return _reservation(reservation_id)


def _reservation(reservation_id: UUID, *, status: int = 200) -> Response:
    return Response(reservation_json(selectors.reservation(reservation_id)), status=status)
