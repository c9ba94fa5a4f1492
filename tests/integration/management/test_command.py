"""`manage.py strangler`: what a person and a script get from it, and that a refusal has a message and an exit code."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from strangler.management import terminal
from strangler.models import Capability
from strangler.state import load_table
from tests.integration.conftest import change_capability

pytestmark = pytest.mark.usefixtures("sample_alone", "homes", "service")


def run(*words):
    out = io.StringIO()
    call_command("strangler", *words, stdout=out)
    return out.getvalue()


def run_json(*words):
    return json.loads(run(*words, "--json"))


def test_status_as_json_has_the_documented_shape():
    status = run_json("status")
    assert status["version"] == 0
    (capability,) = status["capabilities"]
    expected = {"name": "sample", "stage": "monolith", "reads_percent": 0, "writer": "monolith", "epoch": 1}
    assert {name: capability[name] for name in expected} == expected


def test_toggle_as_json_says_what_was_done():
    done = run_json("toggle", "sample", "service", "--yes", "--reason", "a test")
    assert "The service owns sample now" in done["done"]
    assert done["figures"]["paused_ms"] >= 0
    assert run_json("history")[0]["reason"] == "a test"
    assert run_json("doctor") == []


def test_the_screens_show_what_happened(capsys):
    for words in (
        ["status"],
        ["history"],
        ["doctor"],
        ["toggle", "sample", "service", "--yes"],
        ["status"],
        ["history"],
    ):
        run(*words)
    shown = capsys.readouterr().out
    for sentence in (
        "no router runs",
        "Nothing has been changed yet.",
        "Everything fits together.",
        "The service owns sample now",
        "extracted",
        "way back: strangler reverse sample",
    ):
        assert sentence in " ".join(shown.split())


def test_explain_says_who_and_why(capsys):
    run("explain", "get", "/sample/1?x=y")
    assert "served by the monolith" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["toggle", "smple", "service"], "There is no capability 'smple'"),
        (["reverse", "sample"], "leaves from extracted"),
        (["shift-reads", "sample", "10"], "would be old"),
        (["explain", "GET", "sample"], "A path starts with"),
        (["resume", "sample"], "No operation of sample is unfinished"),
        (["status", "nowhere"], "There is no capability 'nowhere'"),
    ],
)
def test_a_refusal_is_a_message_and_changes_nothing(words, message):
    with pytest.raises(CommandError, match=message):
        run(*words)
    with pytest.raises(CommandError, match=message):
        run(*words, "--json")
    assert load_table().version == 0


def test_a_refusal_as_json_is_an_object_with_every_reason(settings):
    change_capability(settings, service_url="http://127.0.0.1:9")
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("strangler", "prepare", "sample", "--json", stdout=out)
    error = json.loads(out.getvalue())["error"]
    assert error["code"] == "Refused"
    assert "does not answer" in error["reasons"][0]


def test_a_control_database_that_is_not_migrated_is_said(homes):
    with homes.monolith.cursor() as cursor:
        cursor.execute("DROP TABLE strangler_capability")
    with pytest.raises(CommandError, match="run `migrate`"):
        run("status")


@pytest.mark.parametrize(("answer", "moved"), [("y", True), ("", False), ("no", False)])
def test_a_person_is_asked_first(monkeypatch, answer, moved):
    monkeypatch.setattr("sys.stdin", type("Terminal", (io.StringIO,), {"isatty": lambda _: True})())
    monkeypatch.setattr("builtins.input", lambda _: answer)
    if moved:
        run("toggle", "sample", "service")
    else:
        with pytest.raises(CommandError, match="Nothing was changed"):
            run("toggle", "sample", "service")
    assert (load_table().capabilities["sample"].writer == "service") is moved


def test_doctor_finds_a_missing_fence_and_mends_it(homes, capsys):
    from django.db import transaction

    from strangler.fence import fence_of, tables_of

    run("toggle", "sample", "service", "--yes")
    with transaction.atomic():
        fence_of(homes.monolith).remove(["sample_tag"])
    with pytest.raises(SystemExit):
        run("doctor")
    assert "sample_tag" in capsys.readouterr().out
    run("doctor", "--repair")
    assert run_json("doctor") == []
    assert set(fence_of(homes.monolith).states(tables_of("sample")).values()) == {"enabled"}


def test_doctor_ends_a_switch_that_nobody_executes():
    Capability.objects.create(name="sample", switching=True)
    with pytest.raises(SystemExit):
        run("doctor")
    run("doctor", "--repair")
    assert not load_table().capabilities["sample"].switching


def test_doctor_names_homes_that_disagree(homes, capsys):
    """Such as after a backup was restored: a person decides, nothing is mended."""
    with homes.monolith.cursor() as cursor:
        cursor.execute("UPDATE strangler_ownership SET epoch = 9")
    with pytest.raises(SystemExit):
        run("doctor", "--repair")
    assert "Was a backup restored?" in " ".join(capsys.readouterr().out.split())


def test_watch_shows_trouble_and_goes_on():
    from strangler.errors import StranglerError

    looks = []

    def look():
        looks.append(1)
        if len(looks) == 1:
            raise StranglerError("the database is away")
        raise KeyboardInterrupt

    terminal.watch(look, every_s=0.001)
    assert len(looks) == 2
