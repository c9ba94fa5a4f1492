"""Reservations: all lines or none, once per order, ended once, and never more than there is."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.contracts.at_once import at_once
from tests.contracts.client import Client
from tests.contracts.expectations import is_problem, names_field
from tests.contracts.inventory.conftest import Yard
from tests.support.processes import eventually


def until(row: dict) -> timedelta:
    """How long a reservation lasts from now."""
    return datetime.fromisoformat(row["expires_at"]) - datetime.now(UTC)


def test_reservation_sets_stock_aside(staff: Client, yard: Yard) -> None:
    """201, a Location, and the level says so."""
    first, second = yard.stocked(near=5), yard.stocked(near=5)
    body = yard.order((second, 1), (first, 2))
    answer = staff.create("/reservations", body)
    row = answer.json
    assert (answer.status, answer.headers["Location"]) == (201, f"/api/inventory/reservations/{row['id']}")
    assert (row["order_id"], row["status"]) == (body["order_id"], "active")
    assert row["lines"] == [
        {"sku": first, "warehouse": yard.near, "qty": 2}, {"sku": second, "warehouse": yard.near, "qty": 1}
    ]  # fmt: skip
    assert timedelta(minutes=14) < until(row) < timedelta(minutes=16)
    read = staff.get(f"/reservations/{row['id']}")
    assert read.json == row
    assert staff.get(f"/reservations/{row['id']}", headers={"If-None-Match": read.etag}).status == 304
    assert (yard.level(first), yard.level(second)) == ((5, 2, 3), (5, 1, 4))


def test_all_lines_or_none(staff: Client, yard: Yard) -> None:
    """The refusal names each line that lacks something, with what there is."""
    plenty, scarce, gone = yard.stocked(near=9), yard.stocked(near=2), yard.stocked(near=1)
    yard.reserved((gone, 1))
    answer = staff.create("/reservations", yard.order((plenty, 1), (scarce, 3), (gone, 1)))
    assert is_problem(answer, 409, "insufficient_stock")["lines"] == [
        {"sku": scarce, "requested": 3, "available": 2}, {"sku": gone, "requested": 1, "available": 0}
    ]  # fmt: skip
    assert (yard.level(plenty), yard.level(scarce)) == ((9, 0, 9), (2, 0, 2))


def test_one_warehouse_must_have_it_all_unless_splitting_is_allowed(staff: Client, yard: Yard) -> None:
    """By priority either way."""
    sku, other = yard.stocked(near=2, far=4), yard.stocked(far=9)
    assert [line["warehouse"] for line in yard.reserved((sku, 2), (other, 1))["lines"]] == [yard.far] * 2
    answer = staff.create("/reservations", yard.order((sku, 3)))
    assert is_problem(answer, 409, "insufficient_stock")["lines"] == [{"sku": sku, "requested": 3, "available": 2}]
    lines = yard.reserved((sku, 3), allow_split=True)["lines"]
    assert {line["warehouse"]: line["qty"] for line in lines} == {yard.near: 2, yard.far: 1}
    answer = staff.create("/reservations", yard.order((sku, 3), allow_split=True))
    assert is_problem(answer, 409, "insufficient_stock")["lines"] == [{"sku": sku, "requested": 3, "available": 1}]


def test_safety_stock_is_not_promised(staff: Client, yard: Yard) -> None:
    """It may be set higher than what is there."""
    sku = yard.stocked(near=5)
    for safety_stock, available in ((4, 1), (9, 0)):
        body = {"warehouse": yard.near, "safety_stock": safety_stock}
        answer = staff.create(f"/stock/{sku}/safety-stock", body)
        assert (answer.status, answer.json["available"]) == (200, available)
        is_problem(staff.create("/reservations", yard.order((sku, 2))), 409, "insufficient_stock")
    is_problem(staff.create(f"/stock/{yard.new_word()}/safety-stock", body), 404, "unknown_sku")


def test_unknown_sku_is_an_error_and_nothing_is_reserved(staff: Client, yard: Yard) -> None:
    """I7."""
    sku, unknown = yard.stocked(near=5), yard.new_word()
    answer = staff.create("/reservations", yard.order((sku, 1), (unknown, 1)))
    assert is_problem(answer, 404, "unknown_sku")["skus"] == [unknown]
    assert yard.level(sku) == (5, 0, 5)


def test_bad_bodies_are_refused(staff: Client, yard: Yard) -> None:
    """Field by field."""
    sku = yard.stocked(near=5)
    good = yard.order((sku, 1))
    for change, field in (
        ({"lines": []}, "lines"),
        ({"lines": [{"sku": sku, "qty": 0}]}, "lines.0.qty"),
        ({"lines": [{"sku": "no sku", "qty": 1}]}, "lines.0.sku"),
        ({"lines": [{"sku": sku}]}, "lines.0.qty"),
        ({"order_id": "5"}, "order_id"),
        ({"order_id": 5}, "order_id"),
        ({"ttl_seconds": 0}, "ttl_seconds"),
        ({"ttl_seconds": 7 * 86_400 + 1}, "ttl_seconds"),
        ({"ttl": 5}, "ttl"),
    ):
        names_field(staff.create("/reservations", {**good, **change}), field)
    twice = {**good, "lines": good["lines"] * 2}
    is_problem(staff.create("/reservations", twice), 422, "out_of_bounds")


def test_order_has_one_reservation_whatever_the_key(staff: Client, yard: Yard) -> None:
    """The same lines are answered with it as it is now, other lines are refused."""
    sku = yard.stocked(near=9)
    body = yard.order((sku, 2))
    first, again = (staff.create("/reservations", body) for _ in range(2))
    assert (first.status, again.status, again.replayed) == (201, 200, False)
    assert again.json == first.json
    staff.create(f"/reservations/{first.json['id']}:commit", {})
    assert staff.create("/reservations", body).json["status"] == "committed"
    other = {**body, "lines": [{"sku": sku, "qty": 3}]}
    problem = is_problem(staff.create("/reservations", other), 409, "order_already_reserved")
    assert (problem["reservation_id"], problem["reservation_status"]) == (first.json["id"], "committed")
    assert yard.level(sku) == (7, 0, 7)


def test_commit_takes_the_units_away(staff: Client, yard: Yard) -> None:
    """A repeat, with the same key or another, changes nothing."""
    sku = yard.stocked(near=5)
    row, key = yard.reserved((sku, 2)), str(uuid.uuid4())
    path = f"/reservations/{row['id']}:commit"
    first, replayed, again = (staff.create(path, {}, key=k) for k in (key, key, None))
    assert first.json == {**row, "status": "committed"}
    assert [answer.status for answer in (first, replayed, again)] == [200] * 3
    assert (replayed.replayed, again.replayed, again.json) == (True, False, first.json)
    assert yard.level(sku) == (3, 0, 3)


def test_release_gives_the_units_back(staff: Client, yard: Yard) -> None:
    """A repeat changes nothing."""
    sku = yard.stocked(near=5)
    path = f"/reservations/{yard.reserved((sku, 2))['id']}:release"
    for _ in range(2):
        answer = staff.create(path, {"reason": "payment declined"})
        assert (answer.status, answer.json["status"]) == (200, "released")
    assert yard.level(sku) == (5, 0, 5)
    assert staff.get("/movements", sku=sku, reason="release").json["data"][0]["note"] == "payment declined"


@pytest.mark.parametrize(("done", "other"), [("commit", "release"), ("release", "commit")])
def test_what_has_ended_stays_ended(staff: Client, yard: Yard, done: str, other: str) -> None:
    """409 with from, to and allowed."""
    path = f"/reservations/{yard.reserved((yard.stocked(near=5), 2))['id']}"
    ended = staff.create(f"{path}:{done}", {}).json["status"]
    problem = is_problem(staff.create(f"{path}:{other}", {}), 409, "invalid_transition")
    assert (problem["from"], problem["allowed"]) == (ended, [])
    is_problem(staff.create(f"{path}:extend", {"ttl_seconds": 60}), 409, "invalid_transition")
    assert staff.get(path).json["status"] == ended


def test_reservation_runs_out_at_its_time(staff: Client, yard: Yard) -> None:
    """Nobody has to sweep for that."""
    path = f"/reservations/{yard.reserved((yard.stocked(near=5), 2), ttl_seconds=1)['id']}"
    eventually(lambda: staff.get(path).json["status"] == "expired", what="it has expired", every_s=0.1)
    for step, body in (("commit", {}), ("release", {}), ("extend", {"ttl_seconds": 60})):
        is_problem(staff.create(f"{path}:{step}", body), 409, "reservation_expired")


def test_extension_gives_more_time_and_never_less(staff: Client, yard: Yard) -> None:
    """From now on, not added up."""
    row = yard.reserved((yard.stocked(near=5), 2), ttl_seconds=60)
    path = f"/reservations/{row['id']}:extend"
    longer = staff.create(path, {"ttl_seconds": 3600}).json
    assert timedelta(minutes=59) < until(longer) < timedelta(minutes=61)
    assert staff.create(path, {"ttl_seconds": 1}).json == longer
    names_field(staff.create(path, {}), "ttl_seconds", "required")


def test_extended_reservation_outlives_its_first_time(staff: Client, yard: Yard) -> None:
    """What was promised first is forgotten."""
    path = f"/reservations/{yard.reserved((yard.stocked(near=5), 2), ttl_seconds=2)['id']}"
    assert staff.create(f"{path}:extend", {"ttl_seconds": 600}).status == 200
    time.sleep(2.1)  # there is nothing to poll: it must not happen
    assert staff.create(f"{path}:commit", {}).status == 200


def test_unknown_reservation(staff: Client) -> None:
    """404 on every route."""
    path = f"/reservations/{uuid.uuid4()}"
    is_problem(staff.get(path), 404, "unknown_reservation")
    for step, body in (("commit", {}), ("release", {}), ("extend", {"ttl_seconds": 60})):
        is_problem(staff.create(f"{path}:{step}", body), 404, "unknown_reservation")


def test_last_units_are_sold_once(staff: Client, yard: Yard) -> None:
    """I5: eight buyers, three units, each buyer an order of its own."""
    sku = yard.stocked(near=3)
    outcomes = at_once(lambda _: staff.create("/reservations", yard.order((sku, 1))))
    assert outcomes == {(201, None): 3, (409, "insufficient_stock"): 5}
    assert yard.level(sku) == (3, 3, 0)


def test_one_of_commit_and_release_wins(staff: Client, yard: Yard) -> None:
    """The others get its result or are told."""
    sku = yard.stocked(near=9)
    path = f"/reservations/{yard.reserved((sku, 4))['id']}"
    outcomes = at_once(lambda n: staff.create(f"{path}:{'commit' if n % 2 else 'release'}", {}))
    assert outcomes == {(200, None): 4, (409, "invalid_transition"): 4}
    on_hand, reserved, _ = yard.level(sku)
    assert (on_hand, reserved) == (5 if staff.get(path).json["status"] == "committed" else 9, 0)
