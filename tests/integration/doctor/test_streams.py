"""What stands still, is lost or left behind while rows flow by logical replication: seen, and mended where it may."""

import psycopg
import pytest
from django.db import connections

from strangler.doctor import examine, repair
from strangler.models import Stream
from strangler.replication.way_back import way_back
from tests.integration.doctor.conftest import codes, mend, only
from tests.support.processes import eventually

SLOTS = "SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"


# -- while rows flow ------------------------------------------------------------------------------------------------


def test_a_disabled_subscription_is_enabled(synced):
    synced.sql("service", "ALTER SUBSCRIPTION strangler_sample_to_service DISABLE")
    assert "disabled" in only("subscription-disabled").what
    mend("subscription-disabled")


def test_a_fence_that_is_open_is_closed(synced):
    synced.sql("service", "ALTER TABLE sample_tag DISABLE TRIGGER strangler_fence")
    assert "sample_tag" in only("fence-wrong").what
    mend("fence-wrong")


def test_a_mend_that_somebody_keeps_waiting_says_so(synced):
    synced.sql("service", "ALTER TABLE sample_tag DISABLE TRIGGER strangler_fence")
    with psycopg.connect(synced.server.url("doctor_service")) as writer:
        writer.execute("LOCK TABLE sample_tag IN ROW EXCLUSIVE MODE")
        done = repair(examine())
    assert {f.code for f in done} == {"not-mended"}
    assert "lock timeout" in done[0].what
    mend("fence-wrong")


def test_a_missing_column_stops_the_stream_and_is_named(synced):
    """LAB: apply stops until the column is there, and no error reaches anybody."""
    synced.sql("monolith", "ALTER TABLE sample_tag ADD colour text")
    synced.sql("monolith", "INSERT INTO sample_tag (name, colour) VALUES ('a', 'red')")
    found = eventually(lambda: [f for f in examine() if f.code == "apply-stopped"], what="apply stops")
    assert "attempts have failed" in found[0].what
    assert "sample_tag.colour is text in 'default' and absent in 'sample_service'" in found[0].advice
    assert codes() == {"apply-stopped", "drift"}
    synced.sql("service", "ALTER TABLE sample_tag ADD colour text")
    mend()
    assert synced.sql("service", "SELECT name, colour FROM sample_tag") == [("a", "red")]


def test_who_keeps_the_stream_waiting_is_named(synced, settings):
    """The server tells no lag while its worker waits for a lock."""
    settings.STRANGLER = {**settings.STRANGLER, "LAG_LIMIT_S": 1}
    with connections["sample_service"].cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE sample_shelf IN SHARE MODE")
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
        synced.sql("monolith", "INSERT INTO sample_shelf (name) VALUES ('slow')")
        try:
            found = eventually(lambda: [f for f in examine() if f.code == "apply-waiting"], what="it is told")
        finally:
            cursor.execute("ROLLBACK")
    assert f"backend {pid} of role strangler" in found[0].what
    assert f"pg_terminate_backend({pid})" in found[0].advice
    mend()


def test_log_that_grows_is_told_early_and_at_the_limit(synced, settings):
    limit = 8 << 20
    settings.STRANGLER = {**settings.STRANGLER, "WAL_LIMIT_BYTES": limit}
    synced.sql("service", "ALTER SUBSCRIPTION strangler_sample_to_service DISABLE")
    kept = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) FROM pg_replication_slots WHERE slot_name LIKE %s"
    for part, code in ((0.6, "wal-growing"), (1.1, "wal-limit")):
        while synced.sql("monolith", kept, "strangler_sample%")[0][0] < limit * part:
            synced.sql("monolith", "SELECT pg_logical_emit_message(false, 'test', repeat('x', 500000))")
        assert codes() == {code, "subscription-disabled"}
    mend("subscription-disabled")


def test_changes_that_met_other_rows_than_expected_are_told(synced):
    """Somebody was at the service's rows past the fence: PostgreSQL 18 counts it, and goes on."""
    synced.sql("monolith", "INSERT INTO sample_shelf (name) VALUES ('conflict')")
    eventually(
        lambda: synced.sql("service", "SELECT 1 FROM sample_shelf WHERE name = 'conflict'"), what="the row arrives"
    )
    synced.sql("service", "DELETE FROM sample_shelf WHERE name = 'conflict'")
    synced.sql("monolith", "UPDATE sample_shelf SET name = 'conflict 2' WHERE name = 'conflict'")
    found = eventually(lambda: [f for f in examine() if f.code == "stream-conflicts"], what="it is counted")
    assert "1 update_missing" in found[0].what
    assert "verify sample --repair" in found[0].advice
    synced.sql("service", "SELECT pg_stat_reset_subscription_stats(oid) FROM pg_subscription")
    mend()


def test_a_table_that_came_later_joins(synced):
    synced.sql("monolith", "ALTER PUBLICATION strangler_sample_to_service DROP TABLE sample_tag")
    connections["sample_service"].cursor().execute("ALTER SUBSCRIPTION strangler_sample_to_service REFRESH PUBLICATION")
    synced.sql("service", "DELETE FROM sample_tag")
    assert "sample_tag" in only("table-outside").what
    mend("table-outside")
    eventually(
        lambda: (
            synced.sql("service", "SELECT count(*) FROM sample_tag")
            == synced.sql("monolith", "SELECT count(*) FROM sample_tag")
        ),
        what="its rows arrive",
    )


def test_things_called_like_ours_are_named(synced):
    synced.sql("service", "CREATE PUBLICATION strangler_gone_to_monolith")
    assert "strangler_gone_to_monolith" in only("stream-unknown").what
    synced.sql("service", "DROP PUBLICATION strangler_gone_to_monolith")
    mend()


def test_a_superuser_is_named(synced):
    synced.sql("service", "ALTER ROLE strangler SUPERUSER")
    try:
        assert only("role-superuser").level == "warning"
    finally:
        synced.sql("service", "ALTER ROLE strangler NOSUPERUSER")
    mend()


def test_a_server_without_slots_is_told_of(synced):
    """Before the switch, which needs one for the way back."""
    left = synced.sql("service", "SELECT 32 - count(*) FROM pg_replication_slots")[0][0]
    for number in range(left):
        synced.sql("service", f"SELECT pg_create_physical_replication_slot('taken_{number}')")
    try:
        assert only("slots-exhausted").level == "warning"
    finally:
        synced.sql(
            "service", "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name ~ 'taken'"
        )
    mend()


# -- in stage extracted: the way back --------------------------------------------------------------------------------


def test_the_way_back_is_armed_lagging_or_broken(extracted):
    """R17, and what the doctor says of each."""
    assert way_back("sample").state == "armed"
    extracted.sql("monolith", "ALTER SUBSCRIPTION strangler_sample_to_monolith DISABLE")
    assert way_back("sample").state == "lagging"
    mend("subscription-disabled")
    assert way_back("sample").state == "armed"
    extracted.sql("service", "DROP PUBLICATION strangler_sample_to_monolith")
    assert "strangler reverse sample" in only("stream-broken").advice


def test_a_slot_that_the_server_gave_up_is_lost(extracted):
    """An abandoned slot past max_slot_wal_keep_size, made so for real."""
    extracted.sql("monolith", "ALTER SUBSCRIPTION strangler_sample_to_monolith DISABLE")
    extracted.sql("service", "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    extracted.sql("service", "SELECT pg_reload_conf()")
    try:

        def lost():
            extracted.sql("service", "SELECT pg_logical_emit_message(false, 'test', repeat('x', 100000))")
            extracted.sql("service", "SELECT pg_switch_wal()")
            extracted.sql("service", "CHECKPOINT")
            return extracted.sql(
                "service",
                "SELECT 1 FROM pg_replication_slots WHERE wal_status = 'lost' AND slot_name LIKE 'strangler%'",
            )

        eventually(lost, what="the server gives the slot up")
    finally:
        extracted.sql("service", "ALTER SYSTEM RESET max_slot_wal_keep_size")
        extracted.sql("service", "SELECT pg_reload_conf()")
    found = only("stream-lost")
    assert (found.level, found.mend) == ("error", None)
    assert "strangler reverse sample" in found.advice
    assert way_back("sample").state == "broken"


def test_a_slot_that_was_dropped_is_lost(extracted):
    extracted.stream("monolith")._unsubscribe()
    extracted.sql("service", "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")
    assert "strangler reverse sample" in only("stream-lost").advice
    assert way_back("sample").state == "broken"


def test_a_subscription_that_was_dropped_breaks_the_stream(extracted):
    """Its slot still keeps everything, but not where the other side had got to."""
    extracted.stream("monolith")._unsubscribe()
    assert "subscription" in only("stream-broken").what


def test_a_stream_that_nobody_recorded_is_missing(extracted):
    extracted.stream("monolith").stop()
    Stream.objects.all().delete()
    found = only("stream-missing")
    assert (found.level, found.mend) == ("error", None)
    assert "strangler reverse sample" in found.advice
    assert way_back("sample").state == "broken"


# -- in stage monolith: nothing ---------------------------------------------------------------------------------------


def catalogs(patient):
    """Everything that a stream leaves in the catalogs of two servers."""
    queries = ("SELECT pubname FROM pg_publication", "SELECT subname FROM pg_subscription", SLOTS)
    return [name for home in ("monolith", "service") for q in queries for (name,) in patient.sql(home, q)]


def whole(patient):
    patient.flow("service")


def unrecorded(patient):
    patient.flow("service")
    Stream.objects.all().delete()


def back(patient):
    patient.flow("monolith", copy=False)


def armed(patient):
    patient.stream("service").arm()


def slot_of_a_copy(patient):
    """What the copy of one table leaves at the source when the target's server dies in it."""
    (oid,) = patient.sql("service", "SELECT 'sample_tag'::regclass::oid::int")[0]
    patient.sql("monolith", f"SELECT pg_create_logical_replication_slot('pg_16999_sync_{oid}_7340000', 'pgoutput')")


def record(patient):
    patient.record("service", Stream.COPYING)


@pytest.mark.parametrize("leave", [whole, unrecorded, back, armed, slot_of_a_copy, record])
def test_what_a_dead_mover_left_is_removed(monolith, leave):
    leave(monolith)
    assert set(codes()) <= {"stream-left-over", "copy-left-over", "marker-left-over"}
    assert "stream-left-over" in codes()
    done = mend("stream-left-over")
    assert done[0].mend.does == "remove it; rows stay"
    assert catalogs(monolith) == []
    assert not Stream.objects.exists()


def test_a_copy_that_nobody_keeps_in_step_is_removed(monolith):
    monolith.sql("service", "INSERT INTO sample_tag (name) VALUES ('old')")
    assert "sample_tag" in only("copy-left-over").what
    mend("copy-left-over")
    assert monolith.sql("service", "SELECT count(*) FROM sample_tag") == [(0,)]
    monolith.sql("monolith", "SELECT 1 FROM sample_tag")


def test_a_marker_without_a_stream_is_removed(monolith):
    monolith.sql("service", "INSERT INTO strangler_marker VALUES ('sample', 'monolith', 7)")
    mend("marker-left-over")
    assert monolith.sql("service", "SELECT count(*) FROM strangler_marker") == [(0,)]


def test_rows_in_the_way_of_a_copy_are_removed(monolith):
    """LAB: a leftover row makes the copy of its table try for ever without an error that anyone sees."""
    monolith.sql("monolith", "INSERT INTO sample_shelf (id, name) VALUES (1, 'mine')")
    monolith.sql("service", "INSERT INTO sample_shelf (id, name) VALUES (1, 'in the way')")
    monolith.in_stage("synced")
    stream = monolith.stream("service")
    stream.arm()
    stream.start(copy=True)
    monolith.record("service")
    found = eventually(lambda: [f for f in examine() if f.code == "copy-stopped"], what="the copy fails")
    assert "1 in sample_shelf" in found[0].advice
    mend("copy-stopped")
    eventually(lambda: stream.progress().done, what="every table is in step")
    assert monolith.sql("service", "SELECT name FROM sample_shelf") == [("mine",)]


def test_what_is_under_way_is_not_left_over(monolith):
    """A mover makes the slot before it writes that down, and is at work on it."""
    from strangler.models import Operation

    operation = Operation.objects.create(capability="sample", verb="prepare", actor="a", mover="m", state="failed")
    armed(monolith)
    assert codes() == {"operation-stopped"}
    operation.delete()
    mend("stream-left-over")
