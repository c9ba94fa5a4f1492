"""`manage.py strangler events`: what a person and a script get from it, on both databases."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.utils import timezone

from strangler.events import publish
from strangler.models import Ownership
from strangler.state import Change
from strangler.state import publish as publish_change
from tests.events.press.contract import NoteWritten
from tests.events.press.models import PressOutboxCopy as Copy
from tests.events.press.models import PressOutboxEvent as Event
from tests.events.reader.models import Poison
from tests.events.reader.models import ReaderInboxMessage as Message

pytestmark = pytest.mark.usefixtures("pair")


@pytest.fixture
def pair(homes, settings):
    """A publisher and a subscriber in the monolith; what fails once is dead."""
    strangler = settings.STRANGLER
    both = {name: strangler["CAPABILITIES"][name] for name in ("press", "reader")}
    settings.STRANGLER = {**strangler, "CAPABILITIES": both, "EVENT_ATTEMPTS_MAX": 1}
    return homes


def run(*words):
    out = io.StringIO()
    call_command("strangler", *words, stdout=out)
    return out.getvalue()


def run_json(*words):
    return json.loads(run(*words, "--json"))


def refusal_of(*words):
    with pytest.raises(CommandError) as refused:
        run(*words)
    return " ".join(str(refused.value).split())


@pytest.fixture
def screen(capsys):
    """A function (words) -> what a person reads, without its line ends."""

    def show(*words):
        capsys.readouterr()
        run(*words)
        return " ".join(capsys.readouterr().out.split())

    return show


def write(*ns, aggregate="a"):
    for n in ns:
        with transaction.atomic():
            publish(NoteWritten(aggregate=aggregate, n=n))


def query(statement, *values):
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def effects(aggregate="a"):
    return [n for (n,) in query("SELECT n FROM reader_effect WHERE aggregate = %s ORDER BY at, before", aggregate)]


def id_of(n, aggregate="a"):
    return str(Event.objects.get(aggregate_id=aggregate, sequence=n).id)


def let_time_pass():
    earlier = timezone.now() - timedelta(seconds=1)
    Copy.objects.filter(confirmed_at=None, dead_at=None).update(available_at=earlier)
    Message.objects.filter(handled_at=None, dead_at=None, available_at__isnull=False).update(available_at=earlier)


def poisoned():
    """The second of four is dead in the reader's inbox; returns its id."""
    Poison.objects.create(aggregate="a", n=2)
    write(1, 2, 3, 4)
    run("relay", "--once")
    assert effects() == [1]
    return id_of(2)


def refused():
    """The first of two says what its type does not allow; returns its id."""
    write(1, 2, aggregate="b")
    Event.objects.filter(aggregate_id="b", sequence=1).update(payload='{"aggregate": "b", "n": "one"}')
    run("relay", "--once")
    return id_of(1, "b")


# -- list and show ----------------------------------------------------------------------------------------------


def test_an_empty_list_says_that_all_is_well_with_the_figures(screen):
    shown = screen("events", "list")
    assert "All is well: no event stands still." in shown
    assert "press 0 0.0 0 0 0" in shown
    listing = run_json("events", "list")
    assert (listing["events"], listing["cursor"], listing["elsewhere"]) == ([], None, [])
    assert listing["figures"]["reader"]["inbox_dead"] == 0


def test_the_list_names_what_is_dead_and_what_waits_behind_it(screen):
    dead = poisoned()
    shown = screen("events", "list")
    for piece in (dead, "ValueError: a/2 is poison", "note:a #2", "press → reader, inbox", id_of(3), id_of(4)):
        assert piece in shown
    rows = run_json("events", "list")["events"]
    assert [(row["state"], row["sequence"], row["behind"]) for row in rows] == [
        ("dead", 2, 2),
        ("parked", 3, 0),
        ("parked", 4, 0),
    ]


def test_pages_follow_the_cursor(screen):
    poisoned()
    first = run_json("events", "list", "reader", "--limit", "2")
    second = run_json("events", "list", "reader", "--limit", "2", "--cursor", first["cursor"])
    assert [row["sequence"] for row in first["events"] + second["events"]] == [2, 3, 4]
    assert second["cursor"] is None
    assert f"--cursor {first['cursor']}" in screen("events", "list", "reader", "--limit", "2")


def test_states_are_chosen():
    dead = poisoned()
    refused_one = refused()
    write(5)

    def found(state):
        return [row["event_id"] for row in run_json("events", "list", "--state", state)["events"]]

    assert found("dead") == [dead, refused_one]
    assert found("pending") == [id_of(5)]
    assert set(found("parked")) == {id_of(3), id_of(4), id_of(2, "b")}
    assert len(found("all")) == 6


def test_show_tells_the_whole_story(screen):
    dead = poisoned()
    shown = screen("events", "show", dead)
    for piece in (
        "test.note.written.v1",
        "published by press",
        "note:a, sequence 2",
        '"n": 2',
        "reader confirmed 1",
        "reader dead 1",
        "ValueError: a/2 is poison",
        "Behind it at reader, as reader's inbox knows: 2",
        f"#3 parked test.note.written.v1 {id_of(3)}",
    ):
        assert piece in shown
    story = run_json("events", "show", dead)
    assert story["event"]["payload"] == {"aggregate": "a", "n": 2}
    assert [(p["side"], p["state"], p["behind"]) for p in story["places"]] == [
        ("outbox", "confirmed", 0),
        ("inbox", "dead", 2),
    ]
    assert story["places"][1]["handled_up_to"] == 1


def test_show_says_what_a_parked_event_waits_for(screen):
    poisoned()
    assert "waits for sequence 2; handled up to 1" in screen("events", "show", id_of(3))


def test_nothing_is_coloured_in_a_pipe(capsys):
    poisoned()
    run("events", "list")
    assert "\x1b" not in capsys.readouterr().out


# -- replay and skip --------------------------------------------------------------------------------------------


def test_replay_after_the_fix_says_how_to_watch(screen):
    dead = poisoned()
    Poison.objects.all().delete()
    shown = screen("events", "replay", dead, "--reason", "the handler is mended", "--yes")
    assert f"{dead} is tried again now in reader's inbox." in shown
    assert f"Watch it: strangler events show {dead}" in shown
    assert "the handler is mended (before: ValueError: a/2 is poison)" in screen("events", "show", dead)
    run("relay", "--once")
    assert effects() == [1, 2, 3, 4]


def test_replay_of_all_that_is_dead():
    poisoned()
    Poison.objects.create(aggregate="c", n=1)
    write(1, aggregate="c")
    run("relay", "--once")
    Poison.objects.all().delete()
    done = run_json("events", "replay", "--capability", "reader", "--all-dead", "--yes")
    assert done["count"] == 2
    run("relay", "--once")
    assert (effects(), effects("c")) == ([1, 2, 3, 4], [1])
    assert run_json("events", "replay", "--capability", "reader", "--all-dead")["count"] == 0


def test_skip_lets_the_rest_go_on(screen):
    dead = poisoned()
    shown = screen("events", "skip", dead, "--reason", "a note by mistake", "--yes")
    assert "reader does without" in shown
    assert "2 behind it go on" in shown
    run("relay", "--once")
    assert effects() == [1, 3, 4]
    ((note,),) = query("SELECT last_error FROM reader_inbox WHERE event_id = %s", dead)
    assert note.startswith("skipped by ")
    assert note.endswith(": a note by mistake")


def test_skip_of_a_refused_copy_lets_the_rest_go_on(screen):
    copy = refused()
    assert "Expected" in screen("events", "list", "press")
    assert "reader is told to do without" in screen("events", "skip", copy, "--reason", "nonsense", "--yes")
    run("relay", "--once")
    assert effects("b") == [2]
    places = run_json("events", "show", copy)["places"]
    assert [(place["side"], place["state"]) for place in places] == [("outbox", "skipped"), ("inbox", "skipped")]


def test_dry_runs_change_nothing(screen):
    dead = poisoned()
    before = query("SELECT * FROM reader_inbox ORDER BY id"), query("SELECT * FROM press_outbox_copy ORDER BY id")
    assert "would do without" in screen("events", "skip", dead, "--reason", "x", "--dry-run")
    assert "Would be tried again" in screen("events", "replay", dead, "--dry-run")
    assert "1 dead letters" in screen("events", "replay", "--capability", "reader", "--all-dead", "--dry-run")
    after = query("SELECT * FROM reader_inbox ORDER BY id"), query("SELECT * FROM press_outbox_copy ORDER BY id")
    assert after == before


@pytest.mark.parametrize(("answer", "skipped"), [("y", True), ("", False), ("no", False)])
def test_a_person_is_shown_the_event_and_asked(monkeypatch, capsys, answer, skipped):
    dead = poisoned()
    asked = []
    monkeypatch.setattr("sys.stdin", type("Terminal", (io.StringIO,), {"isatty": lambda _: True})())
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    if skipped:
        run("events", "skip", dead, "--reason", "x")
    else:
        assert refusal_of("events", "skip", dead, "--reason", "x") == "Nothing was changed."
    assert asked == [f"Really skip {dead}? [y/N] "]
    assert "ValueError: a/2 is poison" in capsys.readouterr().out
    run("relay", "--once")
    assert effects() == ([1, 3, 4] if skipped else [1])


NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["replay", "what"], "'what' is no id of an event"),
        (["show", NOBODY], f"No outbox or inbox that monolith owns knows {NOBODY}."),
        (["skip", NOBODY, "--reason", "x"], f"No outbox or inbox that monolith owns knows {NOBODY}."),
        (["skip", NOBODY, "--reason", " "], "say why with --reason"),
        (["replay"], "Name one event, or everything that is dead"),
        (["replay", NOBODY, "--capability", "reader", "--all-dead"], "Name one event, or everything that is dead"),
        (["replay", "--capability", "nobody", "--all-dead"], "There is no capability 'nobody'"),
        (["list", "nobody"], "There is no capability 'nobody'"),
        (["list", "--limit", "0"], "A page has at least 1 event"),
        (["list", "--cursor", "xyz"], "'xyz' is no cursor"),
    ],
)
def test_a_refusal_is_a_sentence(words, message):
    assert message in refusal_of("events", *words)


def test_what_is_parked_is_refused_with_what_it_waits_for():
    dead = poisoned()
    for words in (["replay", id_of(4)], ["skip", id_of(4), "--reason", "x"]):
        assert f"{id_of(4)} waits for {dead}, which is dead: mend that one." in refusal_of("events", *words)


def test_what_is_parked_behind_a_refused_copy_is_refused_with_where_to_look():
    refused()
    message = refusal_of("events", "skip", id_of(2, "b"), "--reason", "x")
    assert "waits for sequence 1 of note:b, which has not come" in message
    assert "manage.py strangler events list press" in message


def test_what_has_had_its_effect_is_refused():
    poisoned()
    assert "there is nothing to mend here" in refusal_of("events", "replay", id_of(1))


def test_what_is_on_its_way_is_not_skipped():
    write(1)
    assert "has not refused" in refusal_of("events", "skip", id_of(1), "--reason", "x")


# -- two homes --------------------------------------------------------------------------------------------------


def move_reader_away():
    Ownership.objects.filter(capability="reader").update(owner="service", epoch=2)
    publish_change(Change("reader", {"stage": "extracted", "writer": "service", "epoch": 2}, "shift-writes", "a test"))


def test_rows_of_another_home_are_not_mended_and_the_way_there_is_named(screen):
    dead = poisoned()
    move_reader_away()
    there = "reader's rows belong to its service. There: manage.py strangler events"
    assert f"{there} replay {dead}" in refusal_of("events", "replay", dead)
    assert f"{there} skip {dead}" in refusal_of("events", "skip", dead, "--reason", "x")
    assert f"{there} replay --capability reader" in refusal_of(
        "events", "replay", "--capability", "reader", "--all-dead"
    )
    assert query("SELECT count(*) FROM reader_inbox WHERE dead_at IS NOT NULL") == [(1,)]


def test_one_side_is_shown_and_the_other_one_is_named(screen):
    dead = poisoned()
    move_reader_away()
    shown = screen("events", "show", dead)
    assert "reader confirmed" in shown
    assert "ValueError" not in shown, "the old home's rows say nothing any more"
    assert f"Not seen from here reader's rows belong to its service. There: manage.py strangler events show {dead}" in (
        shown
    )
    assert run_json("events", "list")["elsewhere"] == [
        {"capability": "reader", "host": "reader", "command": "manage.py strangler events list"}
    ]
    assert "No event stands still here." in screen("events", "list")


def test_a_service_with_settings_of_its_own_is_named_with_them(settings):
    catalog = {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/catalog/"}]}
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": {"catalog": catalog}}
    Ownership.objects.filter(capability="catalog").update(owner="service", epoch=2)
    (place,) = run_json("events", "list", "catalog")["elsewhere"]
    assert place["command"] == "manage.py strangler --settings=extracted.catalog.settings events list catalog"


def test_the_subscribers_host_sees_its_own_side(pair, settings, screen):
    """The service of the reader, which is no home of the press."""
    dead = poisoned()
    entries = settings.STRANGLER["CAPABILITIES"]
    reader = {**entries["reader"], "databases": {"service": "default"}}
    settings.STRANGLER = {
        **settings.STRANGLER,
        "HOST": "reader",
        "MONOLITH_URL": "http://127.0.0.1:9",
        "CAPABILITIES": {"reader": reader, "press": {"internal_url": "http://127.0.0.1:9"}},
    }
    Ownership.objects.filter(capability="reader").update(owner="service", epoch=2)
    shown = screen("events", "show", dead)
    assert "ValueError: a/2 is poison" in shown
    assert f"press's rows belong to the monolith. There: manage.py strangler events show {dead}" in shown
    assert "reader does without" in screen("events", "skip", dead, "--reason", "x", "--yes")


# -- doctor and relay -------------------------------------------------------------------------------------------


def test_doctor_tells_of_dead_letters(settings):
    poisoned()
    service = {"databases": {"monolith": "default", "service": "sample_service"}}
    entries = {name: entry | service for name, entry in settings.STRANGLER["CAPABILITIES"].items()}
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": entries}
    call_command("migrate", database="sample_service", verbosity=0)  # its ownership rows
    told = [f["what"] for f in run_json("doctor") if f["code"] == "events-dead"]
    assert told == ["Events are dead: 1 in its inbox. What follows them in their aggregates waits."]


def test_relay_once_says_how_much_it_was(screen):
    write(1, 2)
    assert "2 events handed on or handled." in screen("relay", "--once")
    assert run_json("relay", "--once") == {"done": 0}
    assert effects() == [1, 2]
