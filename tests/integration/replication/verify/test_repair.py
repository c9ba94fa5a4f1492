"""What a repair changes: exactly the rows that differ, at the copy alone, with the fence kept for everyone else."""

import pytest
from django.db import connections, transaction

from strangler.errors import Refused
from strangler.fence import Moved
from strangler.models import Verification
from strangler.replication.verify import repair, repairs, tallies
from tests.integration.replication.verify.conftest import BOOKS, everything
from tests.integration.replication.verify.still import begin, compared, counts, still


def repaired(stream, row, epoch=1):
    return repair(stream, epoch, tallies(row), lambda _: None)


def spoil(copy):
    """Do all that can be wrong; returns how many rows differ then."""
    copy.do(
        "DELETE FROM sample_book_tags WHERE id IN (1, 2, 5, 8)",
        "DELETE FROM sample_book WHERE id = 1 OR shelf_id = 3",
        "DELETE FROM sample_shelf WHERE id = 3",
        "INSERT INTO sample_shelf (id, name) VALUES (77, 'extra')",
        "INSERT INTO sample_book (id, shelf_id, title, copies) VALUES (9999, 77, 'extra', 1)",
        "UPDATE sample_book SET blurb = '', shelf_id = 77 WHERE id = 4",
    )
    on_shelf_3 = sum(n % 3 == 2 for n in range(1, BOOKS + 1))
    return 4 + 1 + on_shelf_3 + 1 + 1 + 1 + 1


def test_the_copy_is_as_its_owner_afterwards(copy, homes):
    differing = spoil(copy)
    before = everything(homes.monolith)
    row = compared(still(), range_rows=10)
    assert sum(tally.differences for tally in tallies(row).values()) == differing
    assert repaired(still(), row) == differing
    assert everything(homes.monolith) == everything(homes.service) == before
    assert compared(still()).state == Verification.EQUAL
    assert repaired(still(), row) == 0


@pytest.mark.parametrize("size", [1, 2, 3])
def test_rows_that_need_each_other_are_brought_into_line_together(copy, homes, monkeypatch, size):
    """A parent that is extra still has a child that is different, which only goes with its new parent."""
    monkeypatch.setattr(repairs, "BATCH_ROWS", size)
    differing = spoil(copy)
    row = compared(still())
    assert repaired(still(), row) == differing
    assert everything(homes.monolith) == everything(homes.service)


def test_unique_values_that_have_changed_places_are_put_back(copy, homes):
    copy.do(
        "UPDATE sample_shelf SET name = 'x' WHERE id = 1",
        "UPDATE sample_shelf SET name = (SELECT name FROM sample_shelf WHERE id = 3) || 'y' WHERE id = 2",
    )
    names = {row[0]: row[1] for row in _all(homes.monolith, "SELECT id, name FROM sample_shelf")}
    copy.do("UPDATE sample_shelf SET name = 'z' WHERE id = 2")
    with (
        homes.service.cursor() as cursor,
        transaction.atomic("sample_service"),
        repairs.silenced(homes.service, copy.tables),
    ):
        cursor.execute("UPDATE sample_shelf SET name = %s WHERE id = 1", [names[2]])
        cursor.execute("UPDATE sample_shelf SET name = %s WHERE id = 2", [names[1]])
    row = compared(still())
    assert counts(row)["sample_shelf"] == (3, 0, 0, 2)
    assert repaired(still(), row) == 2
    assert everything(homes.monolith) == everything(homes.service)


def _all(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_a_row_that_has_become_equal_is_not_counted(copy):
    copy.do("UPDATE sample_book SET copies = -1 WHERE id IN (1, 2)")
    row = compared(still())
    copy.do("UPDATE sample_book SET copies = 1 WHERE id = 1")
    assert repaired(still(), row) == 1


def test_everybody_else_is_refused_at_the_copy_afterwards(copy, homes):
    assert copy.states() == {"enabled"}
    spoil(copy)
    repaired(still(), compared(still()))
    assert copy.states() == {"enabled"}
    with pytest.raises(Moved), transaction.atomic("sample_service"):
        homes.service.cursor().execute("UPDATE sample_book SET copies = 9")


def test_the_owner_is_only_read(copy, homes):
    """Every write to it is refused for the time: by triggers that know no exception."""
    vendor = homes.vendor
    if vendor == "postgresql":
        homes.monolith.cursor().execute(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'touched'; END $$"
        )
    for table in copy.tables:
        for event in ("INSERT", "UPDATE", "DELETE"):
            act = "EXECUTE FUNCTION no()" if vendor == "postgresql" else "BEGIN SELECT RAISE(ABORT, 'touched'); END"
            homes.monolith.cursor().execute(
                f"CREATE TRIGGER no_{event}_{table} BEFORE {event} ON {table} FOR EACH ROW {act}"
            )
            if vendor == "postgresql":
                homes.monolith.cursor().execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER no_{event}_{table}")
    differing = spoil(copy)
    assert repaired(still(), compared(still())) == differing


def test_triggers_of_the_copy_do_not_change_what_arrives(copy, homes):
    if homes.vendor == "postgresql":
        homes.service.cursor().execute(
            "CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.title = upper(NEW.title); RETURN NEW; END $$;"
            " CREATE TRIGGER louder BEFORE INSERT ON sample_book FOR EACH ROW EXECUTE FUNCTION louder()"
        )
    else:
        homes.service.cursor().execute(
            "CREATE TRIGGER louder AFTER INSERT ON sample_book"
            " BEGIN UPDATE sample_book SET title = upper(title) WHERE id = NEW.id; END"
        )
    copy.do("DELETE FROM sample_book WHERE id = 100")
    assert repaired(still(), compared(still())) == 1
    assert everything(homes.monolith) == everything(homes.service)


def test_a_copy_that_changes_rows_by_itself_is_refused_and_left_alone(copy, homes):
    for home in (homes.monolith, homes.service):
        home.cursor().execute("CREATE TABLE leaf (id integer PRIMARY KEY, tag bigint)")
    if homes.vendor == "sqlite":
        homes.service.cursor().execute("DROP TABLE leaf")
        homes.service.cursor().execute(
            "CREATE TABLE leaf (id integer PRIMARY KEY, tag bigint REFERENCES sample_tag ON DELETE CASCADE)"
        )
    else:
        homes.service.cursor().execute("ALTER TABLE leaf ADD FOREIGN KEY (tag) REFERENCES sample_tag ON DELETE CASCADE")
    copy.do("UPDATE sample_tag SET name = 'other' WHERE id = 2")
    stream = still(["sample_tag", "leaf"])
    with pytest.raises(Refused, match="changes rows by itself"):
        repaired(stream, compared(stream))
    assert counts(compared(stream))["sample_tag"] == (2, 0, 0, 1)


def test_a_copy_whose_triggers_cannot_be_silenced_keeps_what_it_has(copy, homes):
    if homes.vendor == "sqlite":
        pytest.skip("no trigger of SQLite fires always")
    homes.service.cursor().execute(
        "CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.title = upper(NEW.title); RETURN NEW; END $$;"
        " CREATE TRIGGER louder BEFORE INSERT ON sample_book FOR EACH ROW EXECUTE FUNCTION louder();"
        " ALTER TABLE sample_book ENABLE ALWAYS TRIGGER louder"
    )
    copy.do("UPDATE sample_book SET copies = -1 WHERE id = 100")
    before = everything(homes.service)
    with pytest.raises(Refused, match="sample_book of the copy changes rows"):
        repaired(still(), compared(still()))
    assert everything(homes.service) == before


def test_too_many_differences_are_refused_with_what_is_quicker(copy, monkeypatch):
    monkeypatch.setattr(repairs, "ROWS_MAX", 10)
    spoil(copy)
    with pytest.raises(Refused, match="strangler prepare sample"):
        repaired(still(), compared(still()))


def test_a_copy_of_a_capability_that_has_moved_is_left_alone(copy, homes):
    copy.do("UPDATE sample_book SET copies = -1 WHERE id = 1")
    row = compared(still())
    for home in (homes.monolith, homes.service):
        home.cursor().execute("UPDATE strangler_ownership SET owner = 'service', epoch = 2 WHERE capability = 'sample'")
    with pytest.raises(Refused, match="has moved meanwhile"):
        repaired(still(), row)
    assert _all(connections["sample_service"], "SELECT copies FROM sample_book WHERE id = 1") == [(-1,)]


def test_the_monoliths_copy_is_repaired_when_the_service_owns(copy, homes):
    for home in (homes.monolith, homes.service):
        home.cursor().execute("UPDATE strangler_ownership SET owner = 'service', epoch = 2 WHERE capability = 'sample'")
    copy.connection = homes.monolith
    differing = spoil(copy)
    back = still(source="service", target="monolith")
    record = begin(back, 2)
    row = compared(back, epoch=2)
    assert row.pk == record.row.pk
    before = everything(homes.service)
    assert repaired(back, row, 2) == differing
    assert everything(homes.monolith) == everything(homes.service) == before
