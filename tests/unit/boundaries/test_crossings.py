"""Transactions that write tables of two capabilities, in all shapes that Django gives them."""

import contextlib
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.test import TestCase

from monolith.catalog.models import SearchWord
from strangler.boundaries.watch import listening, watch_connection
from tests.sample.models import Shelf, Tag

pytestmark = pytest.mark.crosses_borders("they are the subject")


@pytest.fixture
def watched(two_capabilities):
    """What the watch tells while a test runs."""
    found = []
    with listening(found.append):
        yield found


@pytest.fixture
def committed(watched, transactional_db):
    """Every block is a transaction of its own."""
    watch_connection(connections["default"])
    return watched


@pytest.fixture
def in_a_test_case(watched, db):
    """The outermost block belongs to the test case."""
    watch_connection(connections["default"])
    return watched


@pytest.fixture(params=["committed", "in_a_test_case"])
def found(request):
    return request.getfixturevalue(request.param)


def write_sample():
    Tag.objects.create(name="x")


def write_catalog():
    SearchWord.objects.create(word=uuid4().hex)


def kinds(found):
    return [(c.kind, c.capability, c.other) for c in found]


def test_a_transaction_that_writes_two_is_told_once(found):
    with transaction.atomic():
        write_sample()
        write_catalog()
        write_sample()
    assert kinds(found) == [("transaction", "sample", "catalog")]


def test_both_writes_are_told_with_their_callers(found):
    with transaction.atomic():
        write_sample()
        write_catalog()
    text = str(found[0])
    told = ['INSERT INTO "sample_tag"', "in write_sample", "\nand then\n", 'INSERT INTO "catalog_', "in write_catalog"]
    assert [text.index(words) for words in told] == sorted(text.index(words) for words in told)
    assert "SearchWord.objects.create" in text
    assert "django/db" not in text
    assert found[0].key.endswith("in tests/unit/boundaries/test_crossings.py:write_catalog")


def test_nested_blocks_are_one_transaction(found):
    with transaction.atomic():
        with transaction.atomic():
            write_sample()
        with transaction.atomic(savepoint=False):
            write_catalog()
    assert kinds(found) == [("transaction", "sample", "catalog")]


def test_two_transactions_are_two(found):
    @transaction.atomic
    def once(write):
        write()

    once(write_sample)
    once(write_catalog)
    with transaction.atomic(savepoint=False):
        write_sample()
    with transaction.atomic(savepoint=False):
        write_catalog()
    assert found == []


def test_a_transaction_that_failed_is_over(found):
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        write_sample()
        1 / 0
    with transaction.atomic():
        write_catalog()
    assert found == []


def test_what_a_savepoint_took_back_does_not_count(found):
    with transaction.atomic():
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            write_sample()
            1 / 0
        write_catalog()
    assert found == []


def test_what_was_written_before_the_savepoint_counts(found):
    with transaction.atomic():
        write_sample()
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            write_sample()
            1 / 0
        write_catalog()
    assert kinds(found) == [("transaction", "sample", "catalog")]


def test_other_savepoints_take_nothing_of_it_back(committed):
    """Names of savepoints are counted up, so that one may begin like another."""
    connection.savepoint_state = 0
    with transaction.atomic():
        with transaction.atomic():
            write_sample()
        for _ in range(10):
            with contextlib.suppress(ZeroDivisionError), transaction.atomic():
                1 / 0
        write_catalog()
    assert kinds(committed) == [("transaction", "sample", "catalog")]


def test_writes_without_a_transaction_are_each_their_own(found):
    write_sample()
    write_catalog()
    assert found == []


def test_reading_two_in_one_transaction_is_no_crossing(found):
    with transaction.atomic():
        list(Tag.objects.all())
        write_catalog()
    assert found == []


def test_a_join_is_told(found):
    list(Shelf.objects.extra(tables=["catalog_product"]))
    assert kinds(found) == [("statement", "catalog", "sample")]
    assert "A statement uses tables of catalog and sample: catalog_product, sample_shelf" in str(found[0])


def test_raw_sql_is_told(found):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO sample_tag (name) SELECT name FROM catalog_product")
    assert kinds(found) == [("statement", "sample", "catalog")]


def test_hooks_on_commit_are_the_applications_own(in_a_test_case, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        write_sample()
    assert callbacks == []


def test_the_fixture_of_a_class_is_no_transaction(watched, db):
    class Case(TestCase):
        pass

    watch_connection(connections["default"])
    blocks = Case._enter_atomics()
    try:
        write_sample()
        write_catalog()
    finally:
        Case._rollback_atomics(blocks)
    assert watched == []


def test_what_is_not_watched_is_not_told(found, monkeypatch):
    """The control: without the wrapper nothing is found."""
    monkeypatch.setattr(connections["default"], "execute_wrappers", [])
    with transaction.atomic():
        write_sample()
        write_catalog()
    assert found == []
