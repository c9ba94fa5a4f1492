"""Which changes of a contract break a release in which old and new run side by side."""

from __future__ import annotations

from copy import deepcopy

import pytest

from strangler.contract import Contract, incompatibilities, snapshot
from tests.unit.contract.sample import Stock

OLD = snapshot(Contract("stock", Stock))


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
        (lambda d: hold(d)["arguments"].update(hold_s={"type": "string"}), "hold.hold_s: integer where string"),
        (lambda d: hold(d)["arguments"].update(hold_s={"type": "integer", "maximum": 9}), "hold.hold_s: maximum 9"),
        (lambda d: kind(d, "Line")["required"].append("note"), "hold.lines[].note: it is required"),
        (lambda d: kind(d, "Line")["properties"].pop("note"), "hold.lines[].note: it is gone; old callers still send"),
        (lambda d: kind(d, "Hold")["properties"].pop("day"), "hold returns.day: it is gone; old callers need it"),
        (
            lambda d: kind(d, "Hold")["properties"].update(id={"type": "string"}),
            "hold returns.id: string where string (uuid)",
        ),
        (lambda d: kind(d, "Colour")["enum"].append("green"), "the value 'green' is not understood"),
        (
            lambda d: kind(d, "Hold")["properties"].update(share={"anyOf": [{"type": "number"}, {"type": "null"}]}),
            "hold returns.share: null where number",
        ),
        (
            lambda d: d["operations"]["levels"]["returns"].update(additionalProperties={"type": "string"}),
            "levels returns{}: string where integer",
        ),
        (lambda d: kind(d, "Line")["properties"].update(note={"type": "null"}), "hold.lines[].note: string where null"),
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
    assert incompatibilities(old, new) == ["hold.colour: the value 'red' is not understood."]
