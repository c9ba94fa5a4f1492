"""How a process keeps up: it hears of changes, acknowledges them, and knows when nobody waits for it any more."""

import json
import threading
import time

import pytest
from django.db import connections

from strangler.cutover import live_routers
from strangler.errors import Saturated
from strangler.models import Router
from strangler.proxy import freshness
from strangler.state import Change, follower, publish, wait_for_epoch, waiting
from strangler.state.follower import read_last_good

pytestmark = pytest.mark.usefixtures("homes")
PATIENCE_S = 10


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def following(settings, tmp_path, homes):
    settings.STRANGLER = {**settings.STRANGLER, "FOLLOW": True, "LEASE_S": 1.0, "STATE_DIR": tmp_path}
    yield
    follower.stop()
    freshness.stop()


def change(**values):
    return publish(Change("sample", values, "test", "tester"))


def test_a_change_arrives_and_is_acknowledged(following):
    assert follower.table().version == 0
    version = change(stage="synced")
    until(lambda: follower.table().version == version)
    assert follower.table().capabilities["sample"].stage == "synced"
    until(lambda: [r.version for r in live_routers()] == [version])


def test_the_last_good_table_serves_a_start_without_the_control_database(following, tmp_path, homes):
    follower.start()
    version = change(writer="service", stage="extracted", epoch=2)
    until(lambda: (tmp_path / "table-monolith.json").exists())
    until(lambda: json.loads((tmp_path / "table-monolith.json").read_text())["version"] == version)
    follower.stop()
    with homes.monolith.cursor() as cursor:
        cursor.execute("ALTER TABLE strangler_capability RENAME TO gone")
    try:
        assert follower.table().capabilities["sample"].writer == "service"
        assert "cannot be read" in follower.problem()
        assert not follower.leased()
    finally:
        with homes.monolith.cursor() as cursor:
            cursor.execute("ALTER TABLE gone RENAME TO strangler_capability")
    until(follower.leased)


def test_a_process_that_lost_its_connection_follows_again(following, homes):
    """A restart of the server ends the session that listens; it must not end the listening."""
    if homes.vendor == "sqlite":
        pytest.skip("SQLite has no server that could go away")
    until(follower.leased)
    with homes.monolith.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database() AND query LIKE '%%strangler%%'"
        )
        assert cursor.fetchone()[0], "nobody listened"
    version = change(stage="synced")
    until(lambda: follower.table().version == version)
    until(follower.leased)


def test_an_unreadable_last_good_table_is_not_believed(tmp_path, caplog):
    file = tmp_path / "table.json"
    file.write_text('{"version": 7')
    assert read_last_good(file).version == 0
    assert "unreadable" in caplog.text


def test_the_lease_runs_out_when_the_control_database_is_gone(following, homes):
    until(follower.leased)
    with homes.monolith.cursor() as cursor:
        cursor.execute("ALTER TABLE strangler_router RENAME TO gone")
    until(lambda: not follower.leased())
    assert follower.table().version == 0
    with homes.monolith.cursor() as cursor:
        cursor.execute("ALTER TABLE gone RENAME TO strangler_router")
    until(follower.leased)
    assert follower.problem() == ""


def test_a_process_that_stops_signs_off(following):
    until(follower.leased)
    until(Router.objects.exists)
    follower.stop()
    assert not Router.objects.exists()


def test_a_change_that_changes_nothing_publishes_nothing():
    assert change(stage="synced") == change(stage="synced")


def test_waiting_for_an_epoch_ends_when_the_row_reaches_it(homes):
    seen = []

    def wait():
        seen.append(wait_for_epoch("sample", 5, PATIENCE_S))
        connections.close_all()

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    with homes.monolith.cursor() as cursor:
        cursor.execute("UPDATE strangler_ownership SET owner = 'service', epoch = 5")
    for thread in threads:
        thread.join(PATIENCE_S)
    assert {(s.owner, s.epoch) for s in seen} == {("service", 5)}
    assert len(seen) == 4


def test_waiting_is_bounded_in_time_and_number(settings):
    assert wait_for_epoch("sample", 99, 0.02).epoch < 99
    settings.STRANGLER = {**settings.STRANGLER, "MAX_WAITERS": 1}
    first = threading.Thread(target=wait_for_epoch, args=("sample", 99, 1.0))
    first.start()
    until(lambda: waiting._rooms["sample"].waiters == 1)
    with pytest.raises(Saturated):
        wait_for_epoch("sample", 99, 1.0)
    first.join()
