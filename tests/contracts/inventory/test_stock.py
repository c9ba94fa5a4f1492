"""Levels, receipts, adjustments, safety stock, transfers, movements, warehouses."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.client import Client, pages
from tests.contracts.expectations import is_problem, names_field
from tests.contracts.inventory.conftest import MOUNT, Yard


def test_level_is_told_in_all_and_per_warehouse(staff: Client, yard: Yard) -> None:
    """By priority; available is on_hand - reserved - safety_stock."""
    sku = yard.stocked(near=5, far=7)
    staff.create(f"/stock/{sku}/safety-stock", {"warehouse": yard.far, "safety_stock": 3})
    yard.reserved((sku, 2))
    answer = staff.get(f"/stock/{sku}")
    assert answer.json == {
        "sku": sku,
        "on_hand": 12,
        "reserved": 2,
        "available": 7,
        "warehouses": [
            {"warehouse": yard.near, "on_hand": 5, "reserved": 2, "safety_stock": 0, "available": 3},
            {"warehouse": yard.far, "on_hand": 7, "reserved": 0, "safety_stock": 3, "available": 4},
        ],
    }
    assert staff.get(f"/stock/{sku}", headers={"If-None-Match": answer.etag}).status == 304


def test_levels_come_in_the_order_asked_for(staff: Client, yard: Yard) -> None:
    """Separated by commas, repeated, or both; twice counts once."""
    first, second, third = (yard.stocked(near=n) for n in (1, 2, 3))
    data = staff.get(f"/stock?sku={third},{first}&sku={second}&sku={first}").json["data"]
    assert [level["sku"] for level in data] == [third, first, second]


@pytest.mark.parametrize("sku", ["NEVER-RECEIVED", "no%20sku", "%00", "x" * 300])
def test_unknown_sku_is_an_error(staff: Client, yard: Yard, sku: str) -> None:
    """I7: never "in stock", and no zero either."""
    is_problem(staff.get(f"/stock/{sku}"), 404, "unknown_sku")
    problem = is_problem(staff.get(f"/stock?sku={sku},{yard.stocked(near=1)}"), 404, "unknown_sku")
    assert len(problem["skus"]) == 1


@pytest.mark.parametrize("query", ["", "?sku=", "?sku=" + ",".join(f"S{n}" for n in range(201))])
def test_number_of_skus_has_bounds(staff: Client, query: str) -> None:
    """1 to 200."""
    is_problem(staff.get(f"/stock{query}"), 422, "out_of_bounds")


def test_receipt_makes_a_sku_known_and_adds_up(staff: Client, yard: Yard) -> None:
    """The answer is the level; the movement tells who, why and the delivery note."""
    sku = yard.new_word()
    for number in (1, 2):
        body = {"warehouse": yard.near, "qty": 4, "reference": f"DN-{number}"}
        answer = staff.create(f"/stock/{sku}/receipts", body)
        assert (answer.status, answer.json["on_hand"]) == (201, 4 * number)
    last, first = staff.get("/movements", sku=sku).json["data"]
    assert (first["ref_id"], last["ref_id"]) == ("DN-1", "DN-2")
    assert last.items() >= {
        "sku": sku, "warehouse": yard.near, "delta_on_hand": 4, "delta_reserved": 0, "reason": "receipt",
        "ref_type": "receipt", "actor": "checker",
    }.items()  # fmt: skip


def test_receipt_that_cannot_be_is_refused(staff: Client, yard: Yard) -> None:
    """Nothing is booked."""
    sku, path = yard.new_word(), f"/stock/{yard.new_word()}/receipts"
    is_problem(staff.create(path, {"warehouse": "NOWHERE", "qty": 1}), 422, "unknown_warehouse")
    is_problem(staff.create("/stock/no-sku/receipts", {"warehouse": yard.near, "qty": 1}), 422, "invalid_sku")
    for qty in (0, -1, 10**9 + 1, "5", 5.0, True, None):
        names_field(staff.create(path, {"warehouse": yard.near, "qty": qty}), "qty")
    names_field(staff.create(path, {"warehouse": yard.near, "qty": 1, "price": 1}), "price", "unknown")
    is_problem(staff.get(f"/stock/{sku}"), 404, "unknown_sku")


def test_adjustment_corrects_what_is_on_hand(staff: Client, yard: Yard) -> None:
    """With its reason in the journal; a warehouse that had none gets some."""
    sku = yard.stocked(near=5)
    path = f"/stock/{sku}/adjustments"
    assert staff.create(path, {"warehouse": yard.near, "delta": -2, "reason": "broken"}).json["on_hand"] == 3
    assert staff.create(path, {"warehouse": yard.far, "delta": 1, "reason": "found"}).json["on_hand"] == 4
    notes = [
        (m["delta_on_hand"], m["note"]) for m in staff.get("/movements", sku=sku, reason="adjustment").json["data"]
    ]
    assert notes == [(1, "found"), (-2, "broken")]


def test_adjustment_cannot_take_what_is_reserved(staff: Client, yard: Yard) -> None:
    """I2."""
    sku = yard.stocked(near=5)
    yard.reserved((sku, 4))
    path = f"/stock/{sku}/adjustments"
    body = {"warehouse": yard.near, "delta": -2, "reason": "broken"}
    problem = is_problem(staff.create(path, body), 409, "insufficient_stock")
    assert problem["lines"] == [{"sku": sku, "requested": 2, "available": 1}]
    names_field(staff.create(path, {**body, "reason": ""}), "reason")
    is_problem(staff.create(path, {**body, "delta": 0}), 422, "out_of_bounds")
    is_problem(staff.create(f"/stock/{yard.new_word()}/adjustments", body), 404, "unknown_sku")
    assert yard.level(sku) == (5, 4, 1)


def test_transfer_moves_what_is_free(staff: Client, yard: Yard) -> None:
    """In one step, with two movements."""
    sku = yard.stocked(near=5)
    yard.reserved((sku, 2))
    body = {"sku": sku, "from_warehouse": yard.near, "to_warehouse": yard.far, "qty": 3}
    answer = staff.create("/transfers", body)
    assert (answer.status, answer.json) == (201, {"id": answer.json["id"], **body})
    moved = staff.get("/movements", ref_id=answer.json["id"]).json["data"]
    assert {(m["warehouse"], m["reason"], m["delta_on_hand"]) for m in moved} == {
        (yard.near, "transfer_out", -3), (yard.far, "transfer_in", 3)
    }  # fmt: skip
    problem = is_problem(staff.create("/transfers", {**body, "qty": 1}), 409, "insufficient_stock")
    assert problem["lines"] == [{"sku": sku, "requested": 1, "available": 0}]
    is_problem(staff.create("/transfers", {**body, "to_warehouse": yard.near}), 422, "out_of_bounds")
    is_problem(staff.create("/transfers", {**body, "to_warehouse": "NOWHERE"}), 422, "unknown_warehouse")
    is_problem(staff.create("/transfers", {**body, "sku": yard.new_word()}), 404, "unknown_sku")
    assert yard.level(sku) == (5, 2, 3)


def test_movements_are_walked_by_cursor(staff: Client, yard: Yard) -> None:
    """The latest first, each once; sums are the level (I4)."""
    sku = yard.stocked(near=9)
    for _ in range(3):
        row = yard.reserved((sku, 1))
        staff.create(f"/reservations/{row['id']}:commit", {})
    found = [row for page in pages(staff, "/movements", sku=sku, limit=3) for row in page["data"]]
    assert len({row["id"] for row in found}) == len(found) == 7
    assert [row["at"] for row in found] == sorted((row["at"] for row in found), reverse=True)
    sums = tuple(sum(row[f"delta_{name}"] for row in found) for name in ("on_hand", "reserved"))
    assert sums == yard.level(sku)[:2] == (6, 0)
    assert staff.get("/movements", sku=sku, include="count", warehouse=yard.near, reason="commit").json["count"] == 3


@pytest.mark.parametrize("query", ["reason=theft", "colour=red", "sku=%00", "sku=A&sku=B", "ref_id=" + "x" * 501])
def test_movements_refuse_what_is_no_filter(staff: Client, query: str) -> None:
    """Rather than showing everything."""
    is_problem(staff.get(f"/movements?{query}"), 400, "invalid_filter")


def test_warehouse_is_changed_by_version(staff: Client, yard: Yard) -> None:
    """An inactive one keeps its stock, but promises none of it."""
    sku, path = yard.stocked(near=3, far=2), f"/warehouses/{yard.near}"
    seen = staff.get(path)
    assert seen.json["is_active"] is True
    is_problem(staff.send("PATCH", path, body={"is_active": False}), 428, "precondition_required")
    changed = staff.change("PATCH", path, {"is_active": False, "address": "1 Dock Road"}, tag=seen.etag)
    assert (changed.status, changed.json["version"]) == (200, 2)
    is_problem(staff.change("PATCH", path, {"priority": 5}, tag=seen.etag), 412, "version_conflict")
    names_field(staff.change("PATCH", path, {"code": "OTHER"}, tag=changed.etag), "code", "unknown")
    assert yard.level(sku) == (5, 0, 2)
    assert yard.near in {row["code"] for row in staff.get("/warehouses").json["data"]}


def test_warehouse_codes_are_taken_once(staff: Client, yard: Yard) -> None:
    """And have a form."""
    is_problem(staff.create("/warehouses", {"code": yard.near}), 409, "warehouse_taken")
    for code in ("", "a", "A B", "A" * 33, 5):
        names_field(staff.create("/warehouses", {"code": code}), "code")
    is_problem(staff.get("/warehouses/NOWHERE"), 404, "not_found")


def test_nobody_reads_or_writes_without_a_scope(staff: Client, anybody: Client, yard: Yard) -> None:
    """How much there is, is nobody else's business."""
    sku = yard.stocked(near=1)
    row = yard.reserved((sku, 1))["id"]
    for path in (f"/stock/{sku}", f"/stock?sku={sku}", f"/reservations/{row}", "/movements", "/warehouses"):
        is_problem(anybody.get(path), 401, "not_authenticated")
    for path in (
        f"/stock/{sku}/receipts", f"/stock/{sku}/adjustments", f"/stock/{sku}/safety-stock", "/reservations",
        f"/reservations/{row}:commit", f"/reservations/{row}:release", f"/reservations/{row}:extend", "/transfers",
        "/warehouses",
    ):  # fmt: skip
        is_problem(anybody.create(path, {}), 401, "not_authenticated")


@pytest.mark.parametrize("key", [None, "k" * 256], ids=["missing", "too long"])
def test_every_post_needs_a_key(staff: Client, key: str | None) -> None:
    """Of 1 to 255 characters."""
    row = uuid.uuid4()
    headers = {} if key is None else {"Idempotency-Key": key}
    for path in (
        "/stock/A/receipts", "/stock/A/adjustments", "/stock/A/safety-stock", "/reservations", "/transfers",
        f"/reservations/{row}:commit", f"/reservations/{row}:release", f"/reservations/{row}:extend", "/warehouses",
    ):  # fmt: skip
        is_problem(staff.send("POST", path, body={}, headers=headers), 400, "idempotency_key_required")


def test_repeat_of_a_receipt_is_received_once(staff: Client, yard: Yard) -> None:
    """One key, one effect, one answer."""
    sku, key = yard.stocked(near=1), str(uuid.uuid4())
    path, body = f"/stock/{sku}/receipts", {"warehouse": yard.near, "qty": 2}
    first, again = (staff.create(path, body, key=key) for _ in range(2))
    assert (again.status, again.replayed, again.content) == (201, True, first.content)
    is_problem(staff.create(path, {**body, "qty": 3}, key=key), 422, "idempotency_key_reused")
    assert yard.level(sku) == (3, 0, 3)


def test_docs_are_served(anybody: Client) -> None:
    """The page and the schema that it shows."""
    page = anybody.get("/docs")
    assert (page.status, f"{MOUNT}/openapi.json".encode() in page.content) == (200, True)
    assert anybody.get("/openapi.json").json["info"]["title"] == "Inventory"
