"""What the notifications do about the events of others."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from monolith.notifications import selectors
from monolith.notifications.domain import LIFETIME
from monolith.notifications.services import notifications
from monolith.orders.contract import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
    OrderRefunded,
    OrderRejected,
    OrderShipped,
)
from monolith.payments.contract import PaymentActionRequired
from monolith.shipping.contract import ShipmentException, ShipmentOutForDelivery
from monolith.users.contract import (
    PasswordChanged,
    PasswordResetRequested,
    UserDeleted,
    UserLocked,
    VerificationRequested,
)
from strangler.errors import StranglerError
from strangler.events import Handler, Received

_ASKED = {VerificationRequested: "verify_email", PasswordResetRequested: "reset_password"}
_OF_ORDERS = {
    OrderConfirmed: "order_confirmed",
    OrderRejected: "order_rejected",
    OrderCancelled: "order_cancelled",
    OrderShipped: "order_shipped",
    OrderDelivered: "order_delivered",
    OrderRefunded: "order_refunded",
}
_ABOUT_ORDERS = {
    PaymentActionRequired: "payment_action",
    ShipmentOutForDelivery: "out_for_delivery",
    ShipmentException: "delivery_exception",
}
_REASONS = {
    "out_of_stock": "it is out of stock",
    "payment_declined": "it was not paid for",
    "risk_declined": "we cannot accept it",
    "price_changed": "the price has changed",
    "undeliverable": "it cannot be delivered there",
    "timeout": "it took too long",
}


class OrderNotKnown(StranglerError):
    """Nobody has told yet whose this order is: it is tried again."""


class Secrets(Handler, to=tuple(_ASKED)):
    """Sends what somebody is to prove that they read; the secret is asked for when it is sent."""

    def apply(self, event: Received[VerificationRequested | PasswordResetRequested], gathered: None) -> None:
        asked = event.data
        _tell(event, asked.user_id, _ASKED[type(asked)], until=asked.expires_at, request_id=str(asked.request_id))


class Accounts(Handler, to=(PasswordChanged, UserLocked, UserDeleted)):
    """Tells owners of accounts what was done to them, and forgets who was deleted."""

    def apply(self, event: Received[PasswordChanged | UserLocked | UserDeleted], gathered: None) -> None:
        account = event.data
        if isinstance(account, UserDeleted):
            notifications.recipient_erase(recipient=account.user_id)
        elif isinstance(account, UserLocked):
            reason = "wrong passwords" if account.reason == "failed_logins" else "our staff has done that"
            _tell(event, account.user_id, "account_locked", reason=reason)
        else:
            _tell(event, account.user_id, "password_changed")


class Orders(Handler, to=(OrderPlaced, *_OF_ORDERS)):
    """Tells customers how their orders get on."""

    def apply(self, event: Received[Any], gathered: None) -> None:
        order = event.data
        if isinstance(order, OrderPlaced):
            notifications.order_note(
                order_id=order.order_id, recipient=order.customer_id, number=order.number, at=event.happened_at
            )
            return
        more = {}
        if isinstance(order, OrderConfirmed):
            more = {"total": str(order.total)}
        elif isinstance(order, OrderRejected):
            more = {"reason": _REASONS.get(order.reason.value, "something went wrong")}
        elif isinstance(order, OrderRefunded):
            more = {"amount": str(order.amount)}
        _tell(event, order.customer_id, _OF_ORDERS[type(order)], number=order.number, **more)


class AboutOrders(Handler, to=tuple(_ABOUT_ORDERS)):
    """Tells customers what happens to payments and parcels of their orders."""

    def apply(self, event: Received[Any], gathered: None) -> None:
        order = selectors.known_order(event.data.order_id)
        if order is None:
            raise OrderNotKnown(f"Nobody has told yet whose order {event.data.order_id} is.")
        _tell(event, order.recipient, _ABOUT_ORDERS[type(event.data)], number=order.number)


def _tell(event: Received[Any], recipient: UUID, template: str, *, until: datetime | None = None, **data: str) -> None:
    notifications.notification_accept(
        recipient=recipient,
        dedupe_key=event.id,
        template=template,
        data=data,
        expires_at=until or event.happened_at + LIFETIME,
    )
