"""Writers never pause, and yet: nothing is said to differ that does not, and what differs is found, each row of it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

import pytest
from django.db import transaction

from strangler import operations
from strangler.models import Verification
from strangler.operations import Order
from strangler.replication.flows import flow_of, recorded, stream_of
from strangler.replication.silence import silenced
from strangler.replication.verify import position
from tests.integration.replication.verify.conftest import BOOKS, make
from tests.integration.replication.verify.still import TABLES
from tests.support.fixtures import long_version
from tests.support.processes import Process, eventually

pytestmark = pytest.mark.usefixtures("homes", "service", "sample_alone")
ROUNDS = 8
WRITES_PER_S = {"postgresql": 500, "sqlite": 100}
TIMES = 200
"""As often the same is tried without a guard, at most, until it shows."""


@pytest.fixture
def moved(homes):
    make("default")
    operations.prepare(Order("sample", actor="tester"))
    return homes


@contextmanager
def written(homes, home, seed, folder):
    """Let a process write to *home* while the block runs."""
    connection = homes.of(home)
    address = homes.dsn[home] if homes.vendor == "postgresql" else str(connection.settings_dict["NAME"])
    log = folder / f"writer at the {home}"
    words = [homes.vendor, address, str(WRITES_PER_S[homes.vendor]), str(seed)]
    command = [sys.executable, "-m", "tests.integration.replication.verify.writing", *words]
    process = Process.start("writer", command, log, environment=os.environ)

    def done():
        assert process.alive(), process.tail()
        return len(log.read_text().split())

    try:
        eventually(lambda: done() > 100, what="rows are written")
        yield done
        assert process.alive(), process.tail()
    finally:
        process.kill()


def verify():
    return operations.verify("sample", actor="tester", report=lambda _: None)


def spoil(connection):
    """Change rows that are written to and rows that are not; what is written again may mend itself in time."""
    with transaction.atomic(using=connection.alias), silenced(connection, TABLES):
        for statement in (
            "DELETE FROM sample_book_tags WHERE id IN (1, 2)",
            "UPDATE sample_tag SET name = 'spoilt' WHERE id = 2",
            "UPDATE sample_book SET title = 'spoilt' WHERE id IN (3, 120, 170)",
            "INSERT INTO sample_book (id, shelf_id, title, copies) VALUES (-5, 1, '', 1)",
        ):
            connection.cursor().execute(statement)


def spoilt_are_found_and_mended(copy, owner):
    """Whoever writes to a spoilt row mends it or not; those that nobody writes to are the least that is found."""
    spoil(copy)
    found = verify()
    assert found.state == Verification.DIFFERENT
    tables = {table: (t.missing, t.extra, t.different) for table, t in found.tables.items()}
    assert tables["sample_book_tags"] == (2, 0, 0)
    assert tables["sample_tag"] == (0, 0, 1)
    assert tables["sample_book"][:2] == (0, 1)
    mended = operations.repair_copy(found, report=lambda _: None)
    assert mended.repaired <= found.differences
    after = [verify() for _ in range(2)]
    assert [(one.state, one.differences) for one in after] == [(Verification.EQUAL, 0)] * 2
    assert operations.last_verification("sample") == after[-1]
    with owner.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sample_book WHERE title = 'spoilt' OR id = -5")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("rounds", [ROUNDS, long_version(300, timeout_s=1_800)])
def test_nothing_is_missed_and_nothing_invented_while_everybody_writes(moved, seed, tmp_path, rounds):
    homes = moved
    with written(homes, "monolith", seed, tmp_path) as done:
        before = done()
        for _ in range(rounds):
            found = verify()
            assert (found.state, found.differences) == (Verification.EQUAL, 0), found
            assert found.rows >= BOOKS
        assert done() > before
        spoilt_are_found_and_mended(homes.service, homes.monolith)
    operations.shift_writes(Order("sample", actor="tester"))
    with written(homes, "service", seed, tmp_path):
        assert verify().state == Verification.EQUAL
        spoilt_are_found_and_mended(homes.monolith, homes.service)


@pytest.mark.parametrize(
    ("homes", "guard"), [("postgresql", "lock"), ("postgresql", "drain"), ("sqlite", "drain")], indirect=["homes"]
)
def test_without_a_guard_differences_are_invented(moved, seed, tmp_path, monkeypatch, guard):
    """Writers that are not kept out, or changes that are still under way, show in one snapshot alone."""
    if guard == "lock":
        monkeypatch.setattr(position, "_lock_out", lambda _: None)
    else:
        flow = flow_of("sample", "monolith", "service")
        monkeypatch.setattr(type(stream_of(recorded("sample", "service").kind, flow)), "drain", lambda *_: None)
    with written(moved, "monolith", seed, tmp_path):
        assert any(verify().differences for _ in range(TIMES))
