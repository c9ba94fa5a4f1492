"""Comparisons that nobody goes on with, and differences that nobody has mended."""

from datetime import timedelta

import pytest
from django.db.models import F

from strangler import operations
from strangler.doctor import examine, repair
from strangler.models import Verification
from strangler.operations import Order
from tests.integration.doctor.conftest import mend, only
from tests.sample.models import Shelf

pytestmark = pytest.mark.usefixtures("sample_alone", "homes", "service")


@pytest.fixture
def synced(homes, service):
    """Rows flow to the service."""
    for name in ("a", "b"):
        Shelf.objects.create(name=name)
    operations.prepare(Order("sample", actor="tester"))


class Killed(BaseException):
    """Nothing may catch it."""


def cut_off(minutes):
    """Begin a comparison that ends in the middle, so many minutes ago."""

    def die(_):
        raise Killed

    with pytest.raises(Killed):
        operations.verify("sample", actor="ann", report=die)
    Verification.objects.update(changed_at=F("changed_at") - timedelta(minutes=minutes))


def verify():
    return operations.verify("sample", actor="tester", report=lambda _: None)


@pytest.mark.usefixtures("synced")
def test_a_comparison_that_was_cut_off_is_named_and_goes_on():
    cut_off(minutes=2)
    found = only("verification-unfinished")
    assert (found.level, found.mend) == ("warning", None)
    assert "that ann began" in found.what
    assert "`strangler verify sample` goes on there" in found.advice
    number = Verification.objects.get().pk
    assert verify().id == number
    assert examine() == []


@pytest.mark.usefixtures("synced")
def test_one_that_cannot_go_on_is_forgotten():
    cut_off(minutes=61)
    mend("verification-unfinished")
    assert not Verification.objects.exists()


@pytest.mark.usefixtures("synced")
def test_one_of_another_epoch_is_forgotten():
    cut_off(minutes=2)
    operations.shift_writes(Order("sample", actor="tester"))
    mend("verification-unfinished")
    assert not Verification.objects.exists()


@pytest.mark.usefixtures("synced")
def test_one_that_runs_is_left_alone():
    cut_off(minutes=0)
    assert examine() == []


@pytest.mark.usefixtures("synced")
def test_one_with_which_somebody_goes_on_after_all_is_not_taken_away():
    cut_off(minutes=61)
    found = examine()
    Verification.objects.update(changed_at=F("changed_at") + timedelta(minutes=61))
    repair(found)
    assert Verification.objects.count() == 1


@pytest.mark.usefixtures("synced")
def test_differences_that_nobody_has_mended_are_named_until_somebody_does(homes):
    with homes.service.cursor() as cursor:
        if homes.vendor == "postgresql":
            cursor.execute("ALTER TABLE sample_shelf DISABLE TRIGGER strangler_fence")
            cursor.execute("DELETE FROM sample_shelf WHERE name = 'b'")
            cursor.execute("ALTER TABLE sample_shelf ENABLE TRIGGER strangler_fence")
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'sample_shelf'")
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute("DELETE FROM sample_shelf WHERE name = 'b'")
            for _, statement in triggers:
                cursor.execute(statement)
    assert examine() == []
    found = verify()
    assert found.state == "different"
    told = only("copy-different")
    assert (told.level, told.mend) == ("error", None)
    assert "found 1 rows" in told.what
    operations.repair_copy(found, report=lambda _: None)
    assert examine() == []
    assert sorted(Shelf.objects.using("sample_service").values_list("name", flat=True)) == ["a", "b"]


@pytest.mark.usefixtures("synced")
def test_differences_of_an_earlier_epoch_are_no_news():
    """What was the copy is the owner now."""
    Verification.objects.create(
        capability="sample", epoch=0, state=Verification.DIFFERENT, actor="ann", finished_at="2026-01-01T00:00:00Z"
    )
    assert examine() == []
