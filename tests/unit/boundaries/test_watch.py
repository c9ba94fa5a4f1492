"""In production crossings are counted and logged once, and the watch stands in nobody's way."""

import logging

import pytest
from django.db import DatabaseError, connection, connections, transaction
from prometheus_client import REGISTRY

from strangler.boundaries import watch
from tests.sample.models import Tag

pytestmark = pytest.mark.crosses_borders("they are the subject")

JOIN = "SELECT count(*) FROM sample_tag, catalog_search_word"
UNREADABLE = "SELECT count(*) FROM sample_tag, catalog_search_word WHERE ((("


@pytest.fixture
def watched(two_capabilities, db):
    watch.watch_connection(connections["default"])
    watch._logged.clear()


def counted(kind, capability="catalog", other="sample"):
    labels = {"kind": kind, "capability": capability, "other": other}
    return REGISTRY.get_sample_value("strangler_border_crossings_total", labels) or 0


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_each_crossing_is_counted_and_each_distinct_one_logged_once(watched, caplog):
    before = counted("statement")
    for _ in range(3):
        run(JOIN)
    run(JOIN + ", sample_book")
    assert counted("statement") == before + 4
    assert [r.levelno for r in caplog.records] == [logging.WARNING, logging.WARNING]
    assert "test_watch.py" in caplog.records[0].getMessage()


def test_a_transaction_is_counted_by_who_wrote_first(watched):
    before = counted("transaction", "sample", "catalog")
    with transaction.atomic():
        Tag.objects.create(name="x")
        run("DELETE FROM catalog_search_word")
    assert counted("transaction", "sample", "catalog") == before + 1


def test_a_statement_that_cannot_be_read_is_counted_as_such(watched, caplog):
    before = counted("unparsed")
    with pytest.raises(DatabaseError, match="incomplete input"):  # the database's own complaint
        run(UNREADABLE)
    assert counted("unparsed") == before + 1
    assert "could not be read" in caplog.records[0].getMessage()


def test_what_goes_wrong_in_the_watch_stops_no_statement(watched, caplog):
    def broken(crossing):
        raise RuntimeError("full")

    with watch.listening(broken):
        run(JOIN)
    assert "could not be judged" in caplog.text


def test_a_new_connection_is_watched_again(two_capabilities, transactional_db):
    connection.close()
    found = []
    with watch.listening(found.append), transaction.atomic():
        Tag.objects.create(name="x")
        run("DELETE FROM catalog_search_word")
    assert len(found) == 1


@pytest.mark.parametrize("change", [{"WATCH_BORDERS": False}, {"CAPABILITIES": {}}])
def test_a_host_without_borders_is_not_watched(change, two_capabilities, settings, monkeypatch):
    monkeypatch.setattr(connections["default"], "execute_wrappers", [])
    settings.STRANGLER = {**settings.STRANGLER, **change}
    watch.watch_connection(connections["default"])
    assert connection.execute_wrappers == []
