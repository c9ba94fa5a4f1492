"""Operations whose mover died, and what the control tables say besides."""

from datetime import timedelta

import pytest
from django.utils import timezone

from strangler.cutover.journal import Journal, Superseded
from strangler.doctor import examine, repair
from strangler.models import Capability, Operation, Router, Stream
from strangler.replication import flow_of, stream_of
from strangler.state import load_table
from tests.integration.doctor.conftest import codes, mend, only

pytestmark = pytest.mark.usefixtures("sample_alone", "homes")
AGO = timedelta(minutes=1)


def operation(**values):
    made = Operation.objects.create(
        capability="sample", verb="prepare", actor="a", mover="host:1", arguments={}, **values
    )
    Operation.objects.filter(pk=made.pk).update(seen_at=values.get("seen_at", timezone.now() - AGO))
    return made


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_an_operation_that_never_began_is_ended(homes):
    made = operation()
    assert "has lost its mover" in only("operation-stopped").what
    mend("operation-stopped")
    made.refresh_from_db()
    assert made.state == Operation.UNDONE


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_its_mover_cannot_act_any_more_when_it_wakes_up(homes):
    made = operation()
    mend("operation-stopped")
    with pytest.raises(Superseded):
        Journal(made).write(("fence", "intent", {}))


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_an_operation_that_began_needs_a_decision(homes):
    made = operation()
    made.journal.create(attempt=1, step="fence", phase="intent")
    found = only("operation-stopped")
    assert found.mend is None
    assert "strangler resume sample" in found.advice
    assert "strangler undo sample" in found.advice
    assert repair([found]) == []


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_mover_at_work_is_left_alone(homes):
    operation(seen_at=timezone.now())
    found = only("operation-running")
    assert (found.level, found.mend) == ("warning", None)


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_switch_that_nobody_executes_is_ended(homes):
    Capability.objects.create(name="sample", switching=True)
    mend("switching-alone")
    assert not load_table().capabilities["sample"].switching


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_processes_that_left_without_a_word_are_forgotten(homes):
    Router.objects.create(id="x", host="monolith", process="p:1", version=0, seen_at=0)
    mend("router-gone")
    assert not Router.objects.exists()


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_process_that_obeys_an_old_table_is_named(homes):
    from strangler.state import Change, publish

    publish(Change("sample", {"reads_weight": 1}, "test", "test"))
    Router.objects.create(id="x", host="monolith", process="p:1", version=0, seen_at=timezone.now().timestamp() + 60)
    assert "p:1 obeys version 0; the newest is 1" in only("router-behind").what


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_home_that_does_not_answer_is_one_finding(homes):
    homes.service.cursor().execute("ALTER TABLE strangler_ownership RENAME TO gone")
    assert "home-unseen" in codes()


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_homes_that_disagree_need_a_decision(homes):
    homes.monolith.cursor().execute("UPDATE strangler_ownership SET epoch = 9")
    found = only("homes-disagree")
    assert "epoch 9" in found.what
    assert found.mend is None


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_column_that_differs_is_drift(homes):
    Capability.objects.create(name="sample", stage="synced")
    homes.service.cursor().execute("ALTER TABLE sample_tag ADD colour text")
    assert "drift" in codes()


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_an_identity_that_is_not_known_is_recorded(homes):
    homes.service.cursor().execute("UPDATE strangler_ownership SET system = ''")
    mend("identity-unknown")


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_table_behind_both_homes_is_published_anew(homes):
    """As after the control database alone was restored."""
    for connection in (homes.monolith, homes.service):
        connection.cursor().execute("UPDATE strangler_ownership SET owner = 'service', epoch = 4")
    assert "table-old" in codes()
    repair(examine())
    state = load_table().capabilities["sample"]
    assert (state.stage, state.writer, state.epoch) == ("extracted", "service", 4)
    assert codes() == {"stream-missing"}


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_table_ahead_of_both_homes_needs_a_decision(homes):
    Capability.objects.create(name="sample", epoch=5)
    found = next(f for f in examine() if f.code == "table-old")
    assert found.mend is None


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_an_examination_that_fails_is_one_finding(homes):
    homes.service.cursor().execute("ALTER TABLE strangler_marker RENAME TO gone")
    assert "strangler_marker" in only("unexamined").what


@pytest.fixture
def by_keylog(homes):
    """Rows flow to the service by the log of keys."""
    Capability.objects.create(name="sample", stage="synced")
    stream = stream_of("keylog", flow_of("sample", "monolith", "service"))
    stream.arm()
    Stream.objects.create(
        capability="sample", source="monolith", target="service", kind="keylog", state=Stream.STREAMING
    )
    assert examine() == []
    return stream


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_table_that_lost_its_log_gets_it_back(homes, by_keylog):
    """SQLite drops the triggers of a table that a migration rebuilds."""
    homes.monolith.cursor().execute("INSERT INTO sample_tag (name) VALUES ('before')")
    with by_keylog.triggers.briefly():
        by_keylog.triggers.remove("sample_tag")
    homes.monolith.cursor().execute("INSERT INTO sample_tag (name) VALUES ('unseen')")
    assert "sample_tag" in only("keylog-silent").what
    repair(examine())
    assert "sample_tag" in by_keylog.triggers.armed()
    by_keylog.drain(homes.monolith, 10)
    assert homes.service.cursor().execute("SELECT count(*) FROM sample_tag").fetchone() == (2,)


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_why_nothing_arrives_is_said(homes, by_keylog):
    """The applier is another process, and has noted it."""
    Stream.objects.update(problem="disk full", errors=3)
    assert "disk full" in only("stream-stopped").what


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_stream_that_is_late_is_told_of(homes, by_keylog):
    homes.monolith.cursor().execute("INSERT INTO sample_tag (name) VALUES ('late')")
    assert examine() == []
    homes.monolith.cursor().execute("UPDATE strangler_changed_key SET at = at - 60")
    found = only("stream-lagging")
    assert (found.level, "the limit is 5 s" in found.what) == ("warning", True)


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_what_a_dead_mover_logged_is_removed(homes, by_keylog):
    homes.monolith.cursor().execute("INSERT INTO sample_tag (name) VALUES ('x')")
    Stream.objects.all().delete()
    Capability.objects.update(stage="monolith")
    mend("stream-left-over")
    assert by_keylog.traces() == []
