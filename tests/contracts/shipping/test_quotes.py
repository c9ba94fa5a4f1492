"""What it costs over REST: options of those who answer, messages of those who do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.contracts.client import Client
from tests.contracts.expectations import is_problem, names_field
from tests.contracts.shipping.conftest import HOME, LINE, Desk

BOX = {"weight_g": 4_000, "length_mm": 300, "width_mm": 200, "height_mm": 100}


def test_options_come_cheapest_first_and_their_price_is_honoured(staff: Client, desk: Desk) -> None:
    """No key is needed: nothing is made."""
    quote = staff.send("POST", "/quotes", body={"to": HOME, "lines": [LINE]}).json
    offers = [(option["carrier"], option["service"], option["price"]["amount"]) for option in quote["options"]]
    assert offers == [
        ("post", "standard", 715), ("swift", "ground", 790), ("post", "priority", 1405), ("herald", "courier", 1650),
        ("swift", "express", 2150),
    ]  # fmt: skip
    assert quote["messages"] == []
    left = datetime.fromisoformat(quote["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=25) < left < timedelta(minutes=31)
    option = quote["options"][1]
    row = desk.sent(option_id=option["option_id"])
    assert (row["carrier"], row["service"], row["cost"]) == ("swift", "ground", option["price"])


def test_parcels_that_are_packed_already(staff: Client) -> None:
    """4 kg in 6,000 cm3; from another place, too."""
    asked = {"to": HOME, "parcels": [BOX, BOX], "from": HOME | {"postal_code": "10001", "region": "NY"}}
    quote = staff.send("POST", "/quotes", body=asked).json
    assert quote["options"][0]["price"] == {"amount": 2 * (700 + 4 * 90), "currency": "USD"}


@pytest.mark.parametrize(("postal_code", "code"), [("00002", "bad_reply"), ("00004", "unreachable")])
def test_partial_quote_names_who_failed(staff: Client, postal_code: str, code: str) -> None:
    """Others are offered."""
    asked = {"to": HOME | {"postal_code": postal_code}, "lines": [LINE]}
    answer = staff.send("POST", "/quotes", body=asked)
    assert answer.status == 200
    assert {option["carrier"] for option in answer.json["options"]} == {"post", "herald"}
    (message,) = answer.json["messages"]
    assert (message["carrier"], message["code"]) == ("swift", code)


def test_bad_address_is_told_field_by_field(staff: Client) -> None:
    """With what to do about it."""
    asked = {"to": HOME | {"postal_code": "733", "city": ""}, "lines": [LINE]}
    problem = is_problem(staff.send("POST", "/quotes", body=asked), 422, "address_invalid")
    assert {(one["field"], one["code"]) for one in problem["errors"]} == {
        ("to.city", "required"), ("to.postal_code", "invalid"),
    }  # fmt: skip


def test_nobody_goes_there(staff: Client) -> None:
    """A country that no carrier serves."""
    asked = {"to": HOME | {"country": "BR", "postal_code": ""}, "lines": [LINE]}
    is_problem(staff.send("POST", "/quotes", body=asked), 422, "no_service_available")


def test_body_must_say_what_is_sent(staff: Client) -> None:
    """Either lines or parcels; nothing unknown."""
    for wrong in ({}, {"lines": [LINE], "parcels": [BOX]}):
        names_field(staff.send("POST", "/quotes", body={"to": HOME, **wrong}), "", "either")
    names_field(staff.send("POST", "/quotes", body={"to": HOME, "lines": [LINE | {"qty": 0}]}), "lines.0.qty")
    names_field(staff.send("POST", "/quotes", body={"to": HOME | {"street": "x"}, "lines": [LINE]}), "to.street")
    twice = staff.send("POST", "/quotes", body={"to": HOME, "lines": [LINE, LINE]})
    is_problem(twice, 422, "out_of_bounds")


def test_option_must_fit(desk: Desk, staff: Client) -> None:
    """Another address, other lines, or none of ours."""
    option = staff.send("POST", "/quotes", body={"to": HOME, "lines": [LINE]}).json["options"][0]["option_id"]
    for body in (
        desk.body(option_id="nonsense"),
        desk.body("73302", option_id=option),
        desk.body("73301", LINE | {"weight_g": 4_000}, option_id=option),
    ):
        is_problem(staff.create("/shipments", body), 422, "invalid_option")
    neither = desk.body()
    del neither["carrier"]
    names_field(staff.create("/shipments", neither), "", "either")


def test_quotes_are_for_people_who_are_known(anybody: Client) -> None:
    """Asking carriers costs something."""
    is_problem(anybody.send("POST", "/quotes", body={"to": HOME, "lines": [LINE]}), 401, "not_authenticated")
