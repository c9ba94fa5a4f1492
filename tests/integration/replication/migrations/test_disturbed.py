"""`strangler migrate` while others write, while somebody holds a lock, and when a statement takes too long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from django.db import DatabaseError, connections

from strangler import operations
from strangler.errors import Refused
from strangler.fence import Moved, fence_of
from strangler.state.connection import dedicated
from tests.integration.replication.migrations.conftest import agree, applied, both, columns, order
from tests.integration.replication.migrations.test_migrate import ADD, CHECK, LABELLED
from tests.support.fixtures import long_version
from tests.support.processes import eventually

INSERT = "INSERT INTO sample_book (shelf_id, title, copies) SELECT min(id), '{}', 1 FROM sample_shelf"
WIDER = "AlterField('book', 'title', models.CharField(max_length=300))"
postgresql = pytest.mark.parametrize("homes", ["postgresql"], indirect=True)


class Writer(threading.Thread):
    """Writes to a home as fast as it may until told to stop, and repeats what was refused."""

    def __init__(self, alias: str, name: str) -> None:
        super().__init__(name=name)
        self.alias = alias
        self.over = threading.Event()
        self.taken: list[str] = []
        self.refused: list[str] = []
        self.longest_s = 0.0

    def run(self) -> None:
        with closing(dedicated(self.alias)) as connection:
            number = 0
            while not self.over.is_set():
                title, began = f"{self.name}-{number}", time.monotonic()
                try:
                    with connection.cursor() as cursor:
                        cursor.execute(INSERT.format(title))
                except (DatabaseError, Moved) as error:
                    self.refused.append(str(error))
                else:
                    self.taken.append(title)
                    self.longest_s = max(self.longest_s, time.monotonic() - began)
                    number += 1
                self.over.wait(0.002)


@contextmanager
def writing(alias: str, count: int) -> Iterator[list[Writer]]:
    """Run writers while the block runs."""
    writers = [Writer(alias, f"{alias}-{number}") for number in range(count)]
    for writer in writers:
        writer.start()
    try:
        yield writers
    finally:
        for writer in writers:
            writer.over.set()
        for writer in writers:
            writer.join(30)


def titles() -> list[str]:
    """Return what both homes have, once they have the same."""
    return [title for (title,) in agree("SELECT title FROM sample_book")]


def test_what_is_written_meanwhile_is_in_both_homes(flowing, releases):
    """Promises 1 and 2: every shape of change, and the fence stands at every moment, while its table is altered too."""
    for change in (ADD, WIDER, LABELLED, CHECK):
        releases.add(change)
    with writing("default", 3) as allowed, writing("sample_service", 1) as (intruder,):
        eventually(lambda: all(w.taken for w in allowed) and intruder.refused, what="everybody writes")
        operations.migrate(order())
        so_far = [len(writer.taken) for writer in allowed]
        eventually(lambda: all(len(w.taken) > n for w, n in zip(allowed, so_far, strict=True)), what="they write on")
    assert intruder.taken == []
    assert applied() == both(*releases.names)
    for alias in ("default", "sample_service"):
        assert {"pages", "label"} <= set(columns(alias))
    expected = sorted(title for writer in allowed for title in writer.taken)
    assert titles() == sorted([*expected, "first"])


LOCKS = {
    "writer": "UPDATE sample_book SET blurb = 'slow'",
    "reader": "SELECT count(*) FROM sample_book",
    "backup": "LOCK TABLE sample_book IN SHARE MODE",
}


@contextmanager
def holding(homes, home: str, statement: str) -> Iterator[psycopg.Connection]:
    """Keep a transaction open that has executed a statement, under the name `nightly`."""
    with psycopg.connect(homes.dsn[home], application_name="nightly") as connection:
        connection.execute(statement.encode())
        yield connection
        connection.rollback()


@postgresql
@pytest.mark.parametrize("what", ["reader", *(long_version(what, timeout_s=120) for what in ("writer", "backup"))])
def test_who_holds_a_lock_is_named_and_waited_for(flowing, releases, what):
    """Whoever comes later passes in between (R16)."""
    releases.add(ADD)
    waited = []

    def look(event):
        if event.phase == "waiting":
            waited.append(event.figures["blockers"])
            if len(waited) == 2:
                holder.rollback()

    with holding(flowing, "monolith", LOCKS[what]) as holder, writing("default", 1) as (writer,):
        operations.migrate(order(report=look))
    assert len(waited) == 2
    assert all("nightly" in " ".join(blockers) for blockers in waited), waited
    assert applied() == both(*releases.names)
    assert set(titles()) == {"first", *writer.taken}


@postgresql
@pytest.mark.parametrize("home", [long_version("monolith", timeout_s=120)])
def test_a_lock_that_is_never_released_ends_it_and_everything_is_put_back(flowing, releases, home):
    releases.add(ADD)
    with holding(flowing, home, LOCKS["writer"]), pytest.raises(Refused, match="nightly") as refused:
        operations.migrate(order())
    assert refused.value.reasons[-1].startswith("Everything was put back")
    assert applied() == both("0001_initial")
    assert "pages" not in columns("default") | columns("sample_service")
    operations.migrate(order())
    assert applied() == both(*releases.names)


SLOW = """
CREATE FUNCTION slow_ddl() RETURNS event_trigger LANGUAGE plpgsql AS
 $$ BEGIN IF current_setting('search_path') IS NOT NULL THEN PERFORM pg_sleep(5); END IF; END $$;
CREATE EVENT TRIGGER slow_ddl ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION slow_ddl();
"""


@postgresql
@pytest.mark.parametrize("slow", ["service", "monolith"])
def test_a_statement_past_the_cap_is_given_up_and_everything_is_put_back(flowing, releases, settings, postgres, slow):
    """ALTER TABLE lasts five seconds there, with the table locked; nobody waits for so long."""
    releases.add(ADD)
    settings.STRANGLER = {**settings.STRANGLER, "SWITCH_CAP_S": 0.4}
    with psycopg.connect(postgres.url(slow, role="postgres"), autocommit=True) as superuser:
        superuser.execute(SLOW.encode())
        with writing("default", 1) as (writer,), pytest.raises(Refused) as refused:
            operations.migrate(order())
        superuser.execute("DROP EVENT TRIGGER slow_ddl")
    assert "it would keep everybody waiting for more than 0.4 s. Use AddIndexConcurrently" in str(refused.value)
    assert refused.value.reasons[-1].startswith("Everything was put back")
    assert writer.longest_s < 4
    assert applied() == both("0001_initial")
    for alias in ("default", "sample_service"):
        assert "pages" not in columns(alias)
    assert set(fence_of(connections["sample_service"]).states(["sample_book"]).values()) == {"enabled"}
    operations.migrate(order())
    assert applied() == both(*releases.names)
    assert set(titles()) == {"first", *writer.taken}
