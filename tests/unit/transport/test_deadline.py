import pytest

from strangler.transport.deadline import Deadline
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
