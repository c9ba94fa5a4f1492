"""What the applier does when it dies, is late, or is not alone; guards bite, as appliers without them show."""

import threading
from contextlib import closing, contextmanager

import psycopg
import pytest
from django.db import OperationalError, connections, transaction

from strangler.cutover import ownership
from strangler.fence import fence_of
from strangler.replication import TooSlow
from strangler.replication.keylog import KeylogStream
from strangler.replication.keylog.applier import Applier
from strangler.replication.keylog.transactions import Opened
from strangler.state import Owned
from tests.integration.replication.keylog.conftest import only

PEOPLE = "INSERT INTO kl_person (id, code) VALUES (1, 'a'), (2, 'b'), (3, 'c')"


class Died(Exception):
    """Stands for SIGKILL at a certain place."""


class DiesBefore(Applier):
    """Dies when it has written the rows, and before the target has committed them."""

    def _bring(self, batch, timeout_s):
        super()._bring(batch, timeout_s)
        raise Died


class Hasty(DiesBefore):
    """The same, without the guard: it has removed the entries by then."""

    def _bring(self, batch, timeout_s):
        with closing(self.again()) as other:
            other.execute(f"DELETE FROM strangler_changed_key WHERE id IN ({', '.join(map(str, batch.ids))})")
        super()._bring(batch, timeout_s)


class Slow(Applier):
    """Lets something happen when the rows are written, and before the target has committed them."""

    def _bring(self, batch, timeout_s):
        super()._bring(batch, timeout_s)
        self.meanwhile()


def open_target(pair):
    """Let the service own the rows, as a switch does once the monolith has closed."""
    ownership.Admission(pair.target, "sample", ["kl_person"]).commit(("monolith", 1), Owned("service", 2, "1.1"))


# -- death ----------------------------------------------------------------------------------------------------------


@contextmanager
def dies():
    with pytest.raises(Died):
        yield


def test_nothing_is_lost_when_the_applier_dies_before_the_target_commits(armed):
    armed.run(PEOPLE)
    with armed.applier(DiesBefore) as applier, dies():
        applier.apply()
    assert armed.rows("service")["kl_person"] == []
    armed.drain()
    assert armed.equal()


def test_rows_are_lost_if_the_log_is_cleared_before_the_target_commits(armed):
    """The test above would notice."""
    armed.run(PEOPLE)
    with armed.applier(Hasty, again=armed.raw) as applier, dies():
        applier.apply()
    armed.drain()
    assert armed.rows("service")["kl_person"] == []


def test_a_repeat_is_harmless_when_the_applier_dies_before_it_clears_the_log(armed):
    armed.run(PEOPLE)
    kept = armed.run('SELECT capability, "table", at, key FROM strangler_changed_key')
    armed.drain()
    armed.run("DELETE FROM kl_person WHERE id = 3")
    with closing(armed.raw()) as connection:  # as if it had died then
        mark = "%s" if armed.vendor == "postgresql" else "?"
        statement = 'INSERT INTO strangler_changed_key (capability, "table", at, key) VALUES '
        for entry in kept:
            connection.execute(f"{statement} ({', '.join([mark] * 4)})", entry)
    armed.drain()
    assert armed.equal()
    assert len(armed.rows("service")["kl_person"]) == 2


# -- order ----------------------------------------------------------------------------------------------------------


@only("postgresql")
def test_a_change_committed_while_rows_are_written_stays_in_the_log(armed):
    """Its entry is older than those that are being brought over, but was not seen: entries go by id, not by order."""
    armed.run("INSERT INTO kl_person (id, code) VALUES (1, 'a')")
    armed.drain()
    with closing(armed.raw()) as early:
        early.execute("BEGIN")
        early.execute("UPDATE kl_person SET code = 'early' WHERE id = 1")
        armed.run("INSERT INTO kl_person (id, code) VALUES (2, 'b')")
        with armed.applier(Slow, meanwhile=lambda: early.execute("COMMIT")) as applier:
            assert applier.apply() == 1
    assert armed.rows("service")["kl_person"] != armed.rows("monolith")["kl_person"]
    armed.drain()
    assert armed.equal()


@only("postgresql")
def test_a_change_is_lost_if_the_log_is_cleared_by_order(armed):
    """The test above would notice."""

    class Orderly(Slow):
        def _apply(self, limit, timeout_s):
            newest = armed.run("SELECT max(id) FROM strangler_changed_key")[0][0]
            done = super()._apply(limit, timeout_s)
            armed.run(f"DELETE FROM strangler_changed_key WHERE id <= {newest}")
            return done

    armed.run("INSERT INTO kl_person (id, code) VALUES (1, 'a')")
    armed.drain()
    with closing(armed.raw()) as early:
        early.execute("BEGIN")
        early.execute("UPDATE kl_person SET code = 'early' WHERE id = 1")
        armed.run("INSERT INTO kl_person (id, code) VALUES (2, 'b')")
        with armed.applier(Orderly, meanwhile=lambda: early.execute("COMMIT")) as applier:
            applier.apply()
    armed.drain()
    assert armed.rows("service")["kl_person"] != armed.rows("monolith")["kl_person"]


def test_rows_come_from_one_state_of_the_source(armed):
    """A swap that is committed between two reads would bring one value twice."""
    armed.run(PEOPLE)
    armed.run("INSERT INTO kl_badge (person, place) VALUES (1, 1), (2, 1)")

    class Interrupted(Applier):
        def _bring(self, batch, timeout_s):
            armed.script("DELETE FROM kl_badge WHERE person = 1; DELETE FROM kl_person WHERE id = 1;"
                         "UPDATE kl_person SET code = 'a' WHERE id = 2")  # fmt: skip
            super()._bring(batch, timeout_s)

    before = armed.rows("monolith")
    with armed.applier(Interrupted) as applier:
        applier.apply()
    assert armed.rows("service") == before
    armed.drain()
    assert armed.equal()


# -- the fence ------------------------------------------------------------------------------------------------------


def test_the_fence_refuses_everybody_else_while_rows_are_written(armed):
    armed.run(PEOPLE)
    refused = []

    def intrude():
        try:
            armed.run("DELETE FROM kl_person", "service")
        except Exception as error:
            refused.append(str(error))

    thread = threading.Thread(target=intrude)
    with armed.applier(Slow, meanwhile=thread.start) as applier:
        applier.apply()
    thread.join()
    assert ["SF001" in refused[0] or "is refused here" in refused[0]] == [True]
    assert armed.equal()


def test_nothing_is_brought_to_a_home_that_has_opened(armed):
    armed.run(PEOPLE)
    open_target(armed)
    armed.run("INSERT INTO kl_person (id, code) VALUES (9, 'newer')", "service")
    with armed.applier() as applier, pytest.raises(Opened):
        applier.apply()
    with pytest.raises(Opened):
        armed.drain()
    assert len(armed.rows("service")["kl_person"]) == 1


def test_a_home_cannot_open_while_rows_are_written(armed):
    """An applier that was stopped for a while finds its transaction gone, or keeps the target from opening."""
    armed.run(PEOPLE)
    refused = []

    def meanwhile():
        connection = armed.raw("service")
        with closing(connection):
            if armed.vendor == "postgresql":
                connection.execute("SET lock_timeout = 50")
            else:
                connection.execute("PRAGMA busy_timeout = 50")
            try:
                connection.execute("UPDATE strangler_ownership SET owner = 'service' WHERE capability = 'sample'")
            except Exception as error:
                refused.append(error)

    with armed.applier(Slow, meanwhile=meanwhile) as applier:
        applier.apply()
    assert len(refused) == 1
    assert armed.equal()


def test_what_arrives_is_not_logged_for_the_way_back(armed):
    back = KeylogStream(armed.flow(source="service", target="monolith"))
    back.arm()
    armed.run(PEOPLE)
    armed.drain()
    armed.run("UPDATE kl_person SET code = 'z' WHERE id = 1")
    armed.drain()
    assert armed.run("SELECT * FROM strangler_changed_key", "service") == []
    assert back.traces() == [f"'sample_service' logs the changed keys of {t}." for t in sorted(armed.stream.tables)]


def test_the_way_there_and_back_keeps_every_write(armed):
    back = KeylogStream(armed.flow(source="service", target="monolith"))
    armed.run(PEOPLE)
    back.arm()
    with transaction.atomic(using="default"):
        armed.stream.drain(armed.source, 5)
    armed.fence("monolith", ["kl_person"])
    armed.stream.stop()
    armed.run("UPDATE strangler_ownership SET owner = 'service', epoch = 2 WHERE capability = 'sample'")
    open_target(armed)
    armed.run("UPDATE kl_person SET code = 'service' WHERE id = 1", "service")
    fresh = armed.run("INSERT INTO kl_person (code) VALUES ('new') RETURNING id", "service")[0][0]
    assert fresh > 3
    back.drain(armed.target, 5)
    assert armed.equal()


@only("postgresql")
def test_a_role_that_may_write_like_replication_disables_no_trigger(armed, postgres):
    """Its rows pass triggers and foreign keys without a lock that others would see."""
    with psycopg.connect(postgres.url("service", role="postgres"), autocommit=True) as admin:
        admin.execute("GRANT SET ON PARAMETER session_replication_role TO strangler")
        try:
            armed.run(PEOPLE)
            locks = []
            look = "SELECT count(*) FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' AND locktype = 'relation'"
            with armed.applier(Slow, meanwhile=lambda: locks.extend(armed.run(look, "service"))) as applier:
                applier.apply()
            assert locks == [(0,)]
        finally:
            admin.execute("REVOKE SET ON PARAMETER session_replication_role FROM strangler")
    assert armed.equal()
    with pytest.raises(psycopg.Error, match="is refused here"):
        armed.run("DELETE FROM kl_person", "service")


# -- alone, and in time ---------------------------------------------------------------------------------------------


def test_a_second_applier_brings_nothing_meanwhile(armed):
    """On PostgreSQL it does not even wait; of a file there is one writer anyway, who waits as any other."""
    armed.run(PEOPLE)
    found = []

    def meanwhile():
        with armed.applier() as second:
            if armed.vendor == "sqlite":
                second.target.cursor().execute("PRAGMA busy_timeout = 50")
                with pytest.raises(OperationalError):
                    second.apply()
            else:
                found.append(second.apply())

    with armed.applier(Slow, meanwhile=meanwhile) as first:
        assert first.apply() == 3
    assert found == ([] if armed.vendor == "sqlite" else [0])
    assert armed.equal()


def test_drain_gives_up_when_another_applier_takes_too_long(armed):
    armed.run(PEOPLE)
    raised = []

    def meanwhile():
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()

    def attempt():
        try:
            KeylogStream(armed.flow()).drain(connections["default"], 0.1)
        except TooSlow as error:
            raised.append(str(error))
        finally:
            connections.close_all()

    with armed.applier(Slow, meanwhile=meanwhile) as first:
        first.apply()
    assert "within 0.1 s" in raised[0]
    armed.drain()
    assert armed.equal()


def test_drain_brings_over_what_the_holder_of_the_lock_waited_for(armed):
    """On SQLite the holder is the only one who can clear the log; if it fails, the log is as before."""
    armed.run(PEOPLE)
    with pytest.raises(Died), transaction.atomic(using="default"):
        fence_of(armed.source).lock_out_writers("sample", ["kl_person"])
        armed.stream.drain(armed.source, 5)
        assert armed.rows("service")["kl_person"] == armed.rows("monolith")["kl_person"]
        raise Died
    with transaction.atomic(using="default"):
        fence_of(armed.source).lock_out_writers("sample", ["kl_person"])
        armed.stream.drain(armed.source, 5)
    assert armed.run("SELECT count(*) FROM strangler_changed_key") == [(0,)]
    assert armed.equal()


def test_a_target_that_was_set_back_gets_nothing(armed):
    """What it is told now would hide that it lacks what it was told before (R18)."""
    armed.run(PEOPLE)
    armed.run("UPDATE strangler_ownership SET system = 'another' WHERE capability = 'sample'", "service")
    with armed.applier() as applier, pytest.raises(Exception, match="doctor"):
        applier.apply()
    assert armed.rows("service")["kl_person"] == []
