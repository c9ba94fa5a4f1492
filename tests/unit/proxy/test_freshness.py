import pytest
from django.db import DatabaseError, connection

from strangler.models import ChangedKey
from strangler.proxy.freshness import Copy
from strangler.state.positions import NEVER, Flowing, applied, written

pytestmark = pytest.mark.django_db
FORTH = Flowing(1, "monolith", "service", "keylog", "streaming")


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def copy(clock):
    return Copy("sample", FORTH, clock)


def write(times=1):
    """Return the ids of rows that have changed and wait to be brought over."""
    return [
        ChangedKey.objects.create(capability="sample", table="sample_shelf", key="[1]", at=0).pk for _ in range(times)
    ]


def bring_over(*ids):
    ChangedKey.objects.filter(pk__in=ids).delete()


def test_nothing_is_known_before_the_copy_was_seen_to_be_complete(copy):
    """A process that has just started must not take an old copy for a fresh one."""
    write()
    assert copy.age_s() == float("inf")
    copy.look(connection)
    assert copy.age_s() == float("inf")


def test_idle_copy_is_as_old_as_the_last_look(copy, clock):
    copy.look(connection)
    assert copy.age_s() == 0
    clock.now += 3600
    copy.look(connection)
    assert copy.age_s() == 0


def test_age_counts_from_the_oldest_change_that_waits(copy, clock):
    copy.look(connection)
    clock.now += 1
    copy.look(connection)
    (first,) = write()
    for _ in range(4):
        clock.now += 1
        copy.look(connection)
    assert copy.age_s() == 4
    clock.now += 1
    write()
    bring_over(first)
    copy.look(connection)
    assert copy.age_s() == 1  # complete as of the look before the second write


def test_age_grows_while_the_source_does_not_answer(copy, clock):
    copy.look(connection)
    clock.now += 7
    with pytest.raises(DatabaseError):
        copy.look(Broken())
    assert copy.age_s() == 7


class Broken:
    alias = "default"

    def cursor(self):
        raise DatabaseError("the server has gone away")


def test_pin_ends_when_its_rows_have_been_brought_over(copy):
    ids = write(3)
    position = written(connection, "keylog", "sample")
    copy.look(connection)
    assert not copy.has(position)
    bring_over(ids[0], ids[2])
    copy.look(connection)
    assert not copy.has(position)
    bring_over(ids[1])
    copy.look(connection)
    assert copy.has(position)


def test_what_is_written_after_a_look_is_not_taken_for_applied(copy):
    """With nothing in the log everything has been applied, but a look is over when the next write comes."""
    copy.look(connection)
    assert applied(connection, "keylog", "sample", "service") == NEVER
    write()
    assert not copy.has(written(connection, "keylog", "sample"))


def test_pin_ends_although_its_rows_came_and_went_between_two_looks(copy):
    ids = write(3)
    position = written(connection, "keylog", "sample")
    bring_over(*ids)
    copy.look(connection)
    assert not copy.has(position)  # nobody has seen it there
    copy.look(connection)
    assert copy.has(position)


def test_rows_of_others_do_not_count(copy):
    ChangedKey.objects.create(capability="other", table="x", key="[1]", at=0)
    copy.look(connection)
    assert copy.age_s() == 0


def test_position_that_nobody_knows_is_never_reached(copy):
    bring_over(*write())
    for _ in range(2):
        copy.look(connection)
        assert not copy.has(NEVER)
