"""The life of a stream: what keeps it from beginning, how it is armed, watched and applied, and what it leaves."""

import threading
import time
from contextlib import closing

import psycopg
import pytest
from django.db import OperationalError, connections, transaction

from strangler.models import Stream as Row
from strangler.replication import Flow, flows
from strangler.replication.keylog import KeylogStream
from strangler.replication.keylog.applying import Attendant, failures, serve
from strangler.replication.stream import Progress
from tests.integration.replication.keylog.conftest import TABLES, only
from tests.support.processes import eventually

PEOPLE = "INSERT INTO kl_person (id, code) VALUES (1, 'a'), (2, 'b'), (3, 'c')"


def catalog(pair, home):
    """Everything in a database that a mover could leave behind, by plain SQL."""
    if pair.vendor == "postgresql":
        return (
            pair.run("SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger"
                     " WHERE NOT tgisinternal ORDER BY 1, 2", home),
            pair.run("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1", home),
            pair.run("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1", home),
        )  # fmt: skip
    return pair.run("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2", home)


def record(pair, state, **values):
    return Row.objects.create(
        capability="sample", source="monolith", target="service", kind="keylog", state=state, **values
    )


# -- begin ----------------------------------------------------------------------------------------------------------


def test_the_first_copy_is_made_beside_what_the_caller_does(pair):
    pair.run(PEOPLE)
    assert list(pair.stream.faults()) == []
    pair.stream.arm()
    pair.stream.start(copy=True)
    eventually(lambda: pair.stream.progress().done, what="the copy")
    assert pair.equal()
    assert pair.stream.progress() == Progress(3, 3, "", True)


def test_progress_is_known_to_any_process(pair):
    pair.run(PEOPLE)
    pair.stream.arm()
    log = pair.stream.log
    log.ask_for_all(pair.stream.tables)
    asked = pair.run("SELECT id FROM strangler_changed_key WHERE \"table\" = 'kl_person'")
    log.report([asked[0][0]], 2)
    found = KeylogStream(pair.flow()).progress()
    assert (found.rows, found.total, found.table, found.done) == (2, 3, "kl_person", False)
    log.ask_for_all(pair.stream.tables)
    assert pair.run("SELECT count(*) FROM strangler_changed_key WHERE key LIKE '*%'") == [(5,)]


def test_a_copy_that_was_cut_off_is_made_by_the_next_applier(pair):
    pair.run(PEOPLE)
    pair.stream.arm()
    pair.stream.log.ask_for_all(pair.stream.tables)
    with pair.applier() as applier:
        assert applier.copies()
        applier.apply()
        assert not applier.copies()
    assert pair.equal()


def test_a_copy_that_is_repeated_replaces_what_is_there(pair):
    pair.run(PEOPLE)
    pair.stream.arm()
    for _ in range(2):
        pair.stream.start(copy=True)
        eventually(lambda: pair.stream.progress().done, what="the copy")
    assert pair.equal()


def test_copying_and_applying_begin_with_the_rows_kept_since_arm(armed):
    armed.run(PEOPLE)
    armed.stream.start(copy=False)
    armed.drain()
    assert armed.equal()


@only("postgresql")
def test_arm_waits_for_no_writer_and_misses_none(pair):
    with closing(pair.raw()) as writer:
        writer.execute("BEGIN")
        writer.execute("INSERT INTO kl_badge (person, place) VALUES (1, 1)")
        writer.execute("INSERT INTO kl_person (id, code) VALUES (1, 'a')")
        began = time.monotonic()
        with pytest.raises(OperationalError):
            pair.stream.arm()
        assert time.monotonic() - began < 5
        writer.execute("COMMIT")
    pair.stream.arm()
    pair.stream.log.ask_for_all(pair.stream.tables)
    pair.drain()
    assert pair.equal()


def test_arming_twice_changes_nothing(armed):
    before = catalog(armed, "monolith")
    armed.stream.arm()
    assert catalog(armed, "monolith") == before


@only("postgresql")
def test_another_role_may_write_and_is_logged(armed, postgres):
    with psycopg.connect(postgres.url("monolith", role="postgres"), autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS kl_clerk")
        admin.execute("CREATE ROLE kl_clerk")
        admin.execute("GRANT SELECT, INSERT ON kl_day TO kl_clerk")
        admin.execute("SET ROLE kl_clerk")
        admin.execute("INSERT INTO kl_day VALUES ('2026-01-01', 1)")
        admin.execute("RESET ROLE")
        admin.execute("DROP OWNED BY kl_clerk")
        admin.execute("DROP ROLE kl_clerk")
    armed.drain()
    assert armed.equal()


# -- tables that change ---------------------------------------------------------------------------------------------


def test_a_table_that_comes_during_the_move_is_brought_over_whole(armed):
    armed.everywhere("CREATE TABLE kl_new (id bigint PRIMARY KEY, v text)")
    stream = KeylogStream(armed.flow("kl_person", "kl_new"))
    with transaction.atomic(using="default"):
        armed.source.cursor().execute("INSERT INTO kl_new VALUES (1, 'from the migration')")
        stream.adapt()
    armed.run("INSERT INTO kl_new VALUES (2, 'x')")
    stream.refresh()
    stream.drain(armed.source, 10)
    assert armed.equal(["kl_new"])
    assert len(armed.rows("service", ["kl_new"])["kl_new"]) == 2


def test_a_table_that_is_gone_leaves_nothing_in_the_log(armed):
    armed.run("INSERT INTO kl_day VALUES ('2026-01-01', 1)")
    armed.everywhere("DROP TABLE kl_day")
    stream = KeylogStream(armed.flow("kl_person"))
    stream.refresh()
    assert armed.run("SELECT count(*) FROM strangler_changed_key") == [(0,)]


def test_a_process_that_does_not_know_a_table_leaves_its_rows_to_others(armed):
    armed.run("INSERT INTO kl_day VALUES ('2026-01-01', 1)")
    KeylogStream(armed.flow("kl_person")).drain(armed.source, 10)
    assert armed.rows("service")["kl_day"] == []
    armed.drain()
    assert armed.equal()


# -- look and apply -------------------------------------------------------------------------------------------------


def test_lag_counts_what_waits_and_since_when(armed):
    assert (armed.stream.lag().changes, armed.stream.lag().seconds) == (0, 0.0)
    armed.run(PEOPLE)
    armed.run("UPDATE strangler_changed_key SET at = at - 60 WHERE id = (SELECT min(id) FROM strangler_changed_key)")
    lag = KeylogStream(armed.flow()).lag()
    assert lag.changes == 3
    assert 60 <= lag.seconds < 120
    assert (lag.errors, lag.problem, lag.lost) == (0, "", False)
    armed.drain()
    assert armed.stream.lag().changes == 0


def test_a_failure_is_told_to_everybody_until_it_is_over(armed):
    record(armed, "streaming")
    armed.run(PEOPLE)
    armed.run("ALTER TABLE kl_person ADD COLUMN extra text")
    attendant = Attendant(armed.flow())
    try:
        assert attendant.apply() == 0
        lag = armed.stream.lag()
        assert lag.errors == 1
        assert "extra" in lag.problem
        armed.run("ALTER TABLE kl_person ADD COLUMN extra text", "service")
        assert eventually(attendant.apply, what="it tries again") == 3
    finally:
        attendant.close()
    assert failures("sample", "service") == (1, "")
    assert armed.equal()


@pytest.mark.usefixtures("sample_flow")
def test_whoever_serves_applies_what_streams_and_nothing_else(armed):
    row = record(armed, "armed")
    armed.run(PEOPLE)
    stopping = threading.Event()
    thread = threading.Thread(target=serve, args=[stopping])
    thread.start()
    try:
        armed.run("UPDATE kl_person SET code = 'x' WHERE id = 1")
        Row.objects.filter(pk=row.pk).update(state="streaming")
        eventually(lambda: armed.rows("service") == armed.rows("monolith"), what="the rows")
        row.delete()
        armed.run("DELETE FROM kl_badge")
    finally:
        stopping.set()
        thread.join()


@pytest.mark.usefixtures("sample_flow")
def test_nothing_is_applied_while_a_stream_is_only_armed(armed):
    record(armed, "armed")
    armed.run(PEOPLE)
    stopping = threading.Event()
    looked = threading.Event()

    class Looks(threading.Event):
        def wait(self, timeout=None):
            looked.set()
            return stopping.wait(timeout)

        def is_set(self):
            return stopping.is_set()

    thread = threading.Thread(target=serve, args=[Looks()])
    thread.start()
    looked.wait(30)
    stopping.set()
    thread.join()
    assert armed.rows("service")["kl_person"] == []


@pytest.fixture
def sample_flow(monkeypatch):
    """Let the capability's tables be those of these tests."""
    monkeypatch.setattr(flows, "tables_of", lambda capability: list(TABLES))


# -- end ------------------------------------------------------------------------------------------------------------


def test_stop_leaves_nothing_on_either_side(pair):
    before = catalog(pair, "monolith"), catalog(pair, "service")
    assert pair.stream.traces() == []
    pair.stream.arm()
    pair.run(PEOPLE)
    pair.stream.start(copy=True)
    eventually(lambda: pair.stream.progress().done, what="the copy")
    pair.run("UPDATE kl_person SET code = 'x' WHERE id = 1")
    assert any("entries" in trace for trace in pair.stream.traces())
    pair.stream.stop()
    assert pair.stream.traces() == []
    assert (catalog(pair, "monolith"), catalog(pair, "service")) == before
    assert pair.run("SELECT count(*) FROM strangler_changed_key") == [(0,)]
    assert pair.rows("service")["kl_person"]
    pair.stream.stop()


def test_stop_finds_a_table_that_was_renamed(armed):
    armed.run("ALTER TABLE kl_day RENAME TO kl_date")
    KeylogStream(armed.flow("kl_person")).stop()
    assert armed.stream.triggers.armed() == []
    armed.run("INSERT INTO kl_date VALUES ('2026-01-01', 1)")
    assert armed.run("SELECT count(*) FROM strangler_changed_key") == [(0,)]


# -- faults ---------------------------------------------------------------------------------------------------------


def test_a_table_without_primary_key_is_refused(pair):
    pair.everywhere("CREATE TABLE kl_loose (v int)")
    (fault,) = KeylogStream(pair.flow("kl_person", "kl_loose")).faults()
    assert "kl_loose has no primary key" in fault


def test_databases_without_the_log_are_refused(pair):
    pair.everywhere("DROP TABLE strangler_changed_key")
    assert [("run `migrate`" in fault) for fault in pair.stream.faults()] == [True, True]


@only("postgresql")
@pytest.mark.parametrize("how", ["ON DELETE CASCADE DEFERRABLE", ""])
def test_foreign_keys_that_cannot_wait_are_refused_unless_they_can_be_bypassed(pair, how, postgres):
    pair.everywhere(f"CREATE TABLE kl_toy (id int PRIMARY KEY, owner bigint REFERENCES kl_person {how})")
    stream = KeylogStream(pair.flow("kl_person", "kl_toy"))
    (fault,) = stream.faults()
    assert "kl_toy_owner_fkey" in fault
    assert "session_replication_role" in fault
    with psycopg.connect(postgres.url("service", role="postgres"), autocommit=True) as admin:
        admin.execute("GRANT SET ON PARAMETER session_replication_role TO strangler")
        try:
            assert list(stream.faults()) == []
            pair.fence("service", ["kl_toy"])
            stream.arm()
            pair.run(PEOPLE)
            pair.run("INSERT INTO kl_toy VALUES (1, 1)")
            stream.drain(pair.source, 10)
            pair.run("UPDATE kl_person SET code = 'x' WHERE id = 1")
            stream.drain(pair.source, 10)
        finally:
            admin.execute("REVOKE SET ON PARAMETER session_replication_role FROM strangler")
    assert pair.equal(["kl_person", "kl_toy"])


@only("postgresql")
def test_tables_of_another_role_are_refused(pair, postgres):
    for database in ("monolith", "service"):
        with psycopg.connect(postgres.url(database, role="postgres"), autocommit=True) as admin:
            admin.execute("ALTER TABLE kl_day OWNER TO postgres")
    found = list(pair.stream.faults())
    assert len(found) == 2
    assert all("does not own kl_day" in fault for fault in found)


@only("sqlite")
def test_a_file_whose_readers_keep_writers_waiting_is_refused(pair):
    pair.source.cursor().execute("PRAGMA journal_mode = DELETE")
    (fault,) = pair.stream.faults()
    assert "WAL" in fault


@only("sqlite")
def test_two_kinds_of_database_are_refused(pair):
    other = type("Other", (), {"vendor": "postgresql", "alias": "other", "ops": pair.target.ops})()
    flow = Flow("sample", "monolith", "service", (), pair.source, other)
    (fault,) = KeylogStream(flow).faults()
    assert "sqlite and postgresql" in fault
    connections.close_all()
