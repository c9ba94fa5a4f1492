"""An event is read from its payload when it is declared; what it says is understood by older and newer readers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from strangler.contract import Events, Moment, Subscriptions, WireError, event_type_of
from strangler.errors import SetupError
from tests.unit.contract.sample import Line

events = Events("stock")


@events.declare("test.stock.held.v1", aggregate="hold", key="hold_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class StockHeld:
    hold_id: UUID
    lines: tuple[Line, ...]
    until: Moment
    note: str | None = None


HOLD_ID = UUID("0199c0de-0000-7000-8000-000000000001")
HELD = StockHeld(hold_id=HOLD_ID, lines=(Line(sku="A1", qty=2),), until=datetime(2026, 5, 1, 12, tzinfo=UTC))
ON_THE_WIRE = {
    "hold_id": "0199c0de-0000-7000-8000-000000000001",
    "lines": [{"sku": "A1", "qty": 2, "note": None}],
    "until": "2026-05-01T12:00:00Z",
    "note": None,
}
held = events.types["test.stock.held.v1"]


@dataclass(frozen=True, slots=True)
class Plain:
    sku: str
    weight: float = 1.0
    other: str | None = None


@dataclass(slots=True)
class Mutable:
    sku: str


@dataclass(frozen=True, slots=True)
class Naive:
    sku: str
    at: datetime


class NoDataclass:
    sku: str


def faults(payload: type, name: str = "test.stock.out.v1", aggregate: str = "stock", key: str = "sku") -> list[str]:
    with pytest.raises(SetupError) as error:
        Events("stock").declare(name, aggregate=aggregate, key=key)(payload)
    return list(error.value.faults)


def test_declared_payload_knows_its_type() -> None:
    assert event_type_of(StockHeld) is held
    assert (held.capability, held.aggregate, held.key, held.payload) == ("stock", "hold", "hold_id", StockHeld)
    assert held.aggregate_id(HELD) == "0199c0de-0000-7000-8000-000000000001"


def test_what_was_not_declared_is_no_event() -> None:
    """Not even a payload that inherits from a declared one: its fields are others."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class More(StockHeld):
        more: int

    for kind in (Plain, More):
        with pytest.raises(SetupError, match=f"{kind.__name__} is no event: declare it"):
            event_type_of(kind)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "v1",
        "out",
        "out.v1",
        "out.v1x",
        "shop.stock.out",
        "shop.stock.out.v0",
        "shop.stock.out.v01",
        "shop.1st.v1",
        "Shop.Stock.Out.v1",
        "shop..out.v1",
        "shop.stock-out.v1",
        ".stock.out.v1",
        "shop.stock.out.v1\n",
    ],
)
def test_name_that_is_none_is_refused(name: str) -> None:
    assert faults(Plain, name) == [
        f"{name!r} is no name of an event: small words joined by dots, its version last, as in a.b.v1."
    ]


@pytest.mark.parametrize("aggregate", ["", "Stock", "stock:item", "stock item", "1st"])
def test_aggregate_without_a_name_is_refused(aggregate: str) -> None:
    """It is joined with the id by a colon, and both are compared as one text."""
    assert faults(Plain, aggregate=aggregate) == [
        f"test.stock.out.v1: {aggregate!r} is no name of an aggregate: one small word, as in stock_item."
    ]


def test_names_longer_than_their_columns_are_refused() -> None:
    name = f"a.{'b' * 96}.v1"
    assert faults(Plain, name) == [f"{name}: names of events and aggregates have at most 100 characters."]
    assert Events("stock").declare(name.replace("bb", "b", 1), aggregate="a" * 100, key="sku")(Plain) is Plain


def test_name_is_declared_once() -> None:
    twice = Events("stock")
    twice.declare("test.stock.out.v1", aggregate="stock", key="sku")(Plain)
    with pytest.raises(SetupError, match=r"'test\.stock\.out\.v1' is declared twice: by Plain already"):
        twice.declare("test.stock.out.v1", aggregate="stock", key="sku")(Plain)


@pytest.mark.parametrize(
    ("payload", "key", "said"),
    [
        (NoDataclass, "sku", "test.stock.out.v1: NoDataclass must be a frozen dataclass."),
        (Mutable, "sku", "test.stock.out.v1 is Mutable: make it a frozen dataclass."),
        (Naive, "sku", "Naive.at is a datetime that may be naive: use strangler.contract.Moment."),
        (Plain, "sky", "test.stock.out.v1: the key names 'sky', which is no field of Plain."),
        (Plain, "weight", "test.stock.out.v1: the key 'weight' must be a str, an int or a UUID"),
        (Plain, "other", "test.stock.out.v1: the key 'other' must be a str, an int or a UUID"),
    ],
)
def test_payload_that_cannot_be_one_is_refused(payload: type, key: str, said: str) -> None:
    found = faults(payload, key=key)
    assert len(found) == 1
    assert found[0].startswith(said)


def test_every_fault_is_said_at_once_and_nothing_is_declared() -> None:
    broken = Events("stock")
    with pytest.raises(SetupError) as error:
        broken.declare("Out", aggregate="", key="sky")(Naive)
    assert len(error.value.faults) == 4
    assert broken.types == {}


def test_subscriptions_to_letters_are_refused() -> None:
    """The comma of a tuple of one is soon forgotten."""
    with pytest.raises(SetupError, match="orders subscribes to letters of stock: write a tuple"):
        Subscriptions("orders", {"stock": ("test.stock.out.v1")})
    assert Subscriptions("orders", {"stock": ("test.stock.out.v1",)}).wanted == {"stock": {"test.stock.out.v1"}}


def test_payload_is_written_with_every_field() -> None:
    """A reader may require what has a default here."""
    assert json.loads(held.encode(HELD)) == ON_THE_WIRE


def test_payload_comes_back_as_it_was() -> None:
    assert held.decode(held.encode(HELD)) == HELD


def test_unknown_fields_are_ignored_at_every_depth() -> None:
    """Publishers may be newer."""
    newer = {**ON_THE_WIRE, "colour": "red", "lines": [{"sku": "A1", "qty": 2, "weight": {"g": 5}}]}
    assert held.decode(json.dumps(newer).encode()) == HELD


def test_missing_optional_fields_have_their_defaults() -> None:
    """Publishers may be older."""
    older = {name: ON_THE_WIRE[name] for name in ("hold_id", "lines", "until")}
    assert held.decode(json.dumps(older).encode()) == HELD


@pytest.mark.parametrize(
    "change",
    [
        {"hold_id": "17"},
        {"hold_id": 17},
        {"hold_id": None},
        {"lines": None},
        {"lines": [{"sku": "A1"}]},
        {"lines": [{"sku": "A1", "qty": "2"}]},
        {"lines": [{"sku": "A1", "qty": 2.5}]},
        {"lines": [{"sku": "A1", "qty": 0}]},
        {"until": "2026-05-01T12:00:00"},
        {"until": "soon"},
        {"note": 1},
    ],
    ids=str,
)
def test_other_types_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(WireError, match=r"^test\.stock\.held\.v1: "):
        held.decode(json.dumps(ON_THE_WIRE | change).encode())


@pytest.mark.parametrize("missing", ["hold_id", "lines", "until"])
def test_required_fields_are_required(missing: str) -> None:
    rest = {name: value for name, value in ON_THE_WIRE.items() if name != missing}
    with pytest.raises(WireError, match=missing):
        held.decode(json.dumps(rest).encode())


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"[]", b'"x"', b"\xff", b'{"a":' * 5_000, b"[" * 200_000])
def test_bytes_that_are_no_payload_are_refused(raw: bytes) -> None:
    with pytest.raises(WireError):
        held.decode(raw)


def test_payload_with_what_cannot_cross_is_not_written() -> None:
    """Types are hints: a value that is none of them must not become something else in silence."""
    with pytest.raises(WireError, match="cannot cross a border"):
        held.encode(StockHeld(hold_id=HOLD_ID, lines=(object(),), until=HELD.until))  # type: ignore[arg-type]
