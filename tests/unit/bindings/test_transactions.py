"""Which statements make a transaction one in which queries may no longer be made (R12)."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from strangler.bindings import CallInTransaction
from strangler.bindings.transactions import _writes_or_locks, refuse_command, refuse_query
from strangler.state import text_of
from tests.sample.models import Shelf


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "  select * from t where note = 'for updates'",
        "SHOW lock_timeout",
        "SET LOCAL lock_timeout = 1",
        "SAVEPOINT x",
        "RELEASE SAVEPOINT x",
        "EXPLAIN DELETE FROM t",
        "PRAGMA foreign_keys",
        "WITH a AS (SELECT 1) SELECT * FROM a",
    ],
)
def test_reading_is_harmless(sql):
    assert not _writes_or_locks(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)",
        " update t set x = 1",
        "DELETE FROM t",
        "TRUNCATE t",
        "COPY t FROM STDIN",
        "LOCK TABLE t",
        "CREATE TABLE t (x int)",
        "SELECT * FROM t FOR UPDATE",
        "select * from t\nfor no key update skip locked",
        "SELECT * FROM t FOR KEY SHARE",
        "SELECT * FROM t FOR SHARE",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
        "CALL do_something()",
        "",
    ],
)
def test_writing_and_locking_are_not(sql):
    assert _writes_or_locks(sql)


@pytest.mark.django_db
class TestInsideATestCase:
    """The outermost transaction of a TestCase is a fixture and does not count."""

    def test_command_is_allowed(self):
        Shelf.objects.create(name="written")
        refuse_command("x")
        refuse_query("x")

    def test_command_in_a_transaction_of_its_own_is_refused(self):
        with transaction.atomic(), pytest.raises(CallInTransaction):
            refuse_command("x")
        refuse_command("x")

    def test_query_is_refused_after_the_transaction_has_written(self):
        with transaction.atomic():
            refuse_query("x")
            Shelf.objects.create(name="written")
            with pytest.raises(CallInTransaction):
                refuse_query("x")
        refuse_query("x")

    def test_second_transaction_is_judged_by_itself(self):
        with transaction.atomic():
            Shelf.objects.create(name="written")
        with transaction.atomic():
            list(Shelf.objects.all())
            refuse_query("x")
            Shelf.objects.create(name="again")
            with pytest.raises(CallInTransaction):
                refuse_query("x")

    def test_write_in_a_savepoint_counts(self):
        with transaction.atomic():
            with transaction.atomic():
                Shelf.objects.create(name="written")
            with pytest.raises(CallInTransaction):
                refuse_query("x")

    def test_failed_transaction_leaves_nothing_behind(self):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Shelf.objects.create(name="written")
            raise ZeroDivisionError
        refuse_query("x")
        assert not connection.needs_rollback

    def test_function_that_is_a_transaction_is_another_one_each_time(self):
        """A decorated function enters the same block object again and again."""

        @transaction.atomic
        def work(*, write):
            if write:
                Shelf.objects.create(name="written")
            refuse_query("x")

        with pytest.raises(CallInTransaction):
            work(write=True)
        work(write=False)


def test_statement_that_psycopg_composes_is_read(django_db_blocker):
    """Django passes on whatever the driver takes."""

    class Composed:
        def as_string(self, _):
            return "SELECT 1"

    class Connection:
        connection = None

    assert text_of(Connection(), Composed()) == "SELECT 1"
    assert text_of(Connection(), b"SELECT 1") == "SELECT 1"
