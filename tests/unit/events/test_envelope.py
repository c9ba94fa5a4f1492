"""On its way an event is a CloudEvents 1.0 document; whatever else arrives is refused, and breaks nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strangler.contract import WireError
from strangler.events.envelope import Envelope, seal, unseal
from tests.unit.events.cloudevents import violations
from tests.unit.events.letters import letter

ID = "0199c0de-0000-7000-8000-000000000001"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
REQUIRED = (
    *("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "partitionkey"),
    *("aggregatetype", "sequence", "previoussequence", "data"),
)


def event(**changes: Any) -> SimpleNamespace:
    row = {
        "id": UUID(ID),
        "aggregate_type": "stock",
        "aggregate_id": "A-1 ü/€",
        "sequence": 42,
        "type": "shop.stock.out.v1",
        "payload": '{"sku":"A-1 \\u00fc/€","qty":0}',
        "headers": json.dumps({"traceparent": TRACE, "correlationid": "order-7", "causationid": ID}),
        "created_at": datetime(2026, 5, 1, 12, 30, 0, 125, tzinfo=UTC),
    }
    return SimpleNamespace(**row | changes)


def sealed(previous: int = 40, **changes: Any) -> str:
    return seal("inventory", event(**changes), SimpleNamespace(previous=previous))


def test_envelope_says_what_the_rows_say() -> None:
    assert json.loads(sealed()) == {
        "specversion": "1.0",
        "id": ID,
        "source": "/inventory",
        "type": "shop.stock.out.v1",
        "subject": "A-1 ü/€",
        "time": "2026-05-01T12:30:00.000125Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:strangler:inventory:shop.stock.out.v1",
        "partitionkey": "A-1 ü/€",
        "aggregatetype": "stock",
        "sequence": "0000000000000000042",
        "previoussequence": "0000000000000000040",
        "data": {"sku": "A-1 ü/€", "qty": 0},
        "traceparent": TRACE,
        "correlationid": "order-7",
        "causationid": ID,
    }


def test_payload_is_not_written_anew() -> None:
    """It is the publisher's text, digit for digit."""
    assert '"data":{"sku":"A-1 \\u00fc/€","qty":0}' in sealed()


def test_what_nobody_said_is_left_out() -> None:
    found = json.loads(sealed(headers="{}"))
    assert set(found) == set(REQUIRED)
    assert violations(found) == []


@pytest.mark.parametrize(
    "raw",
    [
        sealed(),
        sealed(previous=0, sequence=1, aggregate_id="x" * 255, type="a." + "b" * 94 + ".v1"),
        sealed(created_at=datetime(2026, 5, 1, tzinfo=timezone(timedelta(hours=5, minutes=45)))),
        sealed(payload="null"),
        letter(7),
    ],
    ids=["usual", "extremes", "other offset", "no payload", "letter of the tests"],
)
def test_envelope_keeps_the_rules_of_cloudevents(raw: str) -> None:
    assert violations(json.loads(raw)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"source": ""},
        {"source": "not a reference"},
        {"type": None},
        {"time": "2026-05-01T12:30:00"},
        {"time": "2026-13-01T12:30:00Z"},
        {"dataschema": "no-uri"},
        {"datacontenttype": "json"},
        {"subject": ""},
        {"traceparent": "00-1-2-3"},
        {"previous_sequence": "1"},
        {"correlationid": {"of": "order"}},
    ],
    ids=str,
)
def test_rules_bite(change: dict[str, Any]) -> None:
    """The control: each rule refuses what breaks it."""
    assert len(violations(json.loads(sealed()) | change)) == 1


@pytest.mark.parametrize("missing", ["id", "source", "specversion", "type"])
def test_rules_miss_what_is_not_there(missing: str) -> None:
    """The control, for what is required."""
    assert len(violations({name: value for name, value in json.loads(sealed()).items() if name != missing})) == 1


def test_envelope_comes_back_as_it_was() -> None:
    found = unseal(sealed())
    assert (found.publisher, found.aggregate, found.stream) == (
        "inventory",
        "stock:A-1 ü/€",
        "inventory:stock:A-1 ü/€",
    )
    assert (found.number, found.previous, found.id, found.type) == (42, 40, ID, "shop.stock.out.v1")
    assert found.time == datetime(2026, 5, 1, 12, 30, 0, 125, tzinfo=UTC)
    assert json.loads(bytes(found.data)) == {"sku": "A-1 ü/€", "qty": 0}
    assert (found.traceparent, found.correlationid, found.causationid) == (TRACE, "order-7", ID)


@settings(deadline=None)
@given(st.integers(0, 2**63 - 2), st.integers(1, 2**63 - 1))
def test_sequences_sort_as_text(previous: int, gap: int) -> None:
    sequence = min(previous + gap, 2**63 - 1)
    found = unseal(sealed(previous=previous, sequence=sequence))
    assert (found.previous, found.number) == (previous, sequence)
    assert found.previoussequence < found.sequence


def test_newer_publisher_may_say_more() -> None:
    found = unseal(letter(1, colour="red", nested={"of": ["any", 1]}))
    assert found.number == 1


@pytest.mark.parametrize("missing", REQUIRED)
def test_envelope_without_one_attribute_is_refused(missing: str) -> None:
    rest = {name: value for name, value in json.loads(letter(2)).items() if name != missing}
    with pytest.raises(WireError, match=f"no event of ours: .*{missing}"):
        unseal(json.dumps(rest))


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"specversion": 1.0},
        {"id": ""},
        {"id": "x" * 256},
        {"source": ""},
        {"source": "/"},
        {"source": "press"},
        {"source": "/press/"},
        {"source": "//press"},
        {"source": "/press\n"},
        {"source": "/" + "p" * 101},
        {"type": ""},
        {"type": "t" * 101},
        {"subject": ""},
        {"subject": "s" * 256},
        {"subject": 7},
        {"aggregatetype": "a" * 101},
        {"time": "2026-05-01T12:30:00"},
        {"time": "yesterday"},
        {"time": 1777638600},
        {"sequence": 2},
        {"sequence": "2"},
        {"sequence": f"{2:020}"},
        {"sequence": " 000000000000000002"},
        {"sequence": "0000000000000000_02"},
        {"sequence": "-000000000000000002"},
        {"sequence": "٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٢"},
        {"sequence": f"{2:019}\n"},
        {"sequence": str(2**63)},
        {"sequence": "9" * 5_000},
        {"sequence": f"{1:019}"},
        {"sequence": f"{0:019}"},
        {"previoussequence": f"{2:019}"},
        {"previoussequence": f"{3:019}"},
        {"previoussequence": f"{-1:019}"},
        {"traceparent": None},
        {"correlationid": 7},
    ],
    ids=lambda change: str(change)[:50],
)
def test_envelope_that_is_wrong_in_one_place_is_refused(change: dict[str, Any]) -> None:
    """The second note after the first: everything else about it is right."""
    assert unseal(letter(2)).number == 2
    with pytest.raises(WireError, match="no event of ours"):
        unseal(letter(2, **change))


@pytest.mark.parametrize(
    "raw", ["", "{", "null", "7", "[]", "{}", "\ud800", "[" * 200_000, '{"data":' * 5_000, letter(2)[:-1], "\x00"]
)
def test_text_that_is_no_envelope_is_refused(raw: str) -> None:
    with pytest.raises(WireError, match="no event of ours"):
        unseal(raw)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_an_envelope_or_refused(raw: str) -> None:
    with pytest.raises(WireError):
        unseal(raw)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(REQUIRED), _values, min_size=1, max_size=4))
def test_any_change_of_an_envelope_is_understood_or_refused(changes: dict[str, Any]) -> None:
    """Nothing but a WireError, and what is understood can be kept."""
    try:
        found = unseal(letter(2, **changes))
    except WireError:
        return
    assert isinstance(found, Envelope)
    assert 0 <= found.previous < found.number < 2**63
    assert 0 < len(found.id) <= 255
    assert len(found.stream) <= 100 + 1 + 100 + 1 + 255


@settings(deadline=None)
@given(st.integers(0, 2_000), st.integers(0, 255))
def test_any_damaged_byte_is_understood_or_refused(place: int, byte: int) -> None:
    raw = bytearray(sealed().encode())
    raw[place % len(raw)] = byte
    try:
        unseal(raw.decode("utf-8", "surrogateescape"))
    except WireError:
        return
