"""Orders: from a cart to a confirmation, to nothing, or back."""

from __future__ import annotations

import uuid
from collections import Counter as Counted
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.client import Client, pages
from tests.contracts.expectations import is_problem, names_field
from tests.contracts.orders.conftest import HOME, Counter, customer_of
from tests.support.platform import Platform


def test_cart_becomes_an_order(counter: Counter, customer: Client) -> None:
    """Confirmed while the customer waits; the cart is over then."""
    body = counter.body(qty=2)
    placed = customer.create("/orders?wait=10s", body)
    assert placed.status in (201, 202), placed.content
    row = counter.until(placed.json["id"], "confirmed")
    assert (row["subtotal"]["amount"], row["total"], row["payment_status"]) == (
        3998,
        body["expected_total"],
        "authorized",
    )
    assert [(line["sku"], line["qty"], line["name"]) for line in row["lines"]] == [(counter.sku, 2, "Thing")]
    assert placed.headers["Location"].endswith(f"/orders/{row['id']}")
    assert customer.get(f"/carts/{body['cart_id']}").json["order_id"] == row["id"]
    is_problem(customer.create("/orders", body), 409, "cart_expired")
    steps = [step["to"] for step in customer.get(f"/orders/{row['id']}/history").json["data"]]
    assert steps == ["pending", "stock_reserved", "payment_authorized", "confirmed"]


def test_order_is_confirmed_by_itself(counter: Counter) -> None:
    """Nobody waits: the clock goes on."""
    placed = counter.order(wait="0s")
    assert (placed.status, placed.json["status"]) == (202, "pending")
    counter.until(placed.json["id"], "confirmed")


def test_order_is_placed_once(counter: Counter, customer: Client) -> None:
    """One key, one order; and one id, one order."""
    body, key = counter.body(id=str(uuid.uuid4())), str(uuid.uuid4())
    first, again = (customer.create("/orders", body, key=key) for _ in range(2))
    assert (first.status, again.replayed, again.json["id"]) == (202, True, body["id"])
    other = counter.body(qty=2, id=body["id"])
    is_problem(customer.create("/orders", other), 409, "order_differs")


@pytest.mark.parametrize(
    ("qty", "token", "status", "code", "reason"),
    [
        (1, "tok_declined_do_not_honor", 402, "payment_declined", "payment_declined"),
        (6, "tok_visa", 409, "insufficient_stock", "out_of_stock"),
    ],
)
def test_rejection_is_told(
    counter: Counter, customer: Client, qty: int, token: str, status: int, code: str, reason: str
) -> None:
    """As a problem to who waits; the order says why to everybody else, and the cart is as it was."""
    body = counter.body(qty, token)
    answer = customer.create("/orders?wait=10s", body)
    order_id = answer.json["order_id"] if answer.status == status else answer.json["id"]
    if answer.status != 202:
        is_problem(answer, status, code)
    assert counter.until(order_id, "rejected")["reject_reason"] == reason
    assert len(customer.get(f"/carts/{body['cart_id']}").json["lines"]) == 1


def test_what_cannot_be_ordered_is_refused_at_once(counter: Counter, customer: Client) -> None:
    """Nothing is placed."""
    body = counter.body()
    cheap = {"expected_total": {"amount": 1, "currency": "USD"}}
    told = is_problem(customer.create("/orders", {**body, **cheap}), 409, "price_changed")
    assert (told["expected"], told["total"]) == (cheap["expected_total"], body["expected_total"])
    elsewhere = {**body, "address": HOME | {"postal_code": "10001"}}
    is_problem(customer.create("/orders", elsewhere), 422, "address_undeliverable")
    card = customer.create("/orders", {**body, "payment_method_token": "4242424242424242"})
    is_problem(card, 422, "invalid_payment_method")
    assert b"4242" not in card.content
    empty = customer.create("/carts", {}).json["id"]
    is_problem(customer.create("/orders", {**body, "cart_id": empty}), 409, "cart_empty")
    names_field(customer.create("/orders", {**body, "card": "x"}), "card")
    is_problem(customer.create("/orders?wait=soon", body), 400, "invalid_query")
    assert customer.get("/orders").json["data"] == []


def test_order_is_cancelled(counter: Counter, customer: Client) -> None:
    """Everything is given back; five can be ordered again."""
    row = counter.confirmed()
    answer = customer.create(f"/orders/{row['id']}:cancel", {"reason": "too late"})
    assert (answer.status, answer.json["status"]) == (202, "cancelling")
    done = counter.until(row["id"], "cancelled")
    assert (done["cancel_reason"], done["payment_status"]) == ("too late", "voided")
    counter.until(counter.order(qty=5).json["id"], "confirmed")


def test_what_has_not_arrived_does_not_come_back(counter: Counter, customer: Client) -> None:
    """A return is of something delivered."""
    row = counter.confirmed()
    is_problem(customer.create(f"/orders/{row['id']}/returns", {}), 409, "invalid_transition")


def test_order_is_read_by_version(counter: Counter, customer: Client) -> None:
    """304 until something changes."""
    path = f"/orders/{counter.confirmed()['id']}"
    seen = customer.get(path)
    assert customer.get(path, headers={"If-None-Match": seen.etag}).status == 304


def test_orders_are_listed(counter: Counter, customer: Client, staff: Client) -> None:
    """One's own, by cursor; staff finds everybody's."""
    placed = [counter.order(wait="0s").json["id"] for _ in range(3)]
    found = [one["id"] for page in pages(customer, "/orders", limit=2) for one in page["data"]]
    assert found == placed[::-1]
    number = customer.get(f"/orders/{placed[0]}").json["number"]
    assert [one["id"] for one in staff.get("/orders", number=number).json["data"]] == placed[:1]
    is_problem(customer.get("/orders?status=gone"), 400, "invalid_filter")


def test_nobody_meets_what_is_anothers(
    platform: Platform, orders_url: str, counter: Counter, customer: Client, anybody: Client
) -> None:
    """Carts and orders: neither read nor changed; the saga is staff's."""
    other = customer_of(platform, orders_url)
    row = counter.confirmed()
    cart = counter.cart()
    for path in ("", "/history"):
        is_problem(other.get(f"/orders/{row['id']}{path}"), 404, "unknown_order")
        is_problem(anybody.get(f"/orders/{row['id']}{path}"), 401, "not_authenticated")
    for path in (":cancel", "/returns"):
        is_problem(other.create(f"/orders/{row['id']}{path}", {}), 404, "unknown_order")
        is_problem(anybody.create(f"/orders/{row['id']}{path}", {}), 401, "not_authenticated")
    assert other.get("/orders").json["data"] == []
    for who in (other, anybody):
        is_problem(who.get(f"/carts/{cart['id']}"), 404, "unknown_cart")
        change = who.change("PUT", f"/carts/{cart['id']}/lines/X", {"qty": 1}, tag='"1-r1"')
        is_problem(change, 404, "unknown_cart")
    body = counter.body()
    is_problem(other.create("/orders", body), 404, "unknown_cart")
    is_problem(anybody.create("/orders", body), 401, "not_authenticated")
    is_problem(customer.get(f"/orders/{row['id']}/saga"), 403, "permission_denied")
    is_problem(customer.get("/sagas"), 403, "permission_denied")
    for step in ("retry", "compensate"):
        is_problem(customer.create(f"/sagas/{row['id']}:{step}", {}), 403, "permission_denied")


def test_cart_of_somebody_unknown_is_taken_along(anybody: Client, counter: Counter, customer: Client) -> None:
    """It is theirs by a secret that they made; after the login it is put into their own."""
    secret = {"Cart-Token": uuid.uuid4().hex, "Idempotency-Key": str(uuid.uuid4())}
    made = anybody.send("POST", "/carts", body={}, headers=secret)
    assert made.status == 201, made.content
    path = f"/carts/{made.json['id']}"
    line = anybody.send("PUT", f"{path}/lines/{counter.sku}", body={"qty": 2}, headers=secret | {"If-Match": made.etag})
    assert line.json["lines"] == [{"sku": counter.sku, "qty": 2}]
    own = counter.cart()
    merged = customer.send(
        "POST",
        f"/carts/{own['id']}:merge",
        body={"cart_id": made.json["id"]},
        headers=secret | {"Idempotency-Key": str(uuid.uuid4())},
    )
    assert merged.json["lines"] == [{"sku": counter.sku, "qty": 3}]
    is_problem(anybody.create("/carts", {}), 422, "out_of_bounds")


def test_cart_is_changed_by_version(customer: Client, counter: Counter) -> None:
    """Of two who have read the same cart, one changes it."""
    cart = customer.create("/carts", {})
    path = f"/carts/{cart.json['id']}/lines/{counter.sku}"
    assert customer.change("PUT", path, {"qty": 1}, tag=cart.etag).status == 200
    is_problem(customer.change("PUT", path, {"qty": 2}, tag=cart.etag), 412, "version_conflict")
    is_problem(customer.send("PUT", path, body={"qty": 2}), 428, "precondition_required")
    tag = customer.get(f"/carts/{cart.json['id']}").etag
    assert customer.change("DELETE", path, None, tag=tag).json["lines"] == []


def test_the_last_ones_are_sold_once(platform: Platform, orders_url: str, counter: Counter) -> None:
    """Eight buyers, five units: everybody else hears that there is nothing left."""

    def buy(_: int) -> str:
        buyer = Counter.__new__(Counter)
        buyer.sku, buyer.customer = counter.sku, customer_of(platform, orders_url)
        answer = buyer.order()
        order_id = answer.json.get("order_id") or answer.json["id"]
        return str(buyer.until(order_id, "confirmed", "rejected")["status"])

    with ThreadPoolExecutor(8) as pool:
        assert Counted(pool.map(buy, range(8))) == {"confirmed": 5, "rejected": 3}


def test_staff_sees_the_saga(counter: Counter, staff: Client) -> None:
    """Each step that it took; one that waits for nobody is left alone."""
    row = counter.confirmed()
    saga = staff.get(f"/orders/{row['id']}/saga").json
    assert saga["step"] in ("create_shipment", "await_pickup")
    assert {(one["step"], one["outcome"]) for one in saga["log"]} >= {("reserve_stock", "done"), ("risk_check", "done")}
    assert "tok_" not in str(saga)
    for step in ("retry", "compensate"):
        is_problem(staff.create(f"/sagas/{saga['id']}:{step}", {}), 409, "saga_not_stuck")
    is_problem(staff.create(f"/sagas/{uuid.uuid4()}:retry", {}), 404, "unknown_saga")
    assert staff.get("/sagas", state="failed_needs_operator").status == 200


def test_every_post_needs_a_key(customer: Client, staff: Client) -> None:
    """Of 1 to 255 characters."""
    row = uuid.uuid4()
    for path in ("/carts", f"/carts/{row}:merge", "/orders", f"/orders/{row}:cancel", f"/orders/{row}/returns"):
        is_problem(customer.send("POST", path, body={}), 400, "idempotency_key_required")
    for step in ("retry", "compensate"):
        is_problem(staff.send("POST", f"/sagas/{row}:{step}", body={}), 400, "idempotency_key_required")


def test_docs_are_served(anybody: Client) -> None:
    """The page and the schema that it shows."""
    assert b"/api/orders/openapi.json" in anybody.get("/docs").content
    assert anybody.get("/openapi.json").json["info"]["title"] == "Orders"
