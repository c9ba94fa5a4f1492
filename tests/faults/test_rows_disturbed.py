"""
What else may be going on while rows move: long transactions, VACUUM, DDL, writers that ask nobody, stopped processes.

Each has a defined outcome: it is waited for at a distance and named, or the move is refused and says why, or it is
refused itself by the home that it should not write in.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.faults.movers import BACK, FORTH, assert_serves, ended, moment_at, paused_mover, stopped, wake
from tests.support.checker.rows import query
from tests.support.cluster import PASSWORD
from tests.support.fixtures import long_version
from tests.support.platform import FAULTY_SETTINGS, Platform
from tests.support.processes import Process, eventually
from tests.support.state import owner_of, state_of

pytestmark = pytest.mark.platform

OUTSIDER = "reporter"
FREED_S = 5.0
"""A second, and what a starved machine adds to it; without the limit they would wait for ever."""


# -- transactions in the way ----------------------------------------------------------------------------------------

IN_THE_WAY = {
    "long transaction": "UPDATE catalog_product SET brand = brand WHERE slug = 'lamp-0'",
    "DDL": "ALTER TABLE catalog_variant ALTER COLUMN barcode SET DEFAULT ''",
    "backup": "LOCK TABLE catalog_price_history IN SHARE MODE",
}


@pytest.mark.parametrize(
    "what", ["long transaction", *(long_version(what, timeout_s=300) for what in ("DDL", "backup"))]
)
def test_transaction_in_the_way_is_named_and_waited_for(two_server_platform: Platform, what: str) -> None:
    """The switch tries again at a distance, others write in between, and it goes through once the way is free."""
    platform = two_server_platform
    moment = moment_at(platform, FORTH, "shift-writes", "close", "intent")
    FORTH.begin(platform)
    with paused_mover(platform, moment) as mover:
        with psycopg.connect(platform.homes["monolith"], application_name="nightly") as connection:
            connection.execute(IN_THE_WAY[what].encode())
            wake(mover)
            eventually(lambda: mover.log.read_text().count("nightly") >= 2, what="the switch names it, twice")
            assert owner_of(platform.homes["monolith"])[0] == "monolith"
            connection.rollback()
        code, said = ended(mover)
    assert code == 0, said
    assert_serves(platform)


def test_whoever_keeps_the_marker_is_named_and_waited_for(two_server_platform: Platform) -> None:
    """It travels with the rows, and goes with their stream."""
    platform = two_server_platform
    FORTH.begin(platform)
    platform.strangler("prepare", "catalog", "--yes", "--mover", "logical")
    with psycopg.connect(platform.homes["service"], application_name="nightly") as connection:
        connection.execute("LOCK TABLE strangler_marker IN SHARE MODE")
        mover = platform.mover("cancel", "catalog", "--yes")
        eventually(lambda: mover.log.read_text().count("nightly") >= 2, what="the mover names it, twice")
        connection.rollback()
    code, said = ended(mover)
    assert code == 0, said
    assert state_of(platform).control[0] == "monolith"


def test_transaction_that_never_ends_stops_the_move(two_server_platform: Platform) -> None:
    """In the end the operator is told who it was, and everything is as before."""
    platform = two_server_platform
    before = BACK.begin(platform)
    with psycopg.connect(platform.homes["service"], application_name="nightly") as connection:
        connection.execute(IN_THE_WAY["long transaction"].encode())
        done = platform.manage("strangler", "toggle", "catalog", "monolith", "--yes")
        connection.rollback()
    assert done.returncode != 0
    said = " ".join(done.stderr.split())
    assert "could not be locked" in said, said
    assert "nightly" in said, said
    assert "Everything was put back" in said, said
    after = state_of(platform)
    assert after.writer == before.writer == "service"
    assert after.rows["service"] == before.rows["service"]


def test_reader_of_any_length_is_in_nobodys_way(two_server_platform: Platform) -> None:
    platform = two_server_platform
    FORTH.begin(platform)
    with psycopg.connect(platform.homes["monolith"]) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = connection.execute("SELECT count(*) FROM catalog_product").fetchone()
        platform.toggle_until_done("service")
        assert_serves(platform)
        assert connection.execute("SELECT count(*) FROM catalog_product").fetchone() == before


def test_vacuum_is_waited_for(two_server_platform: Platform) -> None:
    """A VACUUM that somebody has begun holds its lock to its end, and writers go on meanwhile."""
    platform = two_server_platform
    moment = moment_at(platform, FORTH, "shift-writes", "close", "intent")
    FORTH.begin(platform)
    with paused_mover(platform, moment) as mover:
        with vacuuming(platform, "monolith"):
            wake(mover)
            eventually(lambda: "VACUUM" in mover.log.read_text(), what="the switch names the VACUUM")
            platform.create_product("monolith", f"during-vacuum-{uuid.uuid4().hex[:8]}")
        code, said = ended(mover)
    assert code == 0, said
    assert_serves(platform)


@contextmanager
def vacuuming(platform: Platform, home: str) -> Iterator[None]:
    """Let a VACUUM work slowly on a table of a home; cancel it in the end."""
    with psycopg.connect(platform.homes[home], autocommit=True) as connection:
        connection.execute("SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1")
        pid = connection.info.backend_pid

        def vacuum() -> None:
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute("VACUUM (FREEZE, DISABLE_PAGE_SKIPPING) catalog_product")

        thread = threading.Thread(target=vacuum)
        thread.start()
        working = f"SELECT count(*) FROM pg_stat_progress_vacuum WHERE pid = {pid}"
        eventually(lambda: query(platform.homes[home], working)[0][0], what="VACUUM works")
        yield
        connection.cancel()
        thread.join()


# -- writers that ask nobody ----------------------------------------------------------------------------------------


def test_cron_writer_of_another_role_loses_nothing(two_server_platform: Platform) -> None:
    """It connects anew each time, always to the monolith, and repeats nothing; what was taken is there, no more."""
    platform = two_server_platform
    server = platform.servers["monolith"]
    database = platform.homes["monolith"].rpartition("/")[2]
    FORTH.begin(platform)
    server.execute(database, f"CREATE ROLE {OUTSIDER} LOGIN PASSWORD '{PASSWORD}'")
    server.execute(database, f"GRANT ALL ON catalog_category TO {OUTSIDER}")
    cron = Cron(server.dsn(database, role=OUTSIDER))
    with running(cron):
        eventually(lambda: len(cron.taken) > 5, what="it writes")
        platform.toggle_until_done("service")
        eventually(lambda: len(cron.refused) > 5, what="it is refused")
    found = {slug for (slug,) in query(platform.homes["service"], "SELECT slug FROM catalog_category")}
    server.execute(database, f"REVOKE ALL ON catalog_category FROM {OUTSIDER}")
    server.execute(database, f"DROP ROLE {OUTSIDER}")
    assert cron.errors == []
    assert set(cron.taken) <= found, "an accepted write was lost"
    assert not set(cron.refused) & found, "a refused write had an effect"


class Cron(threading.Thread):
    """A job that runs again and again, and writes one row into the monolith's table."""

    def __init__(self, dsn: str) -> None:
        super().__init__(daemon=True)
        self.dsn, self.over = dsn, threading.Event()
        self.taken: list[str] = []
        self.refused: list[str] = []
        self.errors: list[psycopg.Error] = []

    def run(self) -> None:
        while not self.over.wait(0.02):
            slug = f"cron-{uuid.uuid4().hex[:12]}"
            try:
                with psycopg.connect(self.dsn) as connection:
                    connection.execute(
                        "INSERT INTO catalog_category (id, slug, name, path, position, is_active, version)"
                        " VALUES (gen_random_uuid(), %s, 'x', %s, 0, true, 1)",
                        [slug, f"{slug}/"],
                    )
            except psycopg.Error as error:
                if error.sqlstate == "SF001":
                    self.refused.append(slug)
                else:
                    self.errors.append(error)
            else:
                self.taken.append(slug)


@contextmanager
def running(cron: Cron) -> Iterator[None]:
    cron.start()
    yield
    cron.over.set()
    cron.join()


# -- stopped processes ----------------------------------------------------------------------------------------------


def test_router_that_slept_through_the_switch_is_harmless(two_server_platform: Platform) -> None:
    """Nobody waits for a host that has stopped; it wakes up with an old table, and answers as it must all the same."""
    platform = two_server_platform
    FORTH.begin(platform)
    product = platform.create_product("monolith", f"stale-{uuid.uuid4().hex[:8]}")
    with sleeping(platform.hosts["monolith"]):
        platform.toggle_until_done("service")
    for home in platform.homes:
        status, seen = platform.request(home, f"/api/catalog/products/{product['id']}")
        assert (status, seen["slug"]) == (200, product["slug"])
    assert_serves(platform)


def test_nothing_is_given_to_a_service_that_sleeps(two_server_platform: Platform) -> None:
    platform = two_server_platform
    before = FORTH.begin(platform)
    with sleeping(platform.hosts["catalog"]):
        refused = platform.manage("strangler", "toggle", "catalog", "service", "--yes")
    assert refused.returncode != 0
    assert "does not answer" in refused.stderr, refused.stderr
    assert state_of(platform) == before


@contextmanager
def sleeping(process: Process) -> Iterator[None]:
    """Stop a process as SIGSTOP does, and let it go on in the end."""
    os.killpg(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGCONT)


def test_mover_stopped_with_the_lock_frees_the_writers_within_a_second(two_server_platform: Platform) -> None:
    """The server ends its transaction (R16); what the mover commits after it wakes up fails, and it puts all back."""
    platform = two_server_platform
    FORTH.begin(platform)
    mover = platform.mover(
        "toggle", "catalog", "service", "--yes", SABOTAGE="asleep", DJANGO_SETTINGS_MODULE=FAULTY_SETTINGS["monolith"]
    )
    try:
        eventually(lambda: stopped(mover), what="the mover has stopped", timeout_s=60)
        began = time.monotonic()
        platform.create_product("monolith", f"freed-{uuid.uuid4().hex[:8]}")
        assert time.monotonic() - began < FREED_S, "the writers were kept for longer than a second and a bit"
        wake(mover)
        code, said = ended(mover)
    finally:
        mover.kill()
    assert code != 0, "what the server had ended was committed"
    assert "Everything was put back" in " ".join(said.split()), said
    assert state_of(platform).writer == "monolith"
    platform.toggle_until_done("service")
    assert_serves(platform)


# -- DDL at the wrong moment ----------------------------------------------------------------------------------------


def test_column_that_one_side_has_not_stops_the_switch(two_server_platform: Platform) -> None:
    """It is named, and once the other side has it as well, the rows go on and so does the move."""
    platform = two_server_platform
    FORTH.begin(platform)
    platform.strangler("prepare", "catalog", "--yes")
    with column_added(platform, "monolith"):
        product = platform.create_product("monolith", f"ddl-{uuid.uuid4().hex[:8]}")
        refused = platform.manage("strangler", "shift-writes", "catalog", "--yes")
        assert refused.returncode != 0, refused.stdout
        assert "surprise" in refused.stderr, refused.stderr
        assert owner_of(platform.homes["monolith"])[0] == "monolith"
        with column_added(platform, "service"):
            platform.toggle_until_done("service")
            status, _ = platform.request("service", f"/api/catalog/products/{product['id']}")
            assert status == 200
            platform.toggle_until_done("monolith")
            platform.strangler("cancel", "catalog", "--yes")


@contextmanager
def column_added(platform: Platform, home: str) -> Iterator[None]:
    """Give a table a column that no migration knows."""
    execute(platform, home, "ALTER TABLE catalog_product ADD COLUMN surprise integer")
    yield
    execute(platform, home, "ALTER TABLE catalog_product DROP COLUMN surprise")


def execute(platform: Platform, home: str, statement: str) -> None:
    with psycopg.connect(platform.homes[home]) as connection:
        connection.execute(statement.encode())
