"""The verbs, on two real databases: what they do, what they refuse, and what a crash after any journal entry leaves."""

import contextlib
import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connections, transaction
from django.db.models import F

from strangler import operations
from strangler.cutover import PLANS, NeedsOperator, Superseded, entry_written, ownership, patience
from strangler.errors import Refused
from strangler.fence import Moved
from strangler.models import HistoryEntry, Operation, Router
from strangler.operations import Order
from strangler.state import load_table, read_ownership
from tests.integration.conftest import change_capability
from tests.sample.models import Book, Shelf, Tag
from tests.support.fixtures import sampled

pytestmark = pytest.mark.usefixtures("homes", "service")
TABLES = ("sample_shelf", "sample_tag", "sample_book", "sample_book_tags")


@pytest.fixture(autouse=True)
def rows(homes):
    """A few rows with what a copy could get wrong: NULL, an empty string, quotes, tabs, a gap in the ids."""
    shelf = Shelf.objects.create(name="Ünïcode ' \" \\ \t\n \u2028")
    books = Book.objects.bulk_create(
        [Book(shelf=shelf, title=f"t{n}", blurb=None if n % 3 else "", copies=n) for n in range(50)]
    )
    for name in ("a", "b"):
        books[7].tags.add(Tag.objects.create(name=name))
    Book.objects.filter(title="t30").delete()


def impatient(monkeypatch):
    """Let a mover ask for its locks twice, and soon again."""
    monkeypatch.setattr(patience, "WAITS_MS", (50, 50))
    monkeypatch.setattr(patience, "PAUSE_S", 0.1)


@contextlib.contextmanager
def standing_still(homes):
    """Let nothing reach the service while the block runs."""
    name = "strangler_sample_to_service"
    with homes.service.cursor() as cursor:
        cursor.execute(f"ALTER SUBSCRIPTION {name} DISABLE")
    yield
    with homes.service.cursor() as cursor:
        cursor.execute(f"ALTER SUBSCRIPTION {name} ENABLE")


def order(**values):
    return Order("sample", actor="tester", reason="because", **values)


def contents(connection):
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
            found[table] = cursor.fetchall()
    return found


def owners(homes):
    return {home: tuple(read_ownership(homes.of(home), "sample"))[:2] for home in ("monolith", "service")}


def writers(homes):
    """Return the homes in which a write is admitted, by trying."""
    admitted = set()
    for alias, home in (("default", "monolith"), ("sample_service", "service")):
        try:
            with transaction.atomic(using=alias):
                Tag.objects.using(alias).create(name="probe")
                transaction.set_rollback(True, using=alias)
            admitted.add(home)
        except Moved:
            pass
    return admitted


def state():
    return load_table().capabilities["sample"]


# -- the way there and back ----------------------------------------------------------------------------------------


def test_prepare_copies_the_rows_and_changes_no_writer(homes):
    before = contents(homes.monolith)
    result = operations.prepare(order())
    assert state().stage == "synced"
    assert contents(homes.service) == before
    assert writers(homes) == {"monolith"}
    assert result.figures["rows"] == sum(map(len, before.values()))


def test_toggle_there_and_back_keeps_every_row(homes):
    before = contents(homes.monolith)
    operations.toggle(order(), "service")
    assert contents(homes.service) == before
    assert writers(homes) == {"service"}
    assert owners(homes) == {"monolith": ("service", 2), "service": ("service", 2)}
    assert (state().stage, state().writer, state().epoch, state().switching) == ("extracted", "service", 2, False)

    Book.objects.using("sample_service").filter(title="t1").update(
        title="written in the service", copies=F("copies") + 1
    )
    Book.objects.using("sample_service").filter(title="t2").delete()
    after = contents(homes.service)
    operations.toggle(order(), "monolith")
    assert contents(homes.monolith) == after
    assert writers(homes) == {"monolith"}
    assert (state().stage, state().epoch) == ("synced", 3)


def test_new_rows_get_new_ids_after_a_move(homes):
    operations.toggle(order(), "service")
    used = set(Book.objects.using("sample_service").values_list("id", flat=True))
    shelf = Shelf.objects.using("sample_service").get()
    fresh = Book.objects.using("sample_service").create(shelf_id=shelf.id, title="new")
    assert fresh.id > max(used)


def test_toggle_to_where_it_is_changes_nothing():
    version = load_table().version
    assert "already" in operations.toggle(order(), "monolith").done
    assert load_table().version == version


def test_cancel_leaves_no_copy_and_no_fence(homes):
    from strangler.fence import fence_of

    operations.prepare(order())
    operations.cancel(order())
    assert state().stage == "monolith"
    assert not any(contents(homes.service).values())
    assert writers(homes) == {"monolith"}
    assert set(fence_of(homes.monolith).states(TABLES).values()) <= {"absent", "disabled"}


def test_every_change_is_in_the_history():
    operations.toggle(order(), "service")
    newest = HistoryEntry.objects.first()
    assert (newest.actor, newest.reason, newest.undo) == ("tester", "because", "strangler reverse sample")
    assert newest.figures["paused_ms"] >= 0
    assert newest.before["writer"] == "monolith"
    assert newest.after["writer"] == "service"
    versions = list(HistoryEntry.objects.values_list("version", flat=True))
    assert versions == sorted(range(1, len(versions) + 1), reverse=True)


@pytest.mark.parametrize("verb", ["prepare", "toggle"])
def test_dry_run_changes_nothing(homes, verb):
    call = {"prepare": operations.prepare, "toggle": lambda o: operations.toggle(o, "service")}[verb]
    assert call(order(dry_run=True)).steps
    assert load_table().version == 0
    assert not Operation.objects.exists()
    assert not any(contents(homes.service).values())


# -- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "stage", "advice"),
    [
        ("shift_writes", "monolith", "`strangler prepare sample` comes first"),
        ("reverse", "monolith", "The monolith is the writer already"),
        ("cancel", "monolith", "nothing to cancel"),
        ("prepare", "extracted", "strangler reverse sample"),
        ("shift_writes", "extracted", "The service is the writer already"),
        ("cancel", "extracted", "`strangler reverse sample` comes first"),
    ],
)
def test_wrong_stage_is_refused_with_advice(verb, stage, advice):
    if stage == "extracted":
        operations.toggle(order(), "service")
    version = load_table().version
    with pytest.raises(Refused, match=advice):
        getattr(operations, verb)(order())
    assert load_table().version == version


def test_unknown_capability_is_named_with_those_that_exist():
    with pytest.raises(Refused, match="no capability 'smple'. Known: sample"):
        operations.prepare(Order("smple", actor="tester"))


def test_service_down_is_refused_before_anything_changes(homes, settings):
    change_capability(settings, service_url="http://127.0.0.1:9")
    with pytest.raises(Refused, match="does not answer"):
        operations.toggle(order(), "service")
    assert load_table().version == 0
    assert owners(homes) == {"monolith": ("monolith", 1), "service": ("monolith", 1)}


def test_the_way_back_does_not_need_the_service_to_answer(homes, settings):
    """A service that has fallen over is a reason to go back, not an obstacle: its rows are what counts."""
    operations.toggle(order(), "service")
    written = contents(homes.service)
    change_capability(settings, service_url="http://127.0.0.1:9")
    operations.reverse(order())
    assert writers(homes) == {"monolith"}
    assert contents(homes.monolith) == written


def test_all_faults_are_named_at_once(homes):
    with homes.service.cursor() as cursor:
        cursor.execute("ALTER TABLE sample_book ADD COLUMN extra int")
        cursor.execute("DROP TABLE sample_book_tags")
    with pytest.raises(Refused) as refusal:
        operations.prepare(order())
    assert len(refusal.value.reasons) == 2


def test_a_share_of_reads_is_refused_without_a_stream():
    with pytest.raises(Refused, match="would be old"):
        operations.shift_reads(order(), 10)
    assert "Nothing changed" in operations.shift_reads(order(), 0).done
    with pytest.raises(Refused, match="0 to 100"):
        operations.shift_reads(order(), 101)


def test_a_target_that_does_not_catch_up_is_refused_before_anybody_waits(homes, settings):
    """A stream that stands still is found before the switch is announced."""
    if homes.vendor != "postgresql":
        pytest.skip("on SQLite the mover itself brings over what is left")
    operations.prepare(order())
    settings.STRANGLER = {**settings.STRANGLER, "CATCH_UP_S": 0.2}
    with standing_still(homes), pytest.raises(Refused, match="has not caught up"):
        operations.shift_writes(order())
    assert writers(homes) == {"monolith"}
    operations.shift_writes(order())
    assert writers(homes) == {"service"}


def test_a_drain_that_takes_too_long_is_put_back(homes, settings, monkeypatch):
    """Writers wait as long as the operator allows, and no longer (R16)."""
    if homes.vendor != "postgresql":
        pytest.skip("on SQLite the mover itself brings over what is left")
    impatient(monkeypatch)
    operations.prepare(order())
    settings.STRANGLER = {**settings.STRANGLER, "SWITCH_CAP_S": 0.15}
    with contextlib.ExitStack() as stack:

        def stand_still(entry, **_):
            if (entry.step, entry.phase) == ("close", "intent"):
                stack.enter_context(standing_still(homes))

        stack.callback(entry_written.disconnect, stand_still)
        entry_written.connect(stand_still)
        with pytest.raises(Refused, match="Everything was put back"):
            operations.shift_writes(order())
        assert writers(homes) == {"monolith"}
    assert (state().stage, state().switching, state().epoch) == ("synced", False, 3)
    operations.shift_writes(order())
    assert writers(homes) == {"service"}


def test_a_router_that_does_not_obey_stops_the_switch(homes, settings):
    """Its reads would come from the old home without asking (ADR 0005)."""
    import time

    settings.STRANGLER = {**settings.STRANGLER, "LEASE_S": 0.5}
    operations.prepare(order())
    Router.objects.create(id="deaf", host="monolith", process="deaf:1", version=0, seen_at=time.time() + 3600)
    with pytest.raises(Refused, match="deaf:1"):
        operations.shift_writes(order())
    assert writers(homes) == {"monolith"}
    Router.objects.update(seen_at=time.time() - 60)
    operations.shift_writes(order())


def test_a_writer_in_the_way_is_named(homes, monkeypatch):
    if homes.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time and no lock to name")
    impatient(monkeypatch)
    operations.prepare(order())
    with psycopg.connect(homes.dsn["monolith"], application_name="nightly-report") as raw:
        raw.execute("INSERT INTO sample_tag (name) VALUES ('slow')")
        with pytest.raises(Refused, match="nightly-report"):
            operations.shift_writes(order())
        assert writers(homes) == {"monolith"}
    operations.shift_writes(order())
    assert Tag.objects.using("sample_service").filter(name="slow").exists()


def test_two_movers_cannot_begin_together():
    operations.prepare(order())
    Operation.objects.create(capability="sample", verb="shift-writes", actor="x", mover="elsewhere:1")
    with pytest.raises(Refused, match="unfinished"):
        operations.shift_writes(order())
    with pytest.raises(Refused, match=r"alive in elsewhere:1"):
        operations.resume(order())


# -- crashes -------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Ends a mover as abruptly as a test process survives it; real kills are in tests/faults."""


def kill_after(number):
    left = [number]

    def count(**_):
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    return count


def entries_of(verb):
    return 2 * len(PLANS[verb].steps)


def crash(verb, number):
    count = kill_after(number)
    entry_written.connect(count)
    try:
        with pytest.raises(Killed):
            getattr(operations, verb.replace("-", "_"))(order())
    finally:
        entry_written.disconnect(count)
    Operation.objects.update(seen_at=F("started_at") - timedelta(seconds=60))


CRASHES = [(verb, n) for verb in ("shift-writes", "reverse") for n in range(1, entries_of(verb) + 1)]


def ready_for(verb):
    operations.prepare(order()) if verb == "shift-writes" else operations.toggle(order(), "service")


@pytest.mark.parametrize(("verb", "number"), sampled("resume", CRASHES, 8))
def test_resume_finishes_after_a_crash_at_any_entry(homes, verb, number):
    ready_for(verb)
    source, target = ("monolith", "service") if verb == "shift-writes" else ("service", "monolith")
    before = contents(homes.of(source))
    crash(verb, number)
    assert len(writers(homes)) <= 1
    operations.resume(order())
    assert writers(homes) == {target}
    assert contents(homes.of(target)) == before
    assert not state().switching
    assert state().writer == target
    assert not operations.status().capabilities[0].operation


@pytest.mark.parametrize(("verb", "number"), sampled("undo", CRASHES, 8))
def test_undo_puts_everything_back_unless_the_target_has_opened(homes, verb, number):
    ready_for(verb)
    source, target = ("monolith", "service") if verb == "shift-writes" else ("service", "monolith")
    before = contents(homes.of(source))
    crash(verb, number)
    if owners(homes)[target][0] == target:
        with pytest.raises(Refused, match="there is no undo"):
            operations.undo(order())
        operations.resume(order())
        assert writers(homes) == {target}
        return
    operations.undo(order())
    assert writers(homes) == {source}
    assert contents(homes.of(source)) == before
    assert (state().writer, state().switching) == (source, False)
    assert len(set(owners(homes).values())) == 1
    getattr(operations, verb.replace("-", "_"))(order())
    assert writers(homes) == {target}


@pytest.mark.parametrize("number", sampled("prepare", range(1, entries_of("prepare") + 1), 4))
def test_prepare_resumes_and_undoes_after_a_crash(homes, number):
    crash("prepare", number)
    operations.resume(order()) if number % 2 else operations.undo(order())
    assert state().stage == ("synced" if number % 2 else "monolith")
    assert writers(homes) == {"monolith"}


@pytest.mark.parametrize("number", range(1, entries_of("cancel") + 1))
def test_cancel_resumes_after_a_crash(homes, number):
    operations.prepare(order())
    crash("cancel", number)
    with pytest.raises(Refused, match="no way back"):
        operations.undo(order())
    operations.resume(order())
    assert state().stage == "monolith"
    assert not any(contents(homes.service).values())


@pytest.mark.parametrize("number", sampled("late", range(1, entries_of("shift-writes") - 1), 4))
def test_a_mover_that_wakes_up_after_an_undo_opens_nothing(homes, number):
    """It was stopped after one of its entries; its compare-and-set finds another epoch, or its attempt is over (R1)."""
    operations.prepare(order())
    stopped, woken, fate = threading.Event(), threading.Event(), []

    def pause(entry, **_):
        pause.left -= 1
        if pause.left == 0:
            stopped.set()
            assert woken.wait(30)

    pause.left = number

    def late_mover():
        try:
            operations.shift_writes(order())
            fate.append(None)
        except BaseException as error:
            fate.append(error)
        finally:
            connections.close_all()

    entry_written.connect(pause)
    thread = threading.Thread(target=late_mover)
    thread.start()
    try:
        assert stopped.wait(30)
        opened = owners(homes)["service"][0] == "service"
        entry_written.disconnect(pause)
        Operation.objects.filter(state="running").update(seen_at=F("started_at") - timedelta(seconds=60))
        if opened:
            with pytest.raises(Refused, match="there is no undo"):
                operations.undo(order())
            return
        operations.undo(order())
    finally:
        woken.set()
        thread.join(30)
    assert isinstance(fate[0], Superseded)
    assert writers(homes) == {"monolith"}
    assert owners(homes) == {"monolith": ("monolith", 3), "service": ("monolith", 3)}


def test_target_unreachable_after_closing_means_waiting_not_two_writers(homes, monkeypatch):
    """Nobody may write until the target answers again: then `undo` or `resume` (R1)."""
    operations.prepare(order())

    def cut(*_, **__):
        raise ConnectionError("the network is cut")

    with monkeypatch.context() as patch:
        patch.setattr(ownership.Admission, "commit", cut)
        patch.setattr(ownership, "refuse_attempt", cut)
        with pytest.raises(NeedsOperator, match="strangler resume sample"):
            operations.shift_writes(order())
    assert writers(homes) == set()
    assert operations.status().capabilities[0].operation
    operations.undo(order())
    assert writers(homes) == {"monolith"}
