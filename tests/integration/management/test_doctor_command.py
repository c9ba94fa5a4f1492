"""`strangler doctor` as an operator gives it: what it says, what it changes, and with which exit code it ends."""

from __future__ import annotations

import io
import json
import time

import pytest
from django.core.management import CommandError, call_command

from strangler.fence import fence_of
from strangler.models import Capability, Operation, Router
from strangler.state import load_table
from strangler.state.identity import Restored
from tests.integration.conftest import change_capability
from tests.integration.doctor.test_restored import before  # noqa: F401  a fixture
from tests.sample.models import Shelf

pytestmark = pytest.mark.usefixtures("sample_alone", "homes", "service")
cheap = pytest.mark.parametrize("homes", ["sqlite"], indirect=True)


def doctor(*words):
    """Run it and return (exit code, what it said)."""
    out = io.StringIO()
    try:
        call_command("strangler", "doctor", *words, stdout=out)
    except SystemExit as ended:
        return ended.code, out.getvalue()
    return 0, out.getvalue()


def doctor_json(*words):
    code, said = doctor("--json", *words)
    return code, json.loads(said)


@pytest.fixture
def ill(homes):
    """A switch that nobody executes, an operation that never began, a fence that is open, a router that is gone."""
    call_command("strangler", "prepare", "sample", stdout=io.StringIO())
    Capability.objects.update(switching=True)
    Operation.objects.create(capability="sample", verb="shift-writes", actor="a", mover="host:1", arguments={})
    Operation.objects.filter(state=Operation.RUNNING).update(seen_at="2026-01-01T00:00:00Z")
    Router.objects.create(id="x", host="monolith", process="p:1", version=0, seen_at=0)
    return homes


def open_fence(homes):
    from django.db import transaction

    with transaction.atomic(using="sample_service"):
        fence_of(homes.service).disable(["sample_tag"])


def test_repair_mends_also_what_comes_to_light_by_it(ill):
    """As long as an operation is unfinished nobody can say which fence is wrong."""
    open_fence(ill)
    code, found = doctor_json()
    assert code == 1
    assert {f["code"] for f in found} == {"operation-stopped", "router-gone"}
    assert doctor("--repair")[0] == 0
    assert doctor_json() == (0, [])
    assert Operation.objects.latest("id").state == Operation.UNDONE
    assert not load_table().capabilities["sample"].switching
    assert fence_of(ill.service).states(["sample_tag"]) == {"sample_tag": "enabled"}
    with pytest.raises(Exception, match="sample belongs to the monolith"):
        ill.service.cursor().execute("INSERT INTO sample_tag (name) VALUES ('x')")


@cheap
def test_repair_says_what_it_did(ill, capsys):
    doctor("--repair")
    said = " ".join(capsys.readouterr().out.split())
    assert "mended: " in said
    assert "Did: record that it never began." in said
    assert "Did: publish that no switch is under way." in said
    assert said.endswith("Everything fits together.")


@cheap
def test_a_dry_run_says_what_would_be_mended_and_mends_nothing(ill, capsys):
    def seen():
        return (
            list(Operation.objects.values_list("state", flat=True)),
            load_table().version,
            Router.objects.count(),
            fence_of(ill.service).states(["sample_tag"]),
        )

    open_fence(ill)
    as_it_was = seen()
    assert doctor("--repair", "--dry-run")[0] == 1
    assert "`strangler doctor --repair` would record that it never began." in " ".join(capsys.readouterr().out.split())
    code, found = doctor_json("--repair", "--dry-run")
    assert code == 1
    assert "record that it never began" in {f["mend"] for f in found}
    assert seen() == as_it_was


@cheap
def test_what_needs_a_person_is_left_and_the_exit_code_says_so(homes):
    homes.monolith.cursor().execute("UPDATE strangler_ownership SET epoch = 9")
    code, found = doctor_json("--repair")
    assert (code, [(f["code"], f["mend"]) for f in found]) == (1, [("homes-disagree", None)])


@cheap
def test_a_warning_is_said_and_is_no_failure(homes):
    Router.objects.create(id="x", host="monolith", process="p:1", version=0, seen_at=time.time() - 7_200)
    code, found = doctor_json()
    assert (code, [f["level"] for f in found]) == (0, ["warning"])


# -- a restored database whose peer is lost --------------------------------------------------------------------------


@pytest.fixture
def restored(homes, before, settings):  # noqa: F811
    """A monolith put back from a backup, which cannot see the service any more."""
    before()
    change_capability(settings, databases={"monolith": "default"})
    assert refused()


def refused():
    """Whether the monolith writes nothing."""
    try:
        Shelf.objects.create(name="late")
    except Restored:
        return True
    return False


@cheap
def test_what_would_settle_it_is_said(restored):
    code, said = doctor_json("--repair")
    (found,) = (f for f in said if f["code"] == "restored")
    assert (code, found["mend"]) == (1, None)
    assert "`strangler doctor --accept sample`" in found["advice"]
    assert refused()


@cheap
def test_a_restored_database_is_taken_for_what_it_is(restored, capsys):
    doctor("--accept", "sample", "--yes")
    said = " ".join(capsys.readouterr().out.split())
    assert "Accepted for sample" in said
    assert "says monolith, epoch 1, and counts from now on" in said
    assert not refused()
    assert "restored" not in {f["code"] for f in doctor_json()[1]}


@cheap
def test_accept_as_json_prints_nothing_but_findings(restored):
    _, found = doctor_json("--accept", "sample", "--yes")
    assert "restored" not in {f["code"] for f in found}
    assert not refused()


@cheap
@pytest.mark.parametrize(("answer", "accepted"), [("y", True), ("n", False)])
def test_a_person_is_asked_before_a_database_is_accepted(restored, monkeypatch, answer, accepted):
    asked = []
    monkeypatch.setattr("sys.stdin", type("Terminal", (io.StringIO,), {"isatty": lambda _: True})())
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    if accepted:
        doctor("--accept", "sample")
    else:
        with pytest.raises(CommandError, match="Nothing was changed"):
            doctor("--accept", "sample")
    assert "whatever the other one has written" in asked[0]
    assert refused() is not accepted


@cheap
def test_nothing_is_accepted_in_a_dry_run(restored):
    assert doctor("--accept", "sample", "--dry-run")[0] == 1
    assert refused()


@cheap
@pytest.mark.parametrize(("name", "message"), [("smple", "This host is no home of 'smple'")])
def test_a_name_that_is_unknown_is_refused(name, message):
    with pytest.raises(CommandError, match=message):
        doctor("--accept", name, "--yes")
