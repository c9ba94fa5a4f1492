"""`schema.json` says what was released; a change that breaks its users is found, and is not written by accident."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from strangler.bindings.publication import FILE, SAMPLES_FILE, port_of
from strangler.contract import Events
from tests.bindings.counter import contract as contract_module
from tests.bindings.counter.local import LocalCounter

SCHEMA = Path(contract_module.__file__).with_name(FILE)
SAMPLES = SCHEMA.with_name(SAMPLES_FILE)
COUNTED = "test.counter.counted.v1"


@pytest.fixture(autouse=True)
def counter_is_a_capability(settings):
    counter = {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/counter/"}]}
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": {"counter": counter}}
    port_of.cache_clear()
    for file in (SCHEMA, SAMPLES):
        file.unlink(missing_ok=True)
    yield
    for file in (SCHEMA, SAMPLES):
        file.unlink(missing_ok=True)
    port_of.cache_clear()


@pytest.fixture
def counted(monkeypatch):
    """The contract declares an event."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Counted:
        name: str
        total: int

    events = Events("counter")
    events.declare(COUNTED, aggregate="counter", key="name")(Counted)
    monkeypatch.setattr(contract_module, "events", events, raising=False)
    return Counted


def contracts(*arguments: str):
    """Return (exit code, JSON) of the command."""
    out = io.StringIO()
    try:
        call_command("strangler", "contracts", "--json", *arguments, stdout=out)
    except SystemExit as end:
        return end.code, json.loads(out.getvalue())["contracts"][0]
    return 0, json.loads(out.getvalue())["contracts"][0]


def released(change):
    """Let the release have said something else."""
    document = json.loads(SCHEMA.read_text())
    change(document["operations"])
    SCHEMA.write_text(json.dumps(document))


def test_new_contract_is_written_once():
    assert contracts()[1]["state"] == "new"
    assert contracts("--check")[0] == 1
    contracts("--write")
    kept = {"capability": "counter", "state": "kept", "file": str(SCHEMA), "breaks": [], "unproven": []}
    assert contracts("--check") == (0, kept)


def test_growth_is_written_when_asked():
    contracts("--write")
    released(lambda operations: operations.pop("slow"))
    code, found = contracts()
    assert (code, found["state"]) == (0, "grown")
    assert contracts("--check")[0] == 1
    contracts("--write")
    assert contracts("--check")[0] == 0


def test_broken_contract_is_refused_and_left_alone():
    contracts("--write")
    released(lambda operations: operations["totals"]["arguments"].update(gone={"type": "string"}))
    before = SCHEMA.read_text()
    code, found = contracts()
    assert (code, found["state"]) == (1, "broken")
    assert found["breaks"] == ["totals.gone: it is gone; old callers still send it."]
    with pytest.raises(CommandError, match=r"totals\.gone"):
        contracts("--write")
    assert SCHEMA.read_text() == before
    contracts("--write", "--breaking")
    assert contracts("--check")[0] == 0


def test_unreadable_schema_says_what_to_do():
    SCHEMA.write_text("{")
    with pytest.raises(CommandError, match="restore it"):
        contracts()


def test_implementation_that_differs_from_the_contract_is_a_system_check(monkeypatch):
    assert [e for e in run_checks() if e.id == "strangler.E006"] == []
    monkeypatch.delattr(LocalCounter, "slow")
    found = [e.msg for e in run_checks() if e.id == "strangler.E006"]
    assert found == ["LocalCounter.slow is missing."]


def sample(*payloads):
    SAMPLES.write_text(json.dumps({COUNTED: payloads}))


def document():
    return json.loads(SCHEMA.read_text())


def test_events_are_published_beside_the_operations(counted):
    sample({"name": "a", "total": 1})
    contracts("--write")
    assert set(document()["operations"]) >= {"totals", "slow"}
    assert document()["events"] == {
        COUNTED: {"aggregate": "counter", "key": "name", "data": {"$ref": "#/types/Counted"}}
    }
    assert document()["types"]["Counted"]["required"] == ["name", "total"]
    assert contracts("--check") == (
        0,
        {"capability": "counter", "state": "kept", "file": str(SCHEMA), "breaks": [], "unproven": []},
    )


def test_capability_may_have_events_and_no_port(counted, monkeypatch):
    monkeypatch.delattr(contract_module, "counter")
    port_of.cache_clear()
    sample({"name": "a", "total": 1})
    contracts("--write")
    assert (document()["capability"], document()["operations"], set(document()["events"])) == ("counter", {}, {COUNTED})
    assert contracts("--check")[0] == 0


def test_contract_that_has_lost_everything_is_broken(monkeypatch):
    """What was released is remembered by its file, not by the code."""
    contracts("--write")
    operations = set(document()["operations"])
    monkeypatch.delattr(contract_module, "counter")
    port_of.cache_clear()
    code, found = contracts()
    assert (code, found["state"]) == (1, "broken")
    assert {line.partition(":")[0] for line in found["breaks"]} == operations


def test_contract_without_events_needs_no_samples():
    contracts("--write")
    assert contracts("--check")[0] == 0
    assert not SAMPLES.exists()


def test_event_without_a_sample_is_not_released(counted):
    """No sample is made up: it is to say what people know that the publisher writes."""
    code, found = contracts()
    said = f"{COUNTED} has no sample: add a payload with all of its fields."
    assert (code, found["unproven"]) == (1, [said])
    with pytest.raises(CommandError, match="has no sample"):
        contracts("--write", "--breaking")
    assert not SCHEMA.exists()
    assert not SAMPLES.exists()


def test_sample_that_is_no_longer_read_fails_the_check(counted):
    """Although schema.json is up to date: somebody has changed both."""
    sample({"name": "a", "total": 1})
    contracts("--write")
    sample({"name": "a", "total": "one"}, {"name": "a", "total": 1})
    code, found = contracts("--check")
    assert (code, found["state"]) == (1, "kept")
    (said,) = found["unproven"]
    assert said.startswith(f"{COUNTED}: Expected `int`, got `str` - at `$.total` (sample 1 of 2)")


def test_incompatible_event_is_refused_and_left_alone(counted):
    sample({"name": "a", "total": 1})
    contracts("--write")
    before = document()
    before["types"]["Counted"]["properties"]["at"] = {"type": "string"}
    before["types"]["Counted"]["required"].append("at")
    SCHEMA.write_text(json.dumps(before))
    code, found = contracts()
    assert (code, found["state"]) == (1, "broken")
    assert found["breaks"] == [f"{COUNTED}.at: it is gone; older subscribers need it."]
    with pytest.raises(CommandError, match="older subscribers need it"):
        contracts("--write")
    assert document() == before


def test_what_lacks_is_shown_to_a_person(counted, capsys):
    with pytest.raises(SystemExit):
        call_command("strangler", "contracts")
    assert (
        f"        samples.json: {COUNTED} has no sample: add a payload with all of its fields.\n"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}'])
def test_unreadable_samples_say_what_to_do(counted, text):
    SAMPLES.write_text(text)
    with pytest.raises(CommandError, match=r"samples\.json cannot be read .*: restore it from the last release"):
        contracts()
