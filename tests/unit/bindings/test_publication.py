"""`schema.json` says what was released; a change that breaks its users is found, and is not written by accident."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from strangler.bindings.publication import FILE, port_of
from tests.bindings.counter import contract as contract_module
from tests.bindings.counter.local import LocalCounter

SCHEMA = Path(contract_module.__file__).with_name(FILE)


@pytest.fixture(autouse=True)
def counter_is_a_capability(settings):
    counter = {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/counter/"}]}
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": {"counter": counter}}
    port_of.cache_clear()
    SCHEMA.unlink(missing_ok=True)
    yield
    SCHEMA.unlink(missing_ok=True)
    port_of.cache_clear()


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
    assert contracts("--check") == (0, {"capability": "counter", "state": "kept", "file": str(SCHEMA), "breaks": []})


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
