"""How far rows have come, as both kinds of sources say it."""

import pytest

from strangler.state.positions import NEVER, PositionUnknown, applied, read_streams, written
from strangler.state.streams import slot_name
from tests.sample.models import Shelf

pytestmark = pytest.mark.django_db(databases=[])
PAGE, PAGE_HEADER = 8192, 24


def make_slot(connection):
    name = slot_name(connection, "sample", "service")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [name])
    return name


def advance(connection, slot):
    """Let the other home confirm everything that there is, as a subscriber would."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_replication_slot_advance(%s, pg_current_wal_flush_lsn())", [slot])


@pytest.fixture
def postgresql(homes):
    if homes.vendor != "postgresql":
        pytest.skip("logical replication is PostgreSQL's")
    return homes.monolith


def test_position_of_a_commit_is_reached_when_it_was_confirmed(postgresql):
    slot = make_slot(postgresql)
    for n in range(3):
        Shelf.objects.create(name=f"shelf {n}")
        position = written(postgresql, "logical", "sample")
        assert applied(postgresql, "logical", "sample", "service") < position
        advance(postgresql, slot)
        assert applied(postgresql, "logical", "sample", "service") >= position


def test_position_at_the_end_of_a_page_is_reached(postgresql):
    """The place of the next record is behind the header of the next page, to where nothing was written yet."""
    slot = make_slot(postgresql)

    def place():
        return one("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")

    def one(sql, *values):
        with postgresql.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchone()[0]

    for spare in range(40, 140):
        left = PAGE - place() % PAGE
        if left < 1000:  # to the next page
            one("SELECT pg_logical_emit_message(false, '', repeat('x', 1200), true)::text")
            left = PAGE - place() % PAGE
        one("SELECT pg_logical_emit_message(false, '', repeat('x', %s), true)::text", left - spare)
        if place() % PAGE == PAGE_HEADER:
            break
    else:
        pytest.fail("no record ended with its page")
    position = written(postgresql, "logical", "sample")
    advance(postgresql, slot)
    assert applied(postgresql, "logical", "sample", "service") >= position


def test_slot_that_is_missing_is_said(postgresql):
    with pytest.raises(PositionUnknown, match="no slot"):
        applied(postgresql, "logical", "sample", "service")


def test_slot_of_another_database_does_not_count(postgresql, homes):
    make_slot(homes.service)
    with pytest.raises(PositionUnknown, match="no slot"):
        applied(postgresql, "logical", "sample", "service")


def test_keylog_counts_what_waits(homes):
    source = homes.monolith
    assert applied(source, "keylog", "sample", "service") == NEVER
    with source.cursor() as cursor:
        for key in (1, 2, 3):
            cursor.execute(
                'INSERT INTO strangler_changed_key (id, capability, "table", key, at)'
                " VALUES (%s, 'sample', 'sample_shelf', '[1]', 0)",
                [10 * key],
            )
        assert written(source, "keylog", "sample") == 30
        assert applied(source, "keylog", "sample", "service") == 9
        cursor.execute("DELETE FROM strangler_changed_key WHERE id <= 20")
        assert applied(source, "keylog", "sample", "service") == 29
        cursor.execute("DELETE FROM strangler_changed_key")
    assert applied(source, "keylog", "sample", "service") == NEVER


def test_streams_are_read_as_they_are_recorded(homes):
    with homes.monolith.cursor() as cursor:
        assert read_streams(homes.monolith) == {}
        columns = "capability, source, target, kind, state, errors, problem, started_at, changed_at"
        cursor.execute(
            f"INSERT INTO strangler_stream ({columns}) VALUES ('sample', 'monolith', 'service', 'keylog', 'armed', 0,"
            " '', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
        )
    (found,) = read_streams(homes.monolith)["sample"]
    assert found[1:] == ("monolith", "service", "keylog", "armed")
    assert not found.flows
