"""What other apps ask of payments, in every binding: here, through the wire's form, and of their service."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import override_settings

from monolith.kernel.money import Money
from monolith.payments.contract import (
    AmountTooLarge,
    CaptureMethod,
    CurrencyDiffers,
    InvalidPaymentMethod,
    InvalidTransition,
    OrderHasPayment,
    OutOfBounds,
    Payment,
    PaymentDiffers,
    Payments,
    PaymentStatus,
    Refund,
    RefundExceedsCaptured,
    RefundStatus,
    UnknownPayment,
    UnknownRefund,
    payments,
)
from strangler.contract import CommandKeyReused
from tests.bindings.conftest import bound
from tests.contracts.client import Client
from tests.support.platform import Platform
from tests.support.processes import eventually
from tests.support.providers import Providers, running_providers

pytestmark = pytest.mark.platform
PRICE = Money(1999, "USD")


@pytest.fixture(scope="module")
def providers(platform: Platform, providers_port: int) -> Iterator[Providers]:
    with running_providers(providers_port, platform.public["monolith"], platform.folder / "providers.log") as running:
        yield running


@pytest.fixture
def client(platform: Platform, providers: Providers, binding: str, django_db_blocker: Any) -> Iterator[Payments]:
    here = override_settings(PAYMENTS_SANDBOX_URL=providers.url)
    with here, django_db_blocker.unblock(), bound(payments, platform, binding) as client:
        yield client


def authorize(client: Payments, **more: Any) -> Payment:
    wanted = {"order_id": uuid.uuid4(), "attempt": 1, "customer": "ann", "amount": PRICE, "payment_method": "tok_visa"}
    return client.authorize(**wanted | more)


def until(client: Payments, row: Payment, status: str) -> Payment:
    def look() -> Payment | None:
        found = client.payment(order_id=row.order_id, attempt=row.attempt)
        return found if found.status == status else None

    return eventually(look, what=f"the payment is {status}", timeout_s=60, every_s=0.1)


def named(row: Payment) -> dict[str, Any]:
    return {"order_id": row.order_id, "attempt": row.attempt}


def authorized(client: Payments, **more: Any) -> Payment:
    return until(client, authorize(client, **more), "requires_capture")


def captured(client: Payments, **more: Any) -> Payment:
    row = authorized(client, **more)
    client.capture(**named(row))
    return until(client, row, "succeeded")


def test_command_accepts_and_the_query_tells(client: Payments, providers: Providers) -> None:
    accepted = authorize(client)
    assert (accepted.status, type(accepted.status)) == (PaymentStatus.PROCESSING, PaymentStatus)
    row = until(client, accepted, "requires_capture")
    assert (row.amount, row.capturable, row.customer, row.failure) == (PRICE, PRICE, "ann", None)
    assert row.expires_at > datetime.now(UTC)
    assert client.payments(order_ids=(row.order_id, uuid.uuid4())) == (row,)
    assert authorize(client, order_id=row.order_id) == accepted, "the first outcome, for ever"
    assert [one["charged"] for one in providers.charges(row.id)] == [1]


def test_payment_is_taken_and_given_back(client: Payments, providers: Providers) -> None:
    row, refund_id = authorized(client), uuid.uuid4()
    for _ in range(2):
        client.capture(**named(row), amount=Money(1500, "USD"))
    row = until(client, row, "succeeded")
    assert (row.captured, row.capturable) == (Money(1500, "USD"), Money(0, "USD"))
    for _ in range(2):
        refund = client.refund(refund_id=refund_id, **named(row), amount=Money(500, "USD"), reason="broken")
        assert (type(refund), refund.amount, refund.payment_id) == (Refund, Money(500, "USD"), row.id)
    status = lambda: client.refund_of(refund_id=refund_id).status is RefundStatus.SUCCEEDED  # noqa: E731
    eventually(status, what="it is given back", every_s=0.1)
    assert client.payment(**named(row)).refunded == Money(500, "USD")
    (charge,) = providers.charges(row.id)
    assert (charge["captured"], charge["refunded"]) == (1500, 500)


def test_decline_is_told_with_its_code(client: Payments) -> None:
    row = until(client, authorize(client, payment_method="tok_declined_do_not_honor"), "requires_payment_method")
    assert row.failure is not None
    assert (row.failure.code, row.failure.decline_code) == ("card_declined", "do_not_honor")
    assert authorized(client, order_id=row.order_id, attempt=2).attempt == 2
    both = client.payments(order_ids=(row.order_id,))
    assert [(one.attempt, one.status) for one in both] == [(1, "requires_payment_method"), (2, "requires_capture")]


def test_automatic_capture_needs_no_command_more(client: Payments) -> None:
    row = until(client, authorize(client, capture_method=CaptureMethod.AUTOMATIC), "succeeded")
    assert row.captured == PRICE


def test_unknown_outcome_is_found_out(client: Payments, providers: Providers) -> None:
    row = authorize(client, payment_method="tok_timeout_after")
    assert until(client, row, "requires_capture").provider == "sandbox_a"
    assert [one["charged"] for one in providers.charges(row.id)] == [1]


def test_payment_is_given_up_whatever_is_known_of_it(client: Payments, providers: Providers) -> None:
    for row in (authorized(client), authorize(client, payment_method="tok_timeout_after")):
        for _ in range(2):
            client.void(**named(row), reason="out of stock")
        until(client, row, "canceled")
        assert [one["state"] for one in providers.charges(row.id)] == ["voided"]


def test_order_has_one_payment_at_a_time(client: Payments) -> None:
    row = authorized(client)
    with pytest.raises(OrderHasPayment) as refusal:
        authorize(client, order_id=row.order_id, attempt=2)
    assert refusal.value.context == {"payment_id": str(row.id)}
    with pytest.raises(CommandKeyReused):
        authorize(client, order_id=row.order_id, amount=Money(1, "USD"))


def test_attempt_is_told_apart_even_when_the_command_is_forgotten(client: Payments, platform: Platform) -> None:
    """Remembered commands expire, an order's attempt does not; REST made this one, so nothing is remembered."""
    staff = Client(platform.public["monolith"], platform.token, "/api/payments")
    order = uuid.uuid4()
    body = {"order_id": str(order), "customer": "ann", "amount": PRICE.to_json()}
    made = staff.create("/payment-intents", body).json
    with pytest.raises(PaymentDiffers):
        authorize(client, order_id=order, amount=Money(1, "USD"))
    assert str(authorized(client, order_id=order).id) == made["id"]


def test_what_cannot_be_is_refused(client: Payments) -> None:
    row, nobody = authorized(client), {"order_id": uuid.uuid4(), "attempt": 1}
    taken = captured(client)
    refund = {"refund_id": uuid.uuid4(), **named(taken)}
    client.refund(**refund, amount=Money(1, "USD"))
    for expected, act in (
        (UnknownPayment, lambda: client.payment(**nobody)),
        (UnknownPayment, lambda: client.capture(**nobody)),
        (UnknownPayment, lambda: client.void(**nobody)),
        (UnknownPayment, lambda: client.refund(refund_id=uuid.uuid4(), **nobody)),
        (UnknownRefund, lambda: client.refund_of(refund_id=uuid.uuid4())),
        (OutOfBounds, lambda: client.payments(order_ids=())),
        (OutOfBounds, lambda: authorize(client, attempt=0)),
        (OutOfBounds, lambda: authorize(client, amount=Money(0, "USD"))),
        (AmountTooLarge, lambda: authorize(client, amount=Money(10**8, "USD"))),
        (InvalidPaymentMethod, lambda: authorize(client, payment_method="4242424242424242")),
        (AmountTooLarge, lambda: client.capture(**named(row), amount=Money(2000, "USD"))),
        (CurrencyDiffers, lambda: client.capture(**named(row), amount=Money(1, "EUR"))),
        (InvalidTransition, lambda: client.void(**named(taken))),
        (RefundExceedsCaptured, lambda: client.refund(refund_id=uuid.uuid4(), **named(taken), amount=PRICE)),
        (CommandKeyReused, lambda: client.refund(**refund, amount=Money(2, "USD"))),
    ):
        with pytest.raises(expected):
            act()
