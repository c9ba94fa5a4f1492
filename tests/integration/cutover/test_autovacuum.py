"""The server's vacuum at the wrong moment: it gives way to a switch, or the switch is put off until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from strangler import operations
from strangler.operations import Order
from strangler.state import load_table
from tests.sample.models import Tag
from tests.support.processes import eventually

pytestmark = [
    pytest.mark.usefixtures("sample_alone", "homes", "service"),
    pytest.mark.parametrize("homes", ["postgresql"], indirect=True),
]
ROWS = 5_000
AGED_XIDS = 100_100
"""As old as the rows of a table have to be, at least, before the server vacuums it whatever happens."""
CRAWL = {"autovacuum_naptime": "1s", "autovacuum_vacuum_cost_delay": "100ms", "autovacuum_vacuum_cost_limit": "1"}
WORKING = """
SELECT a.query FROM pg_stat_progress_vacuum v JOIN pg_stat_activity a USING (pid)
WHERE a.backend_type = 'autovacuum worker' AND v.relid = 'sample_tag'::regclass
"""


@contextmanager
def crawling(postgres, options: str) -> Iterator[Callable[[], None]]:
    """Let the monolith's server vacuum a table by itself, and crawl; yield what lets it run."""
    url = postgres.url("monolith", role="postgres")
    with psycopg.connect(url, autocommit=True) as superuser:

        def configure(statements):
            for statement in (*statements, "SELECT pg_reload_conf()"):
                superuser.execute(statement)

        configure([f"ALTER SYSTEM SET {name} = '{value}'" for name, value in CRAWL.items()])
        superuser.execute(f"ALTER TABLE sample_tag SET ({options})")
        with psycopg.connect(url) as writer:  # what it did counts once it has gone
            writer.execute("SET session_replication_role = replica")
            writer.execute("DELETE FROM sample_tag WHERE name LIKE '%7'")
            writer.execute("INSERT INTO sample_tag (name) SELECT 'more' FROM generate_series(1, 500)")
        try:
            eventually(lambda: superuser.execute(WORKING).fetchall(), what="the server vacuums", timeout_s=60)
            yield lambda: configure(["ALTER SYSTEM SET autovacuum_vacuum_cost_delay = 0"])
        finally:
            configure([f"ALTER SYSTEM RESET {name}" for name in CRAWL])


@pytest.fixture
def synced(homes, service):
    """Rows flow to the service."""
    Tag.objects.bulk_create(Tag(name=f"tag {number}") for number in range(ROWS))
    operations.prepare(Order("sample", actor="tester"))


@pytest.mark.usefixtures("synced")
def test_a_vacuum_of_the_server_gives_way(homes, postgres):
    """It ends itself for who waits longer than `deadlock_timeout`, which keeps no writer waiting."""
    with crawling(postgres, "autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0"):
        operations.shift_writes(Order("sample", actor="tester"))
    assert load_table().capabilities["sample"].writer == "service"


@pytest.mark.usefixtures("synced")
def test_one_that_must_not_be_put_off_is_waited_for(homes, postgres):
    """Before transaction ids run out the server gives way to nobody; writers pass meanwhile."""
    waited = []

    def look(event):
        if (event.step, event.phase) == ("close", "waiting"):
            waited.append(event.figures["blockers"])
            Tag.objects.create(name="meanwhile")
            if len(waited) == 2:
                hurry()

    with psycopg.connect(postgres.url("monolith", role="postgres"), autocommit=True) as connection:
        connection.execute(
            f"DO $$ BEGIN FOR n IN 1..{AGED_XIDS} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
        )
    with crawling(postgres, "autovacuum_freeze_max_age = 100000") as hurry:
        operations.shift_writes(Order("sample", actor="tester", report=look))
    assert len(waited) >= 2
    assert all("VACUUM" in " ".join(blockers) for blockers in waited), waited
    assert load_table().capabilities["sample"].writer == "service"
    assert Tag.objects.using("sample_service").filter(name="meanwhile").count() == len(waited)
