"""What flows between the homes in each stage, by each mover, and what is left when it ends."""

import csv
import gzip
import hashlib
import json
import threading

import pytest
from django.test import RequestFactory
from django_prometheus.exports import ExportToDjangoView

from strangler import operations
from strangler.errors import Refused
from strangler.models import Operation, Stream
from strangler.operations import Order
from strangler.operations.daemon import execute_all, follow
from strangler.replication import flow_of, stream_of
from strangler.state import load_table
from tests.sample.models import Book, Shelf, Tag
from tests.support.processes import eventually

pytestmark = pytest.mark.usefixtures("homes", "service")


@pytest.fixture(autouse=True)
def rows(homes):
    """A shelf with books."""
    shelf = Shelf.objects.create(name="first")
    Book.objects.bulk_create([Book(shelf=shelf, title=f"t{n}", blurb=None if n % 3 else "") for n in range(20)])


@pytest.fixture(params=["logical", "keylog"])
def mover(request, homes):
    """Each mover that the databases can use."""
    if request.param == "logical" and homes.vendor != "postgresql":
        pytest.skip("SQLite replicates nothing by itself")
    return request.param


def order(**values):
    return Order("sample", actor="tester", **values)


def state():
    return load_table().capabilities["sample"]


def flowing():
    """Return (kind, target, state) of every stream on record."""
    return list(Stream.objects.values_list("kind", "target", "state"))


def drained(kind, source, target):
    """Return once *target* has everything of *source*."""
    flow = flow_of("sample", source, target)
    stream_of(kind, flow).drain(flow.source_connection, 20)


def titles(alias):
    return sorted(Book.objects.using(alias).values_list("title", flat=True))


def scrape():
    """Return the figures of the sample's rows as a scrape gets them, but those that differ from moment to moment."""
    text = ExportToDjangoView(RequestFactory().get("/metrics")).content.decode()
    names = ("rows_", "switch_pause_seconds", "way_back_")
    samples = [line.split('{capability="sample"} ') for line in text.splitlines() if line.startswith(names)]
    return {name: float(value) for name, value in samples if not name.startswith("rows_lag_")}


def leftovers(homes):
    """Return what the catalogs of both databases say of streams, by SQL of our own."""
    found = []
    for home in ("monolith", "service"):
        with homes.of(home).cursor() as cursor:
            if homes.vendor == "postgresql":
                cursor.execute(
                    "SELECT 'publication', pubname::text FROM pg_publication"
                    " UNION ALL SELECT 'subscription', subname FROM pg_subscription JOIN pg_database d"
                    " ON d.oid = subdbid AND datname = current_database()"
                    " UNION ALL SELECT 'slot', slot_name FROM pg_replication_slots WHERE database = current_database()"
                    " UNION ALL SELECT 'trigger', tgname FROM pg_trigger"
                    " WHERE NOT tgisinternal AND tgname <> 'strangler_fence'"
                )
            else:
                cursor.execute(
                    "SELECT type, name FROM sqlite_master WHERE type = 'trigger' AND name NOT LIKE 'strangler_fence_%'"
                )
            found += [(home, *row) for row in cursor.fetchall()]
            for table in ("strangler_changed_key", "strangler_marker"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                found += [(home, table, count) for (count,) in cursor.fetchall() if count]
    return found


def test_what_changes_flows_to_the_service_and_after_the_switch_back(homes, mover):
    operations.prepare(order(mover=mover))
    assert flowing() == [(mover, "service", "streaming")]
    Book.objects.filter(title="t1").update(title="written in the monolith")
    Book.objects.filter(title="t2").delete()
    drained(mover, "monolith", "service")
    assert titles("sample_service") == titles("default")
    operations.shift_writes(order())
    assert flowing() == [(mover, "monolith", "streaming")]
    Book.objects.using("sample_service").filter(title="t3").update(title="written in the service")
    drained(mover, "service", "monolith")
    assert titles("default") == titles("sample_service")
    assert "written in the service" in titles("default")


def test_nothing_is_left_after_cancel_and_a_new_move_starts_cleanly(homes, mover):
    operations.toggle(order(mover=mover), "service")
    Tag.objects.using("sample_service").create(name="kept")
    operations.toggle(order(), "monolith")
    operations.cancel(order())
    assert leftovers(homes) == []
    assert (flowing(), Book.objects.using("sample_service").count()) == ([], 0)
    operations.toggle(order(mover=mover), "service")
    assert Tag.objects.using("sample_service").get().name == "kept"


def test_complete_archives_the_monoliths_rows_and_leaves_nothing(homes, mover, settings, tmp_path):
    settings.STRANGLER = {**settings.STRANGLER, "STATE_DIR": str(tmp_path)}
    operations.toggle(order(mover=mover), "service")
    before = list(Book.objects.using("sample_service").order_by("id").values_list("id", "title", "blurb"))
    result = operations.complete(order())
    assert (state().stage, state().writer) == ("complete", "service")
    assert (leftovers(homes), flowing()) == ([], [])
    assert Book.objects.count() == 0
    assert list(Book.objects.using("sample_service").order_by("id").values_list("id", "title", "blurb")) == before
    folder = tmp_path / "archive" / "sample-epoch-2"
    assert str(folder) == result.figures["archive"]
    manifest = json.loads((folder / "manifest.json").read_text())["sample_book"]
    file = folder / "sample_book.csv.gz"
    assert manifest["rows"] == 20
    assert hashlib.sha256(file.read_bytes()).hexdigest() == manifest["sha256"]
    with gzip.open(file, "rt", newline="") as lines:
        kept = [(int(r["id"]), r["title"], None if r["blurb"] == r"\N" else r["blurb"]) for r in csv.DictReader(lines)]
    assert sorted(kept) == before
    with pytest.raises(Refused, match="no way back"):
        operations.reverse(order())


def test_a_stream_that_lost_something_copies_again_before_the_switch(homes):
    if homes.vendor != "postgresql":
        pytest.skip("a keylog loses nothing: it stands beside the rows")
    operations.toggle(order(), "service")
    with homes.monolith.cursor() as monolith, homes.service.cursor() as service:
        monolith.execute("ALTER SUBSCRIPTION strangler_sample_to_monolith DISABLE")
        monolith.execute("ALTER SUBSCRIPTION strangler_sample_to_monolith SET (slot_name = NONE)")
        service.execute("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()")
        (slot,) = service.fetchone()

        def dropped():
            service.execute("SELECT active FROM pg_replication_slots WHERE slot_name = %s", [slot])
            return service.fetchone() == (False,)

        eventually(dropped, what="the slot is free")
        service.execute("SELECT pg_drop_replication_slot(%s)", [slot])
    Book.objects.using("sample_service").filter(title="t5").update(title="while nothing flowed")
    (row,) = operations.status("sample").capabilities
    assert row.stream.state == "broken"
    assert "is gone" in row.stream.problem
    operations.reverse(order())
    assert titles("default") == titles("sample_service")
    assert "while nothing flowed" in titles("default")


def test_rows_that_somebody_has_left_at_the_service_are_not_wiped_away(homes):
    """Nobody knows whose they are."""
    from strangler.fence import fence_of

    fence_of(homes.service).disable(["sample_tag"])
    Tag.objects.using("sample_service").create(name="whose?")
    fence_of(homes.service).enable("sample", ["sample_tag"])
    with pytest.raises(Refused, match="sample_tag"):
        operations.prepare(order())
    assert Tag.objects.using("sample_service").get().name == "whose?"
    assert state().stage == "monolith"


def test_a_scrape_tells_how_rows_flow_and_how_long_writers_waited(mover):
    operations.prepare(order(mover=mover))
    assert scrape() == {"rows_errors": 0, "rows_broken": 0}
    operations.shift_writes(order())
    figures = scrape()
    assert 0 < figures.pop("switch_pause_seconds") < 5
    assert figures == {"rows_errors": 0, "rows_broken": 0, "way_back_armed": 1}
    (row,) = operations.status("sample").capabilities
    assert (row.way_back_state, row.stream.kind, row.stream.target) == ("armed", mover, "monolith")


@pytest.mark.parametrize("stage", ["monolith", "synced"])
def test_a_rehearsal_tells_the_pause_and_touches_nothing(homes, mover, stage):
    if stage == "synced":
        operations.prepare(order(mover=mover))
    before = [(titles(alias), flowing(), state()) for alias in ("default", "sample_service")]
    result = operations.rehearse(order(mover=mover))
    assert (result.figures["mover"], result.figures["rows"]) == (mover, 21)
    assert len(result.figures["pauses_ms"]) == 6
    assert all(0 <= pause < 10_000 for pause in result.figures["pauses_ms"])
    assert [(titles(alias), flowing(), state()) for alias in ("default", "sample_service")] == before
    if stage == "monolith":
        assert leftovers(homes) == []
    else:
        operations.shift_writes(order())
        assert titles("sample_service") == before[0][0]


# -- a mover elsewhere ---------------------------------------------------------------------------------------------


def test_a_queued_toggle_is_executed_by_a_mover_step_after_step():
    queued = operations.toggle(order(detach=True, reason="tonight"), "service")
    assert "waits for a mover" in queued.done
    assert state().stage == "monolith"
    with pytest.raises(Refused, match="unfinished"):
        operations.prepare(order())
    with pytest.raises(Refused, match="has not begun"):
        operations.resume(order())
    assert execute_all(lambda _: None) == 2
    assert (state().stage, state().writer) == ("extracted", "service")
    events = list(follow(queued.figures["operation"], threading.Event()))
    assert [event.step for event in events[:-1] if event.phase == "end"] == ["fence", "arm", "copy", "publish"]
    assert events[-1].state == Operation.SUCCEEDED


def test_a_queued_operation_can_be_withdrawn():
    operations.prepare(order(detach=True))
    assert "withdrawn" in operations.undo(order()).done
    assert execute_all(lambda _: None) == 0
    assert state().stage == "monolith"


def test_a_queued_operation_that_is_refused_says_why(homes):
    number = operations.prepare(order(detach=True)).figures["operation"]
    with homes.service.cursor() as cursor:
        cursor.execute("ALTER TABLE sample_book ADD COLUMN extra int")
    execute_all(lambda _: None)
    operation = Operation.objects.get(pk=number)
    assert operation.state == Operation.UNDONE
    assert "extra" in operation.error


def test_following_an_operation_that_does_not_exist_is_refused():
    with pytest.raises(Refused, match="no operation #4711"):
        list(follow(4711, threading.Event()))
