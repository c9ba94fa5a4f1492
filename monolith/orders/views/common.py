"""What every view of orders does: say who may see what, and ask others before anything is written."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

from rest_framework.exceptions import APIException
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.orders import selectors
from monolith.orders.codes import OrdersCode
from monolith.orders.contract import UnknownOrder
from monolith.orders.representations import REPRESENTATION, order_json
from monolith.shipping.contract import CarrierUnavailable
from strangler.errors import ContractError
from strangler.hosting.rest.etags import etag
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.scopes import has_scope
from strangler.hosting.rest.views import RestView
from strangler.transport.errors import RemoteCallError

OWN, READ, WRITE = "orders:own", "orders:read", "orders:write"
_RETRY_AFTER_S = "2"
H = TypeVar("H", bound=Callable[..., Any])


class OwnOrStaff(BasePermission):
    """Let customers pass with the scope for what is theirs, and staff; which rows they meet, the views ask."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return has_scope(request, OWN) or has_scope(request, WRITE if request.method == "POST" else READ)


class OrdersView(RestView):
    """Refuses with the orders' codes."""

    codes = OrdersCode

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, (RemoteCallError, CarrierUnavailable)):
            headers = {"Retry-After": _RETRY_AFTER_S}
            exc = Problem(OrdersCode.NEIGHBOUR_UNAVAILABLE, "Repeat in a moment.", headers=headers)
        return super().handle_exception(exc)


class OwnView(OrdersView):
    """For customers and staff: what is somebody else's is not there."""

    permission_classes = (OwnOrStaff,)

    def seen_by(self, request: Request) -> UUID | None:
        """
        Return whose orders the principal meets; None for all of them.

        Raises:
            UnknownOrder: the principal is no customer, so none is theirs.
        """
        if has_scope(request, WRITE if request.method == "POST" else READ):
            return None
        customer = customer_of(request)
        if customer is None:
            raise UnknownOrder("There is no such order.")
        return customer


def customer_of(request: Request) -> UUID | None:
    """Return which customer asks; None for somebody else."""
    try:
        return UUID(str(getattr(request.user, "subject", "")))
    except ValueError:
        return None


def asks_first(gather: Callable[[Any, Request], object]) -> Callable[[H], H]:
    """
    Ask others before the handler below begins its transaction, and hand it what they say.

    Refusals are kept for the handler as well, which raises them once it has asserted that these rows are ours (R2).
    """

    def decorate(handler: H) -> H:
        @functools.wraps(handler)
        def asked(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
            try:
                answer = gather(view, request)
            except (APIException, ContractError, RemoteCallError) as refusal:
                answer = refusal
            return handler(view, request, answer, *args, **kwargs)

        return cast(H, asked)

    return decorate


def order_response(order_id: UUID, *, seen_by: UUID | None = None, status: int = 200) -> Response:
    """Answer an order as it is now, with its validator."""
    row = selectors.order(order_id, seen_by=seen_by)
    tag = etag(version=row.version, representation=REPRESENTATION)
    return Response(order_json(row), status=status, headers={"ETag": tag})
