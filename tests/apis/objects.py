"""
Whose the things are that routes name, app by app: a route with an id that is not listed here fails the test.

A customer's thing is `own`: its maker makes one for a customer and returns the values of the path. What is the shop's
is closed to customers whatever it is about; what is open says to which methods.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any

from django.utils import timezone

from extracted.shipping.models import Carrier, Shipment
from monolith.orders.models import Cart, Order
from monolith.payments.models import PaymentIntent, Refund
from monolith.shipping.contract import Address
from monolith.users.services.accounts import customer_register
from monolith.users.services.addresses import address_create

Maker = Callable[[uuid.UUID], Mapping[str, object]]
HOME = {"line1": "1 Elm Road", "city": "Reno", "region": "NV", "postal_code": "89502", "country": "US"}


@dataclass(frozen=True)
class Thing:
    """
    What a path names.

    Attributes:
        make: makes one that belongs to a customer; None where none ever does.
        values: of the path, where none is made.
        bodies: what its owner might send, by operation.
        open: methods for everybody.
    """

    make: Maker | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    bodies: Mapping[str, Any] = field(default_factory=dict)
    open: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Named:
    """
    What a field of a body names, where a customer may send it.

    Attributes:
        itself: the path at which its owner reads it.
        body: what is sent, given the values of the thing that is named.
    """

    make: Maker
    itself: str
    body: Callable[[Mapping[str, object]], Mapping[str, object]]


class Nobodys(Enum):
    """Why a field of a body names nothing that is a customer's."""

    SHOPS = "customers may not send it at all"
    FRESH = "whoever sends it makes it: the id of something new"
    SECRET = "whoever knows it may use it, and nobody is told another's"


def own(make: Maker, **bodies: Any) -> Thing:
    """Return a customer's thing."""
    return Thing(make=make, bodies=bodies)


def shops(**values: object) -> Thing:
    """Return what no customer reads or changes."""
    return Thing(values=values)


def open_to_all(*methods: str, **values: object) -> Thing:
    """Return what is nobody's, with the methods that are for everybody; the rest is the shop's."""
    return Thing(values=values, open=frozenset(methods))


def account(email: str) -> uuid.UUID:
    """Make an account and return whose it is."""
    return customer_register(email=email, password_hash="!", first_name="Ann").id


def _address(customer: uuid.UUID) -> Mapping[str, object]:
    return {"address_id": address_create(customer_id=customer, content=HOME).id}


def _payment(customer: uuid.UUID) -> PaymentIntent:
    return PaymentIntent.objects.create(
        order_id=uuid.uuid4(), attempt=1, customer=str(customer), amount=1000, currency="USD",
        capture_method="manual", expires_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip


def _intent(customer: uuid.UUID) -> Mapping[str, object]:
    return {"intent_id": _payment(customer).id}


def _refund(customer: uuid.UUID) -> Mapping[str, object]:
    return {"refund_id": Refund.objects.create(intent=_payment(customer), amount=1).id}


def _shipment(customer: uuid.UUID) -> Mapping[str, object]:
    carrier, _ = Carrier.objects.get_or_create(code="herald", name="Herald")
    place = asdict(Address(name="Ann", **HOME))
    made = Shipment.objects.create(
        order_id=uuid.uuid4(), customer_id=customer, carrier=carrier, service="courier", from_address=place,
        to_address=place, status="delivered",
    )  # fmt: skip
    made.lines.create(sku="MUG", qty=1)
    return {"shipment_id": made.id}


def _cart(customer: uuid.UUID) -> Mapping[str, object]:
    made = Cart.objects.create(customer_id=customer, currency="USD", expires_at=timezone.now() + timedelta(days=1))
    made.lines.create(sku="MUG", qty=1)
    return {"cart_id": made.id, "sku": "MUG"}


def _order(customer: uuid.UUID) -> Mapping[str, object]:
    place = asdict(Address(name="Ann", **HOME))
    made = Order.objects.create(
        number=uuid.uuid4().hex[:12], customer_id=customer, currency="USD", subtotal_minor=900, shipping_minor=100,
        total_minor=1000, shipping_address=place, billing_address=place, shipping_option_id="post", status="delivered",
        delivered_at=timezone.now(),
    )  # fmt: skip
    made.lines.create(sku="MUG", name="Mug", unit_price_minor=900, qty=1, total_minor=900)
    return {"order_id": made.id}


_ID = uuid.UUID(int=7)
_CATALOG, _INVENTORY, _USERS = "/api/catalog", "/api/inventory", "/api/users/users"
_MAIL = "/api/notifications"
_PAYMENTS, _SHIPPING, _RISK, _ORDERS = "/api/payments", "/api/shipping", "/api/risk", "/api/orders"
THINGS: Mapping[str, Thing] = {
    f"{_CATALOG}/categories/{{slug}}": open_to_all("get", slug="mugs"),
    f"{_CATALOG}/categories/{{slug}}/products": open_to_all("get", slug="mugs"),
    f"{_CATALOG}/products/{{ref}}": open_to_all("get", ref="mug"),
    f"{_CATALOG}/products/{{ref}}/media": shops(ref="mug"),
    f"{_CATALOG}/products/{{ref}}/picture.svg": open_to_all("get", ref="mug"),
    f"{_CATALOG}/products/{{ref}}/variants": shops(ref="mug"),
    f"{_CATALOG}/products/{{ref}}:archive": shops(ref="mug"),
    f"{_CATALOG}/products/{{ref}}:publish": shops(ref="mug"),
    f"{_CATALOG}/variants/{{variant_id}}": open_to_all("get", variant_id=_ID),
    f"{_CATALOG}/variants/{{variant_id}}/price": shops(variant_id=_ID),
    f"{_CATALOG}/variants/{{variant_id}}/prices": shops(variant_id=_ID),
    f"{_INVENTORY}/reservations/{{reservation_id}}": shops(reservation_id=_ID),
    f"{_INVENTORY}/reservations/{{reservation_id}}:commit": shops(reservation_id=_ID),
    f"{_INVENTORY}/reservations/{{reservation_id}}:extend": shops(reservation_id=_ID),
    f"{_INVENTORY}/reservations/{{reservation_id}}:release": shops(reservation_id=_ID),
    f"{_INVENTORY}/stock/{{sku}}": shops(sku="MUG"),
    f"{_INVENTORY}/stock/{{sku}}/adjustments": shops(sku="MUG"),
    f"{_INVENTORY}/stock/{{sku}}/receipts": shops(sku="MUG"),
    f"{_INVENTORY}/stock/{{sku}}/safety-stock": shops(sku="MUG"),
    f"{_INVENTORY}/warehouses/{{code}}": shops(code="EAST"),
    f"{_USERS}/me/addresses/{{address_id}}": own(_address, change_my_address={"city": "Sparks"}),
    f"{_USERS}/{{user_id}}": shops(user_id=_ID),
    f"{_USERS}/{{user_id}}:lock": shops(user_id=_ID),
    f"{_USERS}/{{user_id}}:unlock": shops(user_id=_ID),
    f"{_USERS}/{{user_id}}:disable": shops(user_id=_ID),
    f"{_USERS}/{{user_id}}:enable": shops(user_id=_ID),
    f"{_PAYMENTS}/payment-intents/{{intent_id}}": own(_intent),
    f"{_PAYMENTS}/payment-intents/{{intent_id}}:confirm": own(
        _intent, confirm_payment_intent={"payment_method": "tok_visa"}
    ),
    f"{_PAYMENTS}/payment-intents/{{intent_id}}:capture": own(_intent),
    f"{_PAYMENTS}/payment-intents/{{intent_id}}:cancel": own(_intent),
    f"{_PAYMENTS}/refunds/{{refund_id}}": own(_refund),
    f"{_PAYMENTS}/reconciliations/{{reconciliation_id}}": shops(reconciliation_id=_ID),
    f"{_PAYMENTS}/webhooks/{{provider}}": open_to_all("post", provider="sandbox_a"),
    f"{_SHIPPING}/shipments/{{shipment_id}}": own(_shipment),
    f"{_SHIPPING}/shipments/{{shipment_id}}/tracking": own(_shipment),
    f"{_SHIPPING}/shipments/{{shipment_id}}/returns": own(_shipment),
    f"{_SHIPPING}/shipments/{{shipment_id}}:buy-label": own(_shipment),
    f"{_SHIPPING}/shipments/{{shipment_id}}:cancel": own(_shipment),
    f"{_SHIPPING}/track/{{tracking_number}}": open_to_all("get", tracking_number="HE123"),
    f"{_SHIPPING}/webhooks/{{carrier}}": open_to_all("post", carrier="herald"),
    f"{_ORDERS}/carts/{{cart_id}}": own(_cart),
    f"{_ORDERS}/carts/{{cart_id}}:merge": own(_cart, merge_cart={"cart_id": str(_ID)}),
    f"{_ORDERS}/carts/{{cart_id}}/lines/{{sku}}": own(_cart, set_cart_line={"qty": 2}),
    f"{_ORDERS}/carts/{{cart_id}}/shipping-options": own(_cart),
    f"{_ORDERS}/orders/{{order_id}}": own(_order),
    f"{_ORDERS}/orders/{{order_id}}:cancel": own(_order),
    f"{_ORDERS}/orders/{{order_id}}/returns": own(_order, request_return={"lines": [{"sku": "MUG", "qty": 1}]}),
    f"{_ORDERS}/orders/{{order_id}}/history": own(_order),
    f"{_ORDERS}/orders/{{order_id}}/saga": own(_order),
    f"{_ORDERS}/sagas/{{saga_id}}": shops(saga_id=_ID),
    f"{_ORDERS}/sagas/{{saga_id}}:retry": shops(saga_id=_ID),
    f"{_ORDERS}/sagas/{{saga_id}}:compensate": shops(saga_id=_ID),
    f"{_MAIL}/notifications/{{notification_id}}": shops(notification_id=_ID),
    f"{_MAIL}/notifications/{{notification_id}}:cancel": shops(notification_id=_ID),
    f"{_MAIL}/notifications/{{notification_id}}:resend": shops(notification_id=_ID),
    f"{_MAIL}/preferences/{{recipient}}": shops(recipient=_ID),
    f"{_MAIL}/suppressions/{{suppression_id}}": shops(suppression_id=_ID),
    f"{_RISK}/decisions/{{decision_id}}": shops(decision_id=_ID),
    f"{_RISK}/rulesets/{{version}}": shops(version=1),
    f"{_RISK}/rulesets/{{version}}/dry-run": shops(version=1),
    f"{_RISK}/rulesets/{{version}}/history": shops(version=1),
    f"{_RISK}/rulesets/{{version}}:activate": shops(version=1),
    "/api/recommendations/{sku}": open_to_all("get", sku="MUG"),
}


_CART = f"{_ORDERS}/carts/{{cart_id}}"
_SHOPS, _FRESH, _SECRET = Nobodys.SHOPS, Nobodys.FRESH, Nobodys.SECRET


def _merge(named: Mapping[str, object]) -> Mapping[str, object]:
    return {"cart_id": str(named["cart_id"])}


def _purchase(named: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "cart_id": str(named["cart_id"]),
        "shipping_option_id": "post",
        "address": {"name": "Bob", **HOME},
        "payment_method_token": "tok_visa",
        "expected_total": {"amount": 1000, "currency": "USD"},
    }


BODIES: Mapping[str, Mapping[str, Named | Nobodys]] = {
    "orders": {
        "merge_cart.cart_id": Named(_cart, _CART, _merge),
        "place_order.id": _FRESH,
        "place_order.cart_id": Named(_cart, _CART, _purchase),
        "place_order.shipping_option_id": _SECRET,
        "place_order.payment_method_token": _SECRET,
    },
    "payments": {
        "create_payment_intent.order_id": _SHOPS,
        "create_payment_intent.customer": _SHOPS,
        "create_payment_intent.payment_method": _SHOPS,
        "confirm_payment_intent.payment_method": _SECRET,
        "create_refund.id": _SHOPS,
        "create_refund.payment_intent": _SHOPS,
    },
    "shipping": {
        "create_shipment.order_id": _SHOPS,
        "create_shipment.customer_id": _SHOPS,
        "create_shipment.option_id": _SHOPS,
    },
    "inventory": {"create_reservation.order_id": _SHOPS},
    "risk": {"create_ruleset.rules.id": _SHOPS, "change_ruleset.rules.id": _SHOPS},
    "notifications": {"create_notification.recipient": _SHOPS},
    "users": {
        "refresh_token.refresh_token": _SECRET,
        "log_out.refresh_token": _SECRET,
        "verify_email.token": _SECRET,
        "confirm_password_reset.token": _SECRET,
    },
}
"""By app, what each field of a body that looks as if it named a thing names."""
