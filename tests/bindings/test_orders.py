"""What other apps ask of orders, in every binding: here, through the wire's form, and of their service."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from monolith.kernel.money import Money
from monolith.orders.contract import (
    Address,
    CartEmpty,
    CurrencyMismatch,
    InvalidPaymentMethod,
    Order,
    OrderDiffers,
    Orders,
    OrderStatus,
    OutOfBounds,
    SagaState,
    UnknownOrder,
    UnknownSaga,
    WantedLine,
    orders,
)
from strangler.contract import CommandKeyReused
from tests.bindings.conftest import bound
from tests.support.platform import Platform
from tests.support.processes import eventually

pytestmark = pytest.mark.platform
HOME = Address(name="Ada", line1="1 Main St", city="Austin", region="TX", postal_code="73301", country="US")
MUG = WantedLine(sku="MUG-OF-NOBODY", qty=2, name="Mug", unit_price=Money(1999, "USD"))


@pytest.fixture
def client(platform: Platform, binding: str, django_db_blocker: Any) -> Iterator[Orders]:
    with django_db_blocker.unblock(), bound(orders, platform, binding) as client:
        yield client


def place(client: Orders, **more: Any) -> Order:
    said = {
        "order_id": uuid.uuid4(),
        "customer_id": uuid.uuid4(),
        "lines": (MUG,),
        "shipping": Money(595, "USD"),
        "shipping_option_id": "an-option",
        "address": HOME,
        "payment_method": "tok_visa",
    }
    return client.place(**said | more)


def test_order_is_placed_once(client: Orders) -> None:
    """As it was seen; the same id with something else is refused."""
    order_id, customer_id = uuid.uuid4(), uuid.uuid4()
    said = {"order_id": order_id, "customer_id": customer_id}
    first, again = (place(client, **said) for _ in range(2))
    assert first == again
    assert (first.status, first.total, first.subtotal) == (OrderStatus.PENDING, Money(4593, "USD"), Money(3998, "USD"))
    assert [(line.sku, line.qty, line.total.amount) for line in first.lines] == [("MUG-OF-NOBODY", 2, 3998)]
    with pytest.raises((CommandKeyReused, OrderDiffers)):
        place(client, **said, shipping=Money(1, "USD"))


def test_what_is_not_sold_is_rejected(client: Orders, platform: Platform) -> None:
    """The owner's clock takes the steps; who asks is told how far it is."""
    row = place(client)

    def rejected() -> bool:
        return client.order(order_id=row.id).status is OrderStatus.REJECTED

    eventually(rejected, what="the order is rejected", timeout_s=60, every_s=0.2)
    saga = client.saga(order_id=row.id)
    assert (saga.state, saga.log[0].step, saga.log[0].outcome) == (SagaState.COMPENSATED, "price_check", "refused")
    assert [one.id for one in client.orders(ids=(row.id, uuid.uuid4()))] == [row.id]


def test_order_is_cancelled_once(client: Orders) -> None:
    """A repeat is answered as the first."""
    row = place(client)
    first, again = (client.cancel(order_id=row.id, reason="too late") for _ in range(2))
    assert (first, first.status) == (again, OrderStatus.CANCELLING)


def test_refusals_cross_the_border(client: Orders) -> None:
    """By class."""
    for more, refusal in (
        ({"lines": ()}, CartEmpty),
        ({"shipping": Money(1, "EUR")}, CurrencyMismatch),
        ({"payment_method": "4242424242424242"}, InvalidPaymentMethod),
        ({"shipping_option_id": ""}, OutOfBounds),
    ):
        with pytest.raises(refusal):
            place(client, **more)
    for ask, refusal in (
        (lambda: client.order(order_id=uuid.uuid4()), UnknownOrder),
        (lambda: client.cancel(order_id=uuid.uuid4()), UnknownOrder),
        (lambda: client.saga(order_id=uuid.uuid4()), UnknownSaga),
        (lambda: client.orders(ids=()), OutOfBounds),
    ):
        with pytest.raises(refusal):
            ask()
