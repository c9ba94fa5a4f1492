"""Who fails again and again is left alone for a while, and tried again."""

from __future__ import annotations

import pytest

from strangler.transport.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(failures_max=3, rest_s=1.0, clock=clock)


def fail(breaker, times):
    for _ in range(times):
        breaker.failed()


def test_it_opens_after_so_many_failures_in_a_row(breaker):
    fail(breaker, 2)
    assert breaker.admits()
    breaker.failed()
    assert breaker.open
    assert not breaker.admits()


def test_a_success_in_between_begins_anew(breaker):
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.admits()


def test_one_try_in_each_rest(breaker, clock):
    fail(breaker, 3)
    clock.now = 1.0
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    clock.now = 2.0
    assert breaker.admits()


def test_a_failed_try_opens_it_again(breaker, clock):
    fail(breaker, 3)
    clock.now = 1.0
    assert breaker.admits()
    breaker.failed()
    clock.now = 1.9
    assert not breaker.admits()


def test_a_try_that_succeeds_closes_it(breaker, clock):
    fail(breaker, 3)
    clock.now = 1.0
    assert breaker.admits()
    breaker.succeeded()
    assert not breaker.open
    assert all(breaker.admits() for _ in range(10))
