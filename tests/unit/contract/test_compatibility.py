"""Which changes of a contract break a release in which old and new run side by side."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import pytest

from strangler.contract import Contract, Events, incompatibilities, snapshot
from tests.unit.contract.sample import Colour, Line, Stock

OLD = snapshot("stock", Contract("stock", Stock).operations)


def changed(change):
    new = deepcopy(OLD)
    change(new)
    return new


def hold(document):
    return document["operations"]["hold"]


def kind(document, name):
    return document["types"][name]


def test_the_snapshot_says_all_that_matters():
    assert hold(OLD)["kind"] == "command"
    assert hold(OLD)["key"] == ["order_id"]
    assert hold(OLD)["required"] == ["order_id", "lines"]
    assert hold(OLD)["arguments"]["order_id"] == {"type": "string", "format": "uuid"}
    assert hold(OLD)["refusals"] == ["command_in_progress", "command_key_reused", "out_of_stock", "unknown_sku"]
    assert kind(OLD, "Line")["required"] == ["sku", "qty"]
    assert set(OLD["types"]) == {"Line", "Hold", "Colour"}


def test_an_unchanged_contract_is_compatible():
    assert incompatibilities(OLD, deepcopy(OLD)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["operations"].update(peek=deepcopy(d["operations"]["levels"])),
        lambda d: hold(d)["arguments"].update(reason={"type": "string"}),
        lambda d: kind(d, "Line")["properties"].update(colour={"type": "string", "default": ""}),
        lambda d: (
            kind(d, "Hold")["properties"].update(total={"type": "integer"})
            or kind(d, "Hold")["required"].append("total")
        ),
        lambda d: hold(d)["required"].remove("lines"),
        lambda d: hold(d)["refusals"].remove("out_of_stock"),
        lambda d: hold(d).update(timeout_s=9.0),
        lambda d: d["operations"]["levels"].update(
            arguments={"skus": {"anyOf": [d["operations"]["levels"]["arguments"]["skus"], {"type": "null"}]}}
        ),
    ],
    ids=[
        "operation",
        "optional argument",
        "optional field",
        "field of a reply",
        "no longer required",
        "fewer refusals",
        "patience",
        "wider argument",
    ],
)
def test_growth_is_compatible(change):
    assert incompatibilities(OLD, changed(change)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["operations"].pop("levels"), "levels: the operation is gone"),
        (lambda d: hold(d).update(kind="query"), "hold: it was a command and is a query"),
        (lambda d: hold(d).update(key=["order_id", "lines"]), "hold: its key was order_id and is order_id, lines"),
        (lambda d: hold(d).update(repeatable=False), "hold: it may no longer be repeated"),
        (lambda d: hold(d)["refusals"].append("sold"), "hold: it refuses with 'sold'"),
        (lambda d: hold(d)["arguments"].pop("hold_s"), "hold.hold_s: it is gone; old callers still send it"),
        (lambda d: hold(d)["required"].append("hold_s"), "hold.hold_s: it is required, and old callers may not send"),
        (
            lambda d: hold(d)["arguments"].update(hold_s={"type": "string"}),
            "hold.hold_s: integer where new servers understand string.",
        ),
        (
            lambda d: hold(d)["arguments"].update(hold_s={"type": "integer", "maximum": 9}),
            "hold.hold_s: new servers insist on maximum 9, which is stricter than none.",
        ),
        (lambda d: kind(d, "Line")["required"].append("note"), "hold.lines[].note: it is required"),
        (lambda d: kind(d, "Line")["properties"].pop("note"), "hold.lines[].note: it is gone; old callers still send"),
        (lambda d: kind(d, "Hold")["properties"].pop("day"), "hold returns.day: it is gone; old callers need it"),
        (
            lambda d: kind(d, "Hold")["properties"].update(id={"type": "string"}),
            "hold returns.id: string where old callers understand string (uuid).",
        ),
        (
            lambda d: kind(d, "Colour")["enum"].append("green"),
            "hold returns.colour: old callers do not understand the value 'green'.",
        ),
        (
            lambda d: kind(d, "Hold")["properties"].update(share={"anyOf": [{"type": "number"}, {"type": "null"}]}),
            "hold returns.share: null where old callers understand number.",
        ),
        (
            lambda d: d["operations"]["levels"]["returns"].update(additionalProperties={"type": "string"}),
            "levels returns{}: string where old callers understand integer.",
        ),
        (
            lambda d: kind(d, "Line")["properties"].update(note={"type": "null"}),
            "hold.lines[].note: string where new servers understand null.",
        ),
    ],
)
def test_what_breaks_a_release_is_named(change, said):
    found = incompatibilities(OLD, changed(change))
    assert any(said in line for line in found), found


def test_a_narrower_choice_breaks_requests_and_a_wider_one_replies():
    """The same type may stand on both sides; each side is judged by itself."""
    old = changed(lambda d: hold(d)["arguments"].update(colour={"$ref": "#/types/Colour"}))
    new = deepcopy(old)
    kind(new, "Colour")["enum"].remove("red")
    assert incompatibilities(old, new) == ["hold.colour: new servers do not understand the value 'red'."]


published = Events("stock")


@published.declare("test.stock.held.v1", aggregate="hold", key="hold_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class StockHeld:
    hold_id: int
    lines: tuple[Line, ...]
    colour: Colour
    reason: str | None = None


HELD = "test.stock.held.v1"
PUBLISHED = snapshot("stock", {}, published.types)


def of_events(change):
    """Return how *change* breaks the users of the event."""
    new = deepcopy(PUBLISHED)
    change(new)
    return incompatibilities(PUBLISHED, new)


def payload(document):
    return document["types"]["StockHeld"]


def test_the_snapshot_describes_events():
    assert PUBLISHED["capability"] == "stock"
    assert PUBLISHED["operations"] == {}
    assert PUBLISHED["events"] == {HELD: {"aggregate": "hold", "key": "hold_id", "data": {"$ref": "#/types/StockHeld"}}}
    assert payload(PUBLISHED)["required"] == ["hold_id", "lines", "colour"]
    assert set(PUBLISHED["types"]) == {"StockHeld", "Line", "Colour"}


def test_a_contract_released_before_it_had_events_may_get_some():
    new = deepcopy(OLD) | {"events": PUBLISHED["events"], "types": OLD["types"] | PUBLISHED["types"]}
    old = {name: value for name, value in OLD.items() if name != "events"}
    assert incompatibilities(old, new) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["events"].update({"test.stock.held.v2": deepcopy(d["events"][HELD])}),
        lambda d: payload(d)["properties"].update(note={"type": "string", "default": ""}),
        lambda d: payload(d)["properties"].pop("reason"),
    ],
    ids=["event", "optional field", "optional field gone"],
)
def test_events_grow_compatibly(change):
    assert of_events(change) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda d: d["events"].pop(HELD),
            [f"{HELD}: the event is gone; subscribers wait for it, and copies of it may be under way."],
        ),
        (
            lambda d: d["events"][HELD].update(aggregate="stock"),
            [f"{HELD}: its aggregate was 'hold' and is 'stock'; the order of its events would be lost."],
        ),
        (
            lambda d: d["events"][HELD].update(key="order_id"),
            [f"{HELD}: its key was 'hold_id' and is 'order_id'; the order of its events would be lost."],
        ),
        (
            lambda d: (payload(d)["properties"].pop("colour"), payload(d)["required"].remove("colour")),
            [f"{HELD}.colour: it is gone; older subscribers need it."],
        ),
        (
            lambda d: (
                payload(d)["properties"].update(town={"type": "string"}),
                payload(d)["required"].append("town"),
            ),
            [f"{HELD}.town: it is required, and events published before may not have it."],
        ),
        (
            lambda d: payload(d)["required"].append("reason"),
            [f"{HELD}.reason: it is required, and events published before may not have it."],
        ),
        (
            lambda d: payload(d)["properties"].update(hold_id={"type": "string"}),
            [
                f"{HELD}.hold_id: string where older subscribers understand integer.",
                f"{HELD}.hold_id: integer where newer subscribers understand string.",
            ],
        ),
        (
            lambda d: kind(d, "Line")["properties"].update(qty={"type": "number"}),
            [f"{HELD}.lines[].qty: number where older subscribers understand integer."],
        ),
        (
            lambda d: kind(d, "Colour")["enum"].append("green"),
            [f"{HELD}.colour: older subscribers do not understand the value 'green'."],
        ),
        (
            lambda d: kind(d, "Colour")["enum"].remove("red"),
            [f"{HELD}.colour: newer subscribers do not understand the value 'red'."],
        ),
        (
            lambda d: payload(d)["properties"].update(reason={"type": "string"}),
            [f"{HELD}.reason: null where newer subscribers understand string."],
        ),
        (
            lambda d: payload(d)["properties"].update(reason={"type": "integer"}),
            [
                f"{HELD}.reason: integer where older subscribers understand string | null.",
                f"{HELD}.reason: string where newer subscribers understand integer.",
                f"{HELD}.reason: null where newer subscribers understand integer.",
            ],
        ),
        (
            lambda d: payload(d)["properties"].update(hold_id={"type": "integer", "minimum": 1}),
            [f"{HELD}.hold_id: newer subscribers insist on minimum 1, which is stricter than none."],
        ),
        (
            lambda d: kind(d, "Line")["properties"].update(sku={"type": "string", "pattern": "^[A-Z]+$"}),
            [f"{HELD}.lines[].sku: newer subscribers insist on pattern ^[A-Z]+$, not none."],
        ),
        (
            lambda d: payload(d)["properties"].update(hold_id={"type": "integer", "multipleOf": 5}),
            [f"{HELD}.hold_id: newer subscribers insist on multipleOf 5, not none."],
        ),
    ],
    ids=[
        "event gone",
        "aggregate",
        "key",
        "field gone",
        "required field",
        "made required",
        "type",
        "wider type",
        "enum grown",
        "enum shrunk",
        "no longer null",
        "other type",
        "bound",
        "pattern",
        "multiple",
    ],
)
def test_what_breaks_publishers_or_subscribers_is_named(change, said):
    """Both ways: a subscriber may be older than the publisher, and newer than what is still under way."""
    assert of_events(change) == said
