"""What carriers tell over webhooks, and who may know of it."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any, NamedTuple

import pytest

from strangler.hosting.rest.webhooks import sign
from tests.contracts.client import Client, created
from tests.contracts.expectations import is_problem
from tests.contracts.shipping.conftest import HOME, Desk, customer_of
from tests.support.carriers import SECRET, Carriers
from tests.support.platform import Platform
from tests.support.processes import eventually

JOURNEYS = {
    "73301": "delivered",
    "00021": "delivered",  # everything twice
    "00022": "delivered",  # in reverse order
    "00023": "delivered",  # the first of it last
    "00024": "delivered",  # after an exception
    "00025": "returned",  # nobody takes it
    "00026": "label_created",  # signed with another secret
    "00027": "label_created",  # signed an hour ago
}


class Seen(NamedTuple):
    """What was seen of a shipment, once it is as much as it is to be."""

    events: list[dict[str, Any]]

    @classmethod
    def of(cls, staff: Client, row: dict[str, Any], wanted: int) -> Seen | None:
        """Return it, or None while there is less."""
        events = staff.get(f"/shipments/{row['id']}/tracking").json["data"]
        assert len(events) <= wanted
        return cls(events) if len(events) == wanted else None


def test_every_journey_ends_where_it_ends_however_it_is_told(
    staff: Client, anybody: Client, desk: Desk, carriers: Carriers
) -> None:
    """The carriers push, the host's clock takes; public tracking says where it is and nothing of who gets it."""
    rows = {code: desk.sent(code) for code in JOURNEYS}
    for code, row in zip(rows, desk.labelled(*rows.values()), strict=True):
        rows[code] = row
    told = [event for hours in (2, 30, 60, 40) for event in carriers.pass_time(hours)]
    for code, end in JOURNEYS.items():
        row = desk.reaches(rows[code], end)
        number = row["tracking_number"]
        last = {
            event["id"]: event["answer"] for event in told if event["id"].startswith(number)
        }  # it may repeat itself
        assert set(last.values()) == {400 if end == "label_created" else 204}
        wanted = 0 if end == "label_created" else len(last)
        seen = eventually(
            lambda row=row, wanted=wanted: Seen.of(staff, row, wanted),
            what=f"{code} is seen {wanted} times",
            every_s=0.1,
        ).events
        moments = [one["occurred_at"] for one in seen]
        assert moments == sorted(moments)
        public = anybody.get(f"/track/{number}")
        assert public.json.keys() == {"carrier", "status", "eta", "country", "events"}
        assert public.json["status"] == end
        assert [one["status"] for one in public.json["events"]] == [one["status"] for one in seen]
        for secret in ("Ada", "Lovelace", "Secret Street", "Austin", code, row["id"], row["order_id"], "MUG"):
            assert secret not in public.content.decode()


def test_what_was_delivered_comes_back(
    platform: Platform, shipping_url: str, staff: Client, desk: Desk, carriers: Carriers
) -> None:
    """A customer sends it back; when it is here, the shipment is returned."""
    mine = str(uuid.uuid4())
    me = customer_of(platform, shipping_url, mine)
    (row,) = desk.labelled(desk.sent(customer_id=mine))
    is_problem(me.create(f"/shipments/{row['id']}/returns", {}), 409, "invalid_transition")
    carriers.pass_time(100)
    desk.reaches(row, "delivered")
    is_problem(staff.create(f"/shipments/{row['id']}:cancel", {}), 409, "not_cancellable")
    back = created(me.create(f"/shipments/{row['id']}/returns", {"lines": [{"sku": "MUG", "qty": 2}]})).json
    assert (back["returns"], back["from"], back["status"]) == (row["id"], HOME, "draft")
    problem = is_problem(me.create(f"/shipments/{row['id']}/returns", {}), 409, "exceeds_ordered")
    assert problem["lines"] == [{"sku": "MUG", "requested": 1, "left": 0}]
    desk.labelled(back)
    carriers.pass_time(100)
    desk.reaches(back, "delivered")
    assert desk.reaches(row, "returned")


@pytest.mark.parametrize("wrong", ["secret", "old", "body", "missing"])
def test_webhook_that_is_not_signed_right_is_refused(anybody: Client, wrong: str) -> None:
    """And nobody's carrier has none."""
    body = json.dumps({"id": "x", "tracking_number": "x", "status": "delivered"}).encode()
    at = int(time.time()) - (301 if wrong == "old" else 0)
    header = sign(body, "another" if wrong == "secret" else SECRET, at=at)
    headers = {} if wrong == "missing" else {"Webhook-Signature": header}
    raw = body + b" " if wrong == "body" else body
    is_problem(anybody.send("POST", "/webhooks/herald", raw=raw, headers=headers), 400, "signature_invalid")


def test_webhook_of_nobody(anybody: Client) -> None:
    """There is no such carrier."""
    is_problem(anybody.send("POST", "/webhooks/nobody", raw=b"{}"), 422, "unknown_service")


def test_number_that_nobody_gave(anybody: Client) -> None:
    """404, whatever it looks like."""
    for number in ("HC0000", "%00", "x" * 200):
        is_problem(anybody.get(f"/track/{number}"), 404, "unknown_shipment")


def test_webhook_is_taken_at_once(anybody: Client) -> None:
    """2xx at once, whatever is inside; it is looked at afterwards."""
    for body in (b"{}", b"[", json.dumps({"id": "e", "tracking_number": uuid.uuid4().hex}).encode()):
        answer = anybody.send("POST", "/webhooks/herald", raw=body, headers={"Webhook-Signature": sign(body, SECRET)})
        assert (answer.status, answer.content) == (204, b"")
