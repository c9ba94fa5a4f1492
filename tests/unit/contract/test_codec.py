"""Values survive the wire unchanged, and nothing else does."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from strangler.contract import Codec, Contract, WireError
from tests.unit.contract.sample import Colour, Hold, Line, OutOfStock, Stock

CONTRACT = Contract("stock", Stock)
HOLD = Codec(CONTRACT.operations["hold"])
LEVELS = Codec(CONTRACT.operations["levels"])
ORDER = UUID("018f2a3b-0000-7000-8000-000000000001")
ARGUMENTS = {"order_id": str(ORDER), "lines": [{"sku": "a", "qty": 2}]}


def raw(**changes):
    return json.dumps({**ARGUMENTS, **changes}).encode()


def test_arguments_come_back_as_they_were():
    given = {"order_id": ORDER, "lines": (Line(sku="a", qty=2, note="fragile"),), "hold_s": 5}
    assert HOLD.decode_arguments(HOLD.encode_arguments(given)) == given


def test_an_argument_that_was_not_given_is_not_sent():
    """So an older server never sees a field that it does not know, and the callee's default holds."""
    given = {"order_id": ORDER, "lines": ()}
    sent = HOLD.encode_arguments(given)
    assert "hold_s" not in json.loads(sent)
    assert HOLD.decode_arguments(sent) == given


def test_an_outcome_comes_back_as_it_was():
    hold = Hold(
        id=uuid4(), lines=(Line(sku="ü", qty=2**62),), until=datetime(2026, 11, 22, 1, 2, 3, 4, tzinfo=UTC),
        day=date(2026, 11, 22), rate=Decimal("1.10"), share=0.1, colour=Colour.BLUE, mode="some", labels={"x": 1},
    )  # fmt: skip
    assert HOLD.decode_outcome(HOLD.encode_outcome(hold)) == hold
    assert str(HOLD.decode_outcome(HOLD.encode_outcome(hold)).rate) == "1.10"


@pytest.mark.parametrize(
    "body",
    [
        raw(extra=1),
        raw(lines=[{"sku": "a", "qty": 2, "extra": 1}]),
        raw(lines=[{"sku": "a", "qty": "2"}]),
        raw(lines=[{"sku": "a", "qty": 2.0}]),
        raw(lines=[{"sku": "a", "qty": True}]),
        raw(lines=[{"sku": "a"}]),
        raw(lines=[{"sku": "a", "qty": 0}]),
        raw(lines={"sku": "a", "qty": 2}),
        raw(order_id="not-an-id"),
        raw(order_id=None),
        raw(hold_s=None),
        raw(hold_s=float("nan")),
        b"{}",
        b"[]",
        b"",
        b"\xff",
        b'{"lines": ',
    ],
)
def test_a_request_that_the_contract_does_not_know_is_refused(body):
    with pytest.raises(WireError):
        HOLD.decode_arguments(body)


def test_a_reply_may_say_more_than_the_caller_knows():
    assert LEVELS.decode_outcome(b'{"a": 1}') == {"a": 1}
    newer = json.loads(HOLD.encode_outcome(_hold())) | {"added_later": True}
    assert HOLD.decode_outcome(json.dumps(newer).encode()) == _hold()


@pytest.mark.parametrize(
    "change", [{"until": "2026-11-22T01:02:03"}, {"colour": "green"}, {"mode": "none"}, {"share": "0.5"}]
)
def test_a_reply_of_another_type_is_refused(change):
    wrong = json.loads(HOLD.encode_outcome(_hold())) | change
    with pytest.raises(WireError):
        HOLD.decode_outcome(json.dumps(wrong).encode())


def test_a_refusal_keeps_its_class_message_and_context():
    error = HOLD.decode_refusal(HOLD.encode_refusal(OutOfStock("Only 2 left.", lines=[{"sku": "a", "available": 2}])))
    assert type(error) is OutOfStock
    assert str(error) == "Only 2 left."
    assert error.context == {"lines": [{"sku": "a", "available": 2}]}


@pytest.mark.parametrize("body", [b'{"code": "other", "message": ""}', b'{"message": "x"}', b"no"])
def test_a_refusal_that_the_operation_does_not_declare_is_none(body):
    with pytest.raises(WireError):
        HOLD.decode_refusal(body)


def test_what_cannot_cross_says_so():
    with pytest.raises(WireError, match="cannot cross"):
        HOLD.encode_outcome(object())


def _hold():
    return Hold(
        id=ORDER, lines=(), until=datetime(2026, 1, 1, tzinfo=UTC), day=date(2026, 1, 1), rate=Decimal(1), share=0.5,
        colour=Colour.RED, mode="all", labels={},
    )  # fmt: skip
