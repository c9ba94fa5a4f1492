"""What a comparison finds, and what it leaves: two homes that stand still, on PostgreSQL and on SQLite."""

import random

import pytest
from django.db import connections

from strangler.errors import Refused
from strangler.models import Verification
from strangler.replication.verify import comparison, position, tallies, verifications
from strangler.replication.verify import record as records
from tests.integration.replication.verify.conftest import BOOKS, Copy
from tests.integration.replication.verify.still import begin, compared, counts, still

EQUAL = {
    "sample_shelf": (3, 0, 0, 0),
    "sample_tag": (2, 0, 0, 0),
    "sample_book": (BOOKS, 0, 0, 0),
    "sample_book_tags": (10, 0, 0, 0),
}


@pytest.mark.parametrize("range_rows", [1, 7, BOOKS, BOOKS + 1, 25_000])
def test_equal_rows_are_counted_once_whatever_the_ranges(copy, range_rows):
    row = compared(still(), range_rows=range_rows)
    assert (row.state, counts(row)) == (Verification.EQUAL, EQUAL)


@pytest.mark.parametrize("range_rows", [1, 13, 25_000])
def test_every_difference_is_found_and_named(copy, range_rows):
    copy.do(
        "DELETE FROM sample_book_tags WHERE id IN (1, 2)",
        "DELETE FROM sample_book WHERE id IN (1, 2, 200)",
        "INSERT INTO sample_book (id, shelf_id, title, copies) VALUES (0, 1, '', 1), (201, 1, '', 1), (9999, 2, '', 1)",
        "UPDATE sample_book SET blurb = '' WHERE id = 3",  # it was NULL
        "UPDATE sample_book SET copies = copies + 1 WHERE id IN (50, 51)",
        "UPDATE sample_tag SET name = '(,) ' WHERE id = 2",
    )
    row = compared(still(), range_rows=range_rows)
    assert row.state == Verification.DIFFERENT
    assert counts(row) == {
        "sample_shelf": (3, 0, 0, 0),
        "sample_tag": (2, 0, 0, 1),
        "sample_book": (BOOKS, 3, 3, 3),
        "sample_book_tags": (10, 2, 0, 0),
    }
    assert tallies(row)["sample_book"].keys == {
        "missing": [["1"], ["2"], ["200"]],
        "extra": [["0"], ["201"], ["9999"]],
        "different": [["3"], ["50"], ["51"]],
    }


def test_two_rows_that_have_changed_places_are_different(copy):
    """Their sum is the same as before for whoever sums up without the key."""
    copy.do(
        "UPDATE sample_tag SET name = 'swap' WHERE id = 1",
        "UPDATE sample_tag SET name = '' WHERE id = 2",
        "UPDATE sample_tag SET name = '(,)' WHERE id = 1",
    )
    assert counts(compared(still()))["sample_tag"] == (2, 0, 0, 2)


def test_random_differences_are_counted_exactly(copy, seed):
    rng = random.Random(seed)
    gone = set(rng.sample(range(11, BOOKS + 1), rng.randrange(60)))
    changed = set(rng.sample(range(1, BOOKS + 1), rng.randrange(60))) - gone
    extra = set(rng.sample([*range(-50, 1), *range(BOOKS + 1, BOOKS + 50)], rng.randrange(60)))
    copy.do(
        *(f"DELETE FROM sample_book WHERE id = {n}" for n in gone),
        *(f"UPDATE sample_book SET copies = -1 WHERE id = {n}" for n in changed),
        *(f"INSERT INTO sample_book (id, shelf_id, title, copies) VALUES ({n}, 1, '', 0)" for n in extra),
    )
    row = compared(still(), range_rows=rng.randrange(1, 40))
    assert counts(row)["sample_book"] == (BOOKS, len(gone), len(extra), len(changed))


@pytest.mark.parametrize("side", ["source", "target"])
def test_an_empty_home_misses_everything(copy, side):
    emptied = Copy(connections["default" if side == "source" else "sample_service"], copy.tables)
    emptied.do(*(f"DELETE FROM {table}" for table in reversed(copy.tables)))
    found = counts(compared(still(), range_rows=7))["sample_book"]
    assert found == ((0, 0, BOOKS, 0) if side == "source" else (BOOKS, BOOKS, 0, 0))


def test_a_table_without_a_key_is_refused(copy, homes):
    for connection in (homes.monolith, homes.service):
        connection.cursor().execute("CREATE TABLE keyless (a integer)")
    with pytest.raises(Refused, match="keyless has no primary key"):
        compared(still(["keyless"]))


def test_a_capability_that_has_moved_is_not_compared(copy):
    with pytest.raises(Refused, match="has moved meanwhile"):
        compared(still(), epoch=2)


class Cut(Exception):
    """Nobody expects it."""


def cut_after(rows):
    def report(pace):
        if pace.rows >= rows:
            raise Cut

    return report


def test_a_comparison_that_was_cut_off_goes_on_and_counts_each_row_once(copy, monkeypatch):
    """What was compared before is not looked at again: a difference made there later is another comparison's."""
    monkeypatch.setattr(comparison, "SAVE_S", 0.0)
    copy.do("UPDATE sample_book SET copies = -1 WHERE id IN (2, 150)")
    with pytest.raises(Cut):
        comparison.compare(still(), begin(still()), cut_after(100), range_rows=10)
    copy.do("UPDATE sample_book SET copies = -1 WHERE id IN (1, 151)")
    row = compared(still(), range_rows=10)
    assert counts(row) == {**EQUAL, "sample_book": (BOOKS, 0, 0, 3)}
    assert tallies(row)["sample_book"].keys["different"] == [["2"], ["150"], ["151"]]
    assert verifications().count() == 1


@pytest.mark.parametrize("change", ["epoch", "stream", "age", "tables"])
def test_what_is_not_the_same_any_more_begins_anew(copy, change, monkeypatch):
    monkeypatch.setattr(comparison, "SAVE_S", 0.0)
    with pytest.raises(Cut):
        comparison.compare(still(), begin(still()), cut_after(100), range_rows=10)
    assert begin(still()).rows >= 100
    if change == "age":
        monkeypatch.setattr(records, "RESUME_WITHIN", records.RESUME_WITHIN * 0)
    stream = still(["sample_book"]) if change == "tables" else still()
    anew = records.Record.begin(
        stream.flow, 2 if change == "epoch" else 1, stream=7 if change == "stream" else 0, actor="tester"
    )
    assert (anew.rows, anew.after) == (0, None)
    assert verifications().count() == 1


def test_of_two_processes_that_go_on_with_one_comparison_the_first_stops(copy):
    first = begin(still())
    second = begin(still())
    assert second.row.pk == first.row.pk
    with pytest.raises(Refused, match="Another process compares"):
        first.save()
    second.save()


def test_results_are_not_kept_for_ever(copy, monkeypatch):
    monkeypatch.setattr(records, "KEPT", 2)
    kept = [compared(still()).pk for _ in range(4)]
    assert [row.pk for row in verifications()] == [kept[3], kept[2]]


def test_a_snapshot_is_taken_again_and_again(copy, monkeypatch):
    """So that none stands in the way for long."""
    taken = []
    standstill = position.standstill
    monkeypatch.setattr(position, "standstill", lambda *words: taken.append(1) or standstill(*words))
    monkeypatch.setattr(comparison, "POSITION_S", 0.0)
    assert counts(compared(still(), range_rows=100)) == EQUAL
    assert len(taken) == 3 + BOOKS // 100 + 1
