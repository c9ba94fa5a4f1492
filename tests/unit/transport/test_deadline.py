import pytest

from strangler.transport.deadline import Deadline, deadline_after, within
from strangler.transport.errors import TimedOut


def test_time_that_is_left_shrinks_until_nobody_may_wait():
    now = 100.0
    deadline = Deadline(2.0, clock=lambda: now)
    assert deadline.left() == 2.0
    now = 101.5
    assert deadline.left() == 0.5
    now = 102.0
    with pytest.raises(TimedOut):
        deadline.left()


def test_what_is_called_ends_with_whoever_waits_for_it():
    with within(5.0) as around:
        assert deadline_after(60.0).left() <= around.left() + 0.01
        with within(0.5) as inner:
            assert inner.left() <= 0.5
            assert deadline_after(60.0).left() <= 0.5
        assert deadline_after(60.0).left() > 1
    assert deadline_after(60.0).left() > 50


def test_nothing_begins_after_the_deadline_around_it():
    with within(-1.0), pytest.raises(TimedOut):
        deadline_after(1.0)
