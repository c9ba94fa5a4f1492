"""A checkout from beginning to end, and every way in which it comes to nothing."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from extracted.shipping.services.shipments import return_create
from monolith.inventory.contract import ReservationStatus, inventory
from monolith.orders.contract import OrderNotCancellable, SagaNotStuck
from monolith.orders.models import CartLine, Saga
from monolith.orders.reconciliation import reconcile
from monolith.orders.services import carts, orders, sagas
from monolith.payments.contract import PaymentStatus, payments
from monolith.shipping.contract import shipping
from strangler.fence import owning
from tests.integration.orders.conftest import HOME


def reservation(order_id):
    found = inventory().reservations(order_ids=(order_id,))
    return found[0].status if found else None


def payment(order_id):
    found = payments().payments(order_ids=(order_id,))
    return found[0].status if found else None


def test_order_goes_all_the_way(mall):
    """Confirmed at once; the money is taken when a carrier has it, and not before."""
    order_id = mall.checked_out(MUG=2, POT=1)
    assert (mall.status(order_id), mall.saga(order_id).step) == ("confirmed", "await_pickup")
    assert (reservation(order_id), payment(order_id)) == (ReservationStatus.ACTIVE, PaymentStatus.REQUIRES_CAPTURE)
    mall.scan(order_id)
    mall.settle()
    row = mall.order(order_id)
    assert (row.status, row.payment_status, row.fulfilment_status) == ("shipped", "paid", "fulfilled")
    assert (reservation(order_id), payment(order_id)) == (ReservationStatus.COMMITTED, PaymentStatus.SUCCEEDED)
    assert mall.saga(order_id).state == "completed"
    mall.scan(order_id, "delivered")
    mall.settle()
    assert mall.status(order_id) == "delivered"
    assert mall.told(order_id) == ["placed", "stock_reserved", "confirmed", "shipped", "delivered"]
    assert mall.saga(order_id).payment_method == ""


@pytest.mark.parametrize(
    ("token", "more", "reason"),
    [
        ("tok_declined_insufficient_funds", {}, "payment_declined"),
        ("tok_visa", {"CUP": 1}, "out_of_stock"),
        ("tok_visa", {"prices": {"MUG": 1}}, "price_changed"),
        ("tok_visa", {"address": replace(HOME, postal_code="10001")}, "undeliverable"),
    ],
)
def test_nothing_is_left_of_an_order_that_is_rejected(mall, token, more, reason):
    """O4: no stock set aside, no authorisation; an option is for the place that it was asked for."""
    new = mall.new(token, **{name: value for name, value in more.items() if name != "address"})
    new = replace(new, address=more.get("address", new.address))
    order_id = orders.order_place(new=new, actor="c").order.id
    mall.run(order_id)
    mall.settle()
    row = mall.order(order_id)
    assert (row.status, row.reject_reason) == ("rejected", reason)
    assert reservation(order_id) in (None, ReservationStatus.RELEASED)
    assert payment(order_id) in (None, PaymentStatus.CANCELED)
    assert (mall.told(order_id)[-1], mall.saga(order_id).payment_method) == ("rejected", "")
    assert reconcile() == []


def test_order_is_cancelled_before_it_leaves(mall):
    """Shipment, payment and stock are given back; a repeat changes nothing."""
    order_id = mall.checked_out(MUG=2)
    assert (mall.cancel(order_id).status, mall.cancel(order_id).status) == ("cancelling", "cancelling")
    mall.settle()
    row = mall.order(order_id)
    assert (row.status, row.payment_status, row.cancel_reason) == ("cancelled", "voided", "changed my mind")
    assert (reservation(order_id), payment(order_id)) == (ReservationStatus.RELEASED, PaymentStatus.CANCELED)
    assert [sent.status for sent in shipping().shipments(order_id=order_id)] == ["cancelled"]
    assert mall.told(order_id) == ["placed", "stock_reserved", "confirmed", "cancelled"]
    assert reconcile() == []


def test_carrier_that_is_faster_than_the_customer_wins(mall):
    """It was picked up before it could be stopped: the order goes on, and is confirmed once."""
    order_id = mall.checked_out()
    mall.scan(order_id)
    mall.cancel(order_id)
    mall.settle()
    assert (mall.status(order_id), mall.saga(order_id).state) == ("shipped", "completed")
    assert mall.told(order_id) == ["placed", "stock_reserved", "confirmed", "shipped"]
    with pytest.raises(OrderNotCancellable):
        mall.cancel(order_id)
    assert reconcile() == []


def test_customer_is_asked_who_they_are(mall):
    """The order says where; who never answers is rejected at the deadline."""
    order_id = mall.checked_out("tok_3ds")
    row = mall.order(order_id)
    assert (row.status, row.action_url.startswith("http")) == ("stock_reserved", True)
    Saga.objects.filter(order_id=order_id).update(deadline_at=timezone.now() - timedelta(seconds=1))
    mall.settle()
    row = mall.order(order_id)
    assert (row.status, row.reject_reason, row.action_url) == ("rejected", "timeout", "")
    assert reconcile() == []


def test_goods_that_come_back_are_paid_back(mall):
    """Once, at the price that was paid."""
    order_id = mall.checked_out(MUG=2, POT=1)
    mall.scan(order_id)
    mall.settle()
    mall.scan(order_id, "delivered")
    mall.settle()
    orders.return_request(order_id=order_id, wanted={"POT": 1}, actor="c")
    back = {"order_id": order_id, "lines": [("POT", 1)], "event_id": uuid.uuid4()}
    with owning("orders"):
        orders.order_returned(**back)
    mall.settle()
    with owning("orders"):
        orders.order_returned(**back)
    mall.settle()
    row = mall.order(order_id)
    assert (row.status, row.refunded_minor, row.payment_status) == ("returned", 3400, "partially_refunded")
    assert mall.told(order_id)[-2:] == ["return_requested", "refunded"]
    assert reconcile() == []


def test_goods_that_come_back_are_in_stock_again(mall):
    """Of what shipping tells once, orders pay the price back, and the inventory has the units."""
    order_id = mall.checked_out(MUG=2, POT=1)
    mall.scan(order_id)
    mall.settle()
    mall.scan(order_id, "delivered")
    mall.settle()
    (sent,) = shipping().shipments(order_id=order_id)
    return_create(shipment_id=sent.id, wanted={"MUG": 1})
    for _ in range(2):
        mall.scan(order_id, "delivered")
        mall.settle()
    row = mall.order(order_id)
    assert (row.status, row.refunded_minor, row.fulfilment_status) == ("returned", 1999, "partial")
    assert {level.sku: level.on_hand for level in inventory().stock(skus=("MUG", "POT"))} == {
        "MUG": 9_999,
        "POT": 9_999,
    }
    assert reconcile() == []


def test_person_decides_about_what_the_rules_leave_open(mall):
    """Let go on, it is confirmed; undone, it is rejected."""
    for decide, status in ((sagas.saga_retry, "confirmed"), (sagas.saga_compensate, "rejected")):
        order_id = mall.checked_out(POT=200)
        saga = mall.saga(order_id)
        assert (saga.state, saga.step) == ("failed_needs_operator", "risk_check")
        decide(saga_id=saga.id, actor="boss")
        with pytest.raises(SagaNotStuck):
            decide(saga_id=saga.id, actor="boss")
        mall.settle()
        assert mall.status(order_id) == status
    assert reconcile() == []


def test_cart_is_emptied_at_the_pivot_and_not_before(mall):
    """O8: an order that is rejected leaves the cart as it was."""
    for token, left in (("tok_declined_insufficient_funds", 1), ("tok_visa", 0)):
        customer = uuid.uuid4()
        cart = carts.cart_create(currency="USD", customer_id=customer)
        carts.line_set(cart=cart, sku="MUG", qty=1)
        new = replace(mall.new(token, customer=customer), cart_id=cart.id)
        order_id = orders.order_place(new=new, actor="c").order.id
        mall.run(order_id)
        assert CartLine.objects.filter(cart_id=cart.id).count() == left
