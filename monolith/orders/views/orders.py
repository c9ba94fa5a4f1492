"""Orders over REST: parse, call once, render."""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.kernel.ids import uuid7
from monolith.orders import pricing, selectors, serializers
from monolith.orders.codes import OrdersCode
from monolith.orders.contract import (
    CartExpired,
    InvalidFilter,
    OrderStatus,
    OutOfBounds,
    PriceChanged,
    RejectReason,
    UnknownCart,
    VersionConflict,
)
from monolith.orders.domain import BEFORE_PIVOT
from monolith.orders.models import Cart, Order, OrdersIdempotency
from monolith.orders.pricing import Priced
from monolith.orders.representations import history_json, order_json, saga_json
from monolith.orders.saga.engine import Engine
from monolith.orders.services import carts, orders
from monolith.orders.services.orders import NewOrder
from monolith.orders.views.carts import TOKEN_HEADER
from monolith.orders.views.common import OWN, READ, OrdersView, OwnView, asks_first, customer_of, order_response
from strangler.fence import Moved
from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.etags import conditional
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_NONE_MATCH, PAGE
from strangler.hosting.rest.problems import Problem
from strangler.hosting.rest.scopes import HasScope
from strangler.hosting.rest.views import read_body

_ORDERS = Pager(orderings={"placed_at": ("placed_at", "id")}, default="-placed_at", aside=frozenset({"wait"}))
_NOT_FILTERS = {"cursor", "limit", "ordering", "include", "format"}
_OWN = {"GET": OWN, "HEAD": OWN}
_WAIT = re.compile(r"(10|[0-9])s?")
_PAUSE_S = 0.1
_REJECTED = {
    RejectReason.OUT_OF_STOCK: OrdersCode.INSUFFICIENT_STOCK,
    RejectReason.PAYMENT_DECLINED: OrdersCode.PAYMENT_DECLINED,
    RejectReason.RISK_DECLINED: OrdersCode.RISK_DECLINED,
    RejectReason.PRICE_CHANGED: OrdersCode.PRICE_CHANGED,
    RejectReason.UNDELIVERABLE: OrdersCode.ADDRESS_UNDELIVERABLE,
    RejectReason.TIMEOUT: OrdersCode.CHECKOUT_TIMED_OUT,
}
H = TypeVar("H", bound=Callable[..., Any])


class _Seen(NamedTuple):
    """A cart as it was when its prices were asked for."""

    version: int
    priced: Priced


def _gather(view: Any, request: Request) -> _Seen:
    """Ask what the cart costs now."""
    body = read_body(serializers.NewOrderSerializer, request)
    cart = _cart(request, body["cart_id"])
    wanted = {line.sku: line.qty for line in cart.lines.all()}
    option_id, address = body["shipping_option_id"], body["address"]
    return _Seen(cart.version, pricing.price(wanted, currency=cart.currency, option_id=option_id, address=address))


def waits(handler: H) -> H:
    """
    Answer how the order is once the client has waited: `?wait=5s` takes its checkout's steps here, at most so long.

    The handler below is one atomic block, which remembers under the key *which* order was placed.
    """

    @functools.wraps(handler)
    def waited(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        wait_s = _wait_s(request)
        recorded = handler(view, request, *args, **kwargs)
        body = recorded.data if isinstance(recorded, Response) else json.loads(recorded.content)
        order_id = UUID(body["id"])
        with suppress(Moved):  # the other home goes on
            _take_steps(order_id, time.monotonic() + wait_s)
        response = _became(order_id)
        if recorded.has_header("Idempotent-Replayed"):
            response["Idempotent-Replayed"] = "true"
        return response

    return cast(H, waited)


class AllOrdersView(OwnView):
    """All orders; a customer meets their own."""

    scopes = {**_OWN, "POST": OWN}

    def get_permissions(self) -> list[Any]:
        return [HasScope()] if self.request.method == "POST" else super().get_permissions()

    @extend_schema(
        operation_id="list_orders",
        parameters=[
            OpenApiParameter("status", str, enum=list(OrderStatus)),
            OpenApiParameter("number", str, description="as people say it"),
            OpenApiParameter("customer_id", str, description="for staff"),
            OpenApiParameter("ordering", str, description="placed_at, -placed_at (default)"),
            *PAGE,
        ],
        responses=serializers.OrderPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List orders, the latest first."""
        given = {name: values for name, values in request.query_params.lists() if name not in _NOT_FILTERS}
        if repeated := [name for name, values in given.items() if len(values) > 1]:
            raise InvalidFilter(f"{repeated[0][:40]}: given more than once")
        filters = {name: value for name, (value,) in given.items()}
        return _ORDERS.respond(request, selectors.orders(filters, seen_by=self.seen_by(request)), order_json)

    @extend_schema(
        operation_id="place_order",
        parameters=[OpenApiParameter("wait", str, description="such as 5s, at most 10s: how long to wait for the end")],
        request=serializers.NewOrderSerializer,
        responses={202: serializers.OrderSerializer, 201: serializers.OrderSerializer},
    )
    @waits
    @asks_first(_gather)
    @idempotent(OrdersIdempotency, route="POST /orders")
    def post(self, request: Request, seen: object) -> Response:
        """
        Order what is in a cart, at the price that was seen.

        202 while the checkout is under way: read the order at Location. 201 when it was confirmed while the client
        waited, a problem when it was rejected meanwhile.
        """
        body = read_body(serializers.NewOrderSerializer, request)
        cart = _cart(request, body["cart_id"])
        if carts.is_over(cart):
            raise CartExpired("The cart has expired, or its order was placed: begin another.")
        priced = _priced(seen, cart)
        if priced.total != body["expected_total"]:
            expected, total = body["expected_total"].to_json(), priced.total.to_json()
            raise PriceChanged(f"It costs {priced.total} now.", expected=expected, total=total)
        customer_id = customer_of(request)
        if customer_id is None:
            raise Problem(RestCode.PERMISSION_DENIED, "Orders are placed by customers.")
        placed = orders.order_place(
            new=NewOrder(
                order_id=body.get("id") or uuid7(),
                customer_id=customer_id,
                cart_id=cart.id,
                lines=priced.lines,
                shipping=priced.promise.price,
                shipping_option_id=priced.option_id,
                promise=priced.promise,
                address=body["address"],
                billing=body.get("billing_address"),
                payment_method=body["payment_method_token"],
            ),
            actor=str(customer_id),
        )
        return Response({"id": str(placed.order.id)}, status=202)


class OrderView(OwnView):
    """One order."""

    scopes = _OWN

    @extend_schema(operation_id="get_order", parameters=[IF_NONE_MATCH], responses=serializers.OrderSerializer)
    def get(self, request: Request, order_id: UUID) -> Response:
        """Read an order."""
        response = order_response(order_id, seen_by=self.seen_by(request))
        return conditional(request, response, response["ETag"])


class HistoryView(OwnView):
    """What became of an order."""

    scopes = _OWN

    @extend_schema(operation_id="get_order_history", responses=serializers.HistorySerializer)
    def get(self, request: Request, order_id: UUID) -> Response:
        """Read every status that an order had, the first one first."""
        row = selectors.order(order_id, seen_by=self.seen_by(request))
        return Response({"data": [history_json(step) for step in selectors.history(row)]})


class CancelView(OwnView):
    """The step to cancelled."""

    scopes = {"POST": OWN}

    @extend_schema(
        operation_id="cancel_order",
        request=serializers.ReasonSerializer,
        responses={202: serializers.OrderSerializer},
    )
    @idempotent(OrdersIdempotency, route="POST /orders/:cancel")
    def post(self, request: Request, order_id: UUID) -> Response:
        """
        Give up an order that has not left.

        It is `cancelling` until all is undone; should a carrier have taken it meanwhile, it goes on.
        """
        selectors.order(order_id, seen_by=self.seen_by(request))
        reason = read_body(serializers.ReasonSerializer, request).get("reason", "")
        orders.order_cancel(order_id=order_id, actor=request.user.subject, reason=reason)
        return order_response(order_id, status=202)


class ReturnsView(OwnView):
    """What will come back."""

    scopes = {"POST": OWN}

    @extend_schema(
        operation_id="request_return",
        request=serializers.ReturnSerializer,
        responses={202: serializers.OrderSerializer},
    )
    @idempotent(OrdersIdempotency, route="POST /orders/returns")
    def post(self, request: Request, order_id: UUID) -> Response:
        """
        Say that units of a delivered order will come back, all of them unless said otherwise.

        They are paid back when they are here. The label for the parcel is made by shipping.
        """
        selectors.order(order_id, seen_by=self.seen_by(request))
        body = read_body(serializers.ReturnSerializer, request)
        orders.return_request(
            order_id=order_id,
            wanted=_quantities(body["lines"]) if "lines" in body else None,
            actor=request.user.subject,
            reason=body.get("reason", ""),
        )
        return order_response(order_id, status=202)


class OrderSagaView(OrdersView):
    """How the checkout of an order goes, for staff."""

    scopes = {"GET": READ, "HEAD": READ}

    @extend_schema(operation_id="get_order_saga", responses=serializers.SagaSerializer)
    def get(self, request: Request, order_id: UUID) -> Response:
        """Read how far the saga of an order is, and each step that it took."""
        return Response(saga_json(selectors.saga_of(order_id)))


def _cart(request: Request, cart_id: UUID) -> Cart:
    token = request.headers.get(TOKEN_HEADER, "")
    return carts.check_theirs(selectors.cart(cart_id), customer_id=customer_of(request), token=token)


def _priced(seen: object, cart: Cart) -> Priced:
    """What others said counts for the cart as it was then; their refusals are raised here (R2)."""
    if isinstance(seen, Exception) and not isinstance(seen, UnknownCart):
        raise seen
    if not isinstance(seen, _Seen) or seen.version != cart.version:
        raise VersionConflict("The cart was changed meanwhile: read it again.")
    return seen.priced


def _take_steps(order_id: UUID, until: float) -> None:
    """Go on with a checkout until it has ended, somebody must act, or the time is over."""
    while time.monotonic() < until:
        Engine().run(until, order_id)
        row = selectors.order(order_id)
        if row.status not in BEFORE_PIVOT or row.action_url:
            return
        time.sleep(_PAUSE_S)


def _became(order_id: UUID) -> Response:
    row = selectors.order(order_id)
    if row.status == OrderStatus.REJECTED:
        raise _rejection(row)
    response = order_response(order_id, status=202 if row.status in BEFORE_PIVOT else 201)
    response["Location"] = _location(order_id)
    return response


def _rejection(row: Order) -> Problem:
    reason = row.status_history.last().reason
    code = _REJECTED[RejectReason(row.reject_reason)]
    return Problem(code, reason, headers={"Location": _location(row.id)}, extensions={"order_id": str(row.id)})


def _location(order_id: UUID) -> str:
    return f"/api/orders/orders/{order_id}"


def _wait_s(request: Request) -> int:
    raw = request.query_params.get("wait", "0")
    found = _WAIT.fullmatch(raw)
    if found is None:
        raise Problem(RestCode.INVALID_QUERY, f"wait: must be 0s to 10s, not {raw[:20]!r}.")
    return int(found[1])


def _quantities(lines: list[dict[str, Any]]) -> dict[str, int]:
    found = {line["sku"]: line["qty"] for line in lines}
    if len(found) < len(lines):
        raise OutOfBounds("Name each SKU once.")
    return found
