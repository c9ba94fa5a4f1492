"""Shipments over REST: made once, labelled by the clock, seen by whom they belong to."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.client import Client, created, pages
from tests.contracts.expectations import is_problem, names_field
from tests.contracts.shipping.conftest import HEAVY, HOME, LINE, MOUNT, Desk, customer_of
from tests.support.carriers import Carriers
from tests.support.platform import Platform
from tests.support.processes import eventually


def test_shipment_is_made_once_and_gets_one_label_for_each_parcel(
    staff: Client, desk: Desk, carriers: Carriers
) -> None:
    """201, a Location, a draft; then the carrier is asked, once even when its answer is lost."""
    key, body = str(uuid.uuid4()), desk.body("73301", LINE, HEAVY)
    first, again = staff.create("/shipments", body, key=key), staff.create("/shipments", body, key=key)
    assert again.content == first.content
    assert again.replayed
    row = created(first).json
    assert first.headers["Location"] == f"{MOUNT}/shipments/{row['id']}"
    assert (row["order_id"], row["returns"], row["problem"]) == (body["order_id"], None, "")
    assert [parcel["weight_g"] for parcel in row["parcels"]] == [18_000, 18_800]
    doubtful = desk.sent("00013")
    row, doubtful = desk.labelled(row, doubtful)
    sold = {one["tracking_number"] for one in carriers.labels()}
    numbers = [parcel["tracking_number"] for parcel in row["parcels"]]
    assert len(set(numbers)) == 2
    assert {*numbers, doubtful["tracking_number"]} <= sold
    keys = [one["key"] for one in carriers.labels()]
    assert len(keys) == len(set(keys))
    is_problem(staff.create(f"/shipments/{row['id']}:buy-label", {}), 409, "label_already_purchased")


def test_refused_label_is_said_and_cancelling_gives_the_rest_back(
    staff: Client, desk: Desk, carriers: Carriers
) -> None:
    """A draft with a problem; a cancelled one has given its labels back."""
    bad, good = desk.sent("00014"), desk.sent()
    (good,) = desk.labelled(good)
    path = f"/shipments/{bad['id']}"
    eventually(lambda: staff.get(path).json["problem"], what="the refusal is said", every_s=0.1)
    assert staff.get(path).json["status"] == "draft"
    assert staff.create(f"{path}:buy-label", {}).status == 202
    answer = staff.create(f"/shipments/{good['id']}:cancel", {"reason": "changed mind"})
    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    number = good["tracking_number"]

    def given_back() -> bool:
        return {one["tracking_number"]: one["state"] for one in carriers.labels()}[number] == "void"

    eventually(given_back, what="the label is given back", every_s=0.1)


def test_no_more_is_shipped_than_was_ordered(staff: Client, desk: Desk) -> None:
    """In parts, over any number of shipments."""
    body = desk.body("73301", LINE | {"qty": 2}, ordered=[{"sku": "MUG", "qty": 3}])
    created(staff.create("/shipments", body))
    problem = is_problem(staff.create("/shipments", {**body, "ordered": []}), 409, "exceeds_ordered")
    assert problem["lines"] == [{"sku": "MUG", "requested": 2, "left": 1}]
    created(staff.create("/shipments", {**body, "lines": [LINE | {"qty": 1}]}))
    is_problem(staff.create("/shipments", {**body, "lines": [LINE | {"qty": 1}]}), 409, "exceeds_ordered")


def test_list_is_filtered_and_paged(staff: Client, desk: Desk) -> None:
    """By order, status and carrier; the latest first."""
    order = str(uuid.uuid4())
    ordered = [{"sku": "MUG", "qty": 3}]
    rows = [desk.sent("73301", LINE | {"qty": 1}, order_id=order, ordered=ordered)["id"] for _ in range(3)]
    found = [row["id"] for page in pages(staff, "/shipments", order_id=order, limit=2) for row in page["data"]]
    assert found == rows[::-1]
    assert staff.get("/shipments", order_id=order, carrier="post").json["data"] == []
    assert staff.get("/shipments", order_id=order, status="delivered").json["data"] == []
    for wrong in ("status=lost", "order_id=5", "nothing=1", "status=draft&status=draft", "carrier=%00"):
        is_problem(staff.get(f"/shipments?{wrong}"), 400, "invalid_filter")


def test_validator_changes_with_the_shipment(staff: Client, desk: Desk) -> None:
    """304 while it is the same; what was seen before the label may not cancel when it asks not to."""
    row = desk.sent()
    before = staff.get(f"/shipments/{row['id']}")
    (after,) = desk.labelled(row)
    now = staff.get(f"/shipments/{row['id']}")
    assert (after["version"] > row["version"], now.etag != before.etag) == (True, True)
    assert staff.get(f"/shipments/{row['id']}", headers={"If-None-Match": now.etag}).status == 304
    headers = {"If-Match": before.etag, "Idempotency-Key": str(uuid.uuid4())}
    stale = staff.send("POST", f"/shipments/{row['id']}:cancel", body={}, headers=headers)
    is_problem(stale, 412, "version_conflict")


def test_customer_meets_their_own_shipments_only(
    platform: Platform, shipping_url: str, staff: Client, desk: Desk
) -> None:
    """Another's is not there: neither to read, nor to send back, in no list; and nothing is theirs to write."""
    mine, other = str(uuid.uuid4()), str(uuid.uuid4())
    me, somebody = (customer_of(platform, shipping_url, one) for one in (mine, other))
    row, nobodys = desk.sent(customer_id=mine), desk.sent()
    assert me.get(f"/shipments/{row['id']}").json["id"] == row["id"]
    assert [one["id"] for one in me.get("/shipments").json["data"]] == [row["id"]]
    assert somebody.get("/shipments").json["data"] == []
    assert somebody.get("/shipments", order_id=row["order_id"]).json["data"] == []
    for client, target in ((somebody, row), (me, nobodys)):
        for path in ("", "/tracking"):
            is_problem(client.get(f"/shipments/{target['id']}{path}"), 404, "unknown_shipment")
        is_problem(client.create(f"/shipments/{target['id']}/returns", {}), 404, "unknown_shipment")
    for client in (me, somebody):
        for path in (":cancel", ":buy-label"):
            is_problem(client.create(f"/shipments/{row['id']}{path}", {}), 403, "permission_denied")
        is_problem(client.create("/shipments", desk.body()), 403, "permission_denied")
    no_customer = customer_of(platform, shipping_url, "checker")
    is_problem(no_customer.get("/shipments"), 404, "unknown_shipment")
    is_problem(customer_of(platform, shipping_url, mine, "orders:own").get("/shipments"), 403, "permission_denied")


def test_nobody_meets_nothing(anybody: Client, desk: Desk) -> None:
    """Without a token."""
    row = desk.sent()
    for path in ("/shipments", f"/shipments/{row['id']}", f"/shipments/{row['id']}/tracking"):
        is_problem(anybody.get(path), 401, "not_authenticated")
    for path in ("/shipments", f"/shipments/{row['id']}:cancel", f"/shipments/{row['id']}/returns"):
        is_problem(anybody.create(path, {}), 401, "not_authenticated")


@pytest.mark.parametrize("path", ["", "/tracking"])
def test_unknown_shipment(staff: Client, path: str) -> None:
    """404."""
    is_problem(staff.get(f"/shipments/{uuid.uuid4()}{path}"), 404, "unknown_shipment")


def test_what_a_shipment_needs(staff: Client, desk: Desk) -> None:
    """Said field by field, and refused when it cannot be."""
    names_field(staff.create("/shipments", {**desk.body(), "lines": []}), "lines")
    names_field(staff.create("/shipments", {**desk.body(), "order_id": 5}), "order_id")
    names_field(staff.create("/shipments", {**desk.body(), "nothing": 5}), "nothing", "unknown")
    is_problem(staff.create("/shipments", desk.body(carrier="nobody")), 422, "unknown_service")
    is_problem(staff.create("/shipments", desk.body(to=HOME | {"name": ""})), 422, "address_invalid")
    is_problem(staff.send("POST", "/shipments", body=desk.body()), 400, "idempotency_key_required")
