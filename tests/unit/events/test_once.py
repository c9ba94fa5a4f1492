"""Effects that happen once, by the one home that may have them."""

from __future__ import annotations

import pytest

from strangler.events.once import first_tick, once
from strangler.fence import Moved
from strangler.models import Ownership

pytestmark = pytest.mark.django_db
AGES_S = 1e12
"""A period that does not end while a test runs."""


def entered(*, consumer="task", key="k"):
    with once("reader", consumer, key) as first:
        return first


def test_only_the_first_one_is_first():
    assert [entered(), entered(), entered()] == [True, False, False]


def test_keys_are_the_consumers_own():
    assert [entered(), entered(consumer="another"), entered(key="another")] == [True, True, True]


def test_what_fails_has_not_been():
    """The key is remembered by the transaction of the effect, or not at all."""
    with pytest.raises(ZeroDivisionError), once("reader", "task", "k") as first:
        assert first
        1 / 0
    assert entered()


def test_another_home_does_not_begin():
    Ownership.objects.filter(capability="reader").update(owner="service", epoch=2)
    with pytest.raises(Moved) as refused, once("reader", "task", "k"):
        pytest.fail("entered")
    assert (refused.value.owner, refused.value.epoch) == ("service", 2)


def test_a_period_has_one_tick():
    assert [first_tick("reader", "sweep", AGES_S), first_tick("reader", "sweep", AGES_S)] == [True, False]


def test_every_period_has_its_own():
    """Whoever ticks a moment later means another microsecond."""
    assert [first_tick("reader", "sweep", 1e-6) for _ in range(3)] == [True, True, True]


def test_ticks_of_other_work_and_of_other_periods_are_others():
    asked = [("sweep", AGES_S), ("mend", AGES_S), ("sweep", 2 * AGES_S)]
    assert [first_tick("reader", name, every_s) for name, every_s in asked] == [True, True, True]


def test_a_tick_is_the_owners_business():
    Ownership.objects.filter(capability="reader").update(owner="service", epoch=2)
    with pytest.raises(Moved):
        first_tick("reader", "sweep", AGES_S)
