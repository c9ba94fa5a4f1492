"""Orders over REST within this process, beside the real neighbours; the contract suites say the rest."""

from __future__ import annotations

import uuid
from dataclasses import asdict

import pytest
from rest_framework.test import APIClient

from strangler.hosting.auth import Principal
from tests.integration.orders.conftest import HOME, PRICES


class Shopper:
    """A customer at the REST interface."""

    def __init__(self, scopes=("orders:own",)):
        self.id = str(uuid.uuid4())
        self.client = APIClient()
        self.client.force_authenticate(user=Principal(self.id, frozenset(scopes)))

    def post(self, path, body, **headers):
        sent = {"Idempotency-Key": str(uuid.uuid4())} | headers
        return self.client.post(f"/api/orders{path}", body, format="json", headers=sent)

    def get(self, path, **query):
        return self.client.get(f"/api/orders{path}", query)

    def cart(self, **lines):
        made = self.post("/carts", {}).json()
        for sku, qty in lines.items():
            tag = self.get(f"/carts/{made['id']}")["ETag"]
            path = f"/api/orders/carts/{made['id']}/lines/{sku}"
            made = self.client.put(path, {"qty": qty}, format="json", headers={"If-Match": tag}).json()
        return made

    def body(self, token="tok_visa", **lines):
        cart = self.cart(**lines or {"MUG": 1})
        where = {name: getattr(HOME, name) for name in ("country", "region", "postal_code")}
        options = self.get(f"/carts/{cart['id']}/shipping-options", **where).json()["data"]
        option = next(one for one in options if one["carrier"] == "post")
        costs = sum(PRICES[line["sku"]] * line["qty"] for line in cart["lines"]) + option["price"]["amount"]
        return {
            "cart_id": cart["id"],
            "shipping_option_id": option["option_id"],
            "address": asdict(HOME),
            "payment_method_token": token,
            "expected_total": {"amount": costs, "currency": "USD"},
        }


@pytest.fixture
def shopper(mall, settings):
    settings.ROOT_URLCONF = "tests.unit.orders.urls"
    settings.MIDDLEWARE = []
    return Shopper()


def test_cart_becomes_an_order(shopper, mall):
    """202 at once, 201 to who has waited; a repeat of the key is the same order."""
    body, key = shopper.body(MUG=2, POT=1), str(uuid.uuid4())
    first = shopper.post("/orders", body, **{"Idempotency-Key": key})
    assert (first.status_code, first.json()["status"]) == (202, "pending")
    order_id = first.json()["id"]
    assert first["Location"] == f"/api/orders/orders/{order_id}"
    assert shopper.get(f"/carts/{body['cart_id']}").json()["order_id"] is None
    mall.run()
    again = shopper.post("/orders", body, **{"Idempotency-Key": key})
    assert (again.status_code, again["Idempotent-Replayed"], again.json()["id"]) == (201, "true", order_id)
    waited = shopper.post("/orders?wait=10s", shopper.body())
    assert waited.status_code == (201 if waited.json()["status"] == "confirmed" else 202), "a busy machine takes longer"
    mall.settle()
    assert shopper.get(f"/orders/{waited.json()['id']}").json()["status"] == "confirmed"
    assert shopper.get(f"/carts/{body['cart_id']}").json()["order_id"] == order_id
    assert len(shopper.get("/orders").json()["data"]) == 2
    assert shopper.get(f"/orders/{order_id}/history").json()["data"][-1]["to"] == "confirmed"


def test_refusals_are_problems(shopper):
    """What is known at once is refused at once; the rest is told to who has waited."""
    body = shopper.body()
    cases = [
        ({**body, "expected_total": {"amount": 1, "currency": "USD"}}, 409, "price_changed"),
        ({**body, "address": {**body["address"], "postal_code": "10001"}}, 422, "address_undeliverable"),
        ({**body, "payment_method_token": "4242424242424242"}, 422, "invalid_payment_method"),
        ({**body, "cart_id": shopper.cart()["id"]}, 409, "cart_empty"),
        ({**body, "cart_id": str(uuid.uuid4())}, 404, "unknown_cart"),
        ({**body, "payment_method_token": "tok_declined_lost_card"}, 402, "payment_declined"),
        (shopper.body(CUP=1), 409, "insufficient_stock"),
    ]
    for sent, status, code in cases:
        answer = shopper.post("/orders?wait=10s", sent)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.json()
        assert "4242" not in answer.content.decode()


def test_nobody_meets_what_is_anothers(shopper, mall):
    """Neither carts nor orders; sagas are staff's."""
    order_id = shopper.post("/orders?wait=10s", shopper.body()).json()["id"]
    mall.settle()
    cart = shopper.cart(MUG=1)
    other, staff = Shopper(), Shopper(("orders:read", "orders:write"))
    for path in (f"/orders/{order_id}", f"/orders/{order_id}/history", f"/carts/{cart['id']}"):
        assert (other.get(path).status_code, shopper.get(path).status_code) == (404, 200), path
    for path in (f"/orders/{order_id}:cancel", f"/orders/{order_id}/returns", f"/carts/{cart['id']}:merge"):
        assert other.post(path, {"cart_id": cart["id"]} if "merge" in path else {}).status_code == 404, path
    assert other.get("/orders").json()["data"] == []
    saga = staff.get(f"/orders/{order_id}/saga").json()
    assert (saga["step"], "tok_" in str(saga)) == ("await_pickup", False)
    for path in (f"/orders/{order_id}/saga", "/sagas", f"/sagas/{saga['id']}"):
        assert (other.get(path).status_code, staff.get(path).status_code) == (403, 200), path
    assert staff.post(f"/sagas/{saga['id']}:retry", {}).json()["code"] == "saga_not_stuck"
    assert shopper.post(f"/orders/{order_id}:cancel", {"reason": "too late"}).json()["status"] == "cancelling"
    mall.settle()
    assert shopper.get(f"/orders/{order_id}").json()["status"] == "cancelled"


def test_cart_of_somebody_unknown_is_taken_along(shopper):
    """By a secret of theirs, of which only the hash is kept."""
    nobody, secret = APIClient(), {"Cart-Token": uuid.uuid4().hex}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    made = nobody.post("/api/orders/carts", {}, format="json", headers=secret | key)
    assert made.status_code == 201, made.json()
    path = f"/api/orders/carts/{made.json()['id']}"
    assert nobody.get(path).json()["code"] == "unknown_cart"
    line = {"If-Match": made["ETag"]} | secret
    assert nobody.put(f"{path}/lines/MUG", {"qty": 2}, format="json", headers=line).status_code == 200
    own = shopper.cart(MUG=1)
    merged = shopper.post(f"/carts/{own['id']}:merge", {"cart_id": made.json()["id"]}, **secret)
    assert merged.json()["lines"] == [{"sku": "MUG", "qty": 3}]
    fresh = {"Idempotency-Key": str(uuid.uuid4())}
    assert nobody.post("/api/orders/carts", {}, format="json", headers=fresh).json()["code"] == "out_of_bounds"
