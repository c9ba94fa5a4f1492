"""What the doctor does about a home whose database was restored (R18)."""

import pytest
from django.db import connections

from strangler.doctor import accept, examine, repair
from strangler.fence import Moved, fence_of, tables_of
from strangler.models import Capability
from strangler.state import load_table, read_ownership
from strangler.state.identity import judge
from tests.integration.conftest import change_capability
from tests.integration.doctor.test_restored import before, give_to_service  # noqa: F401  a fixture
from tests.sample.models import Shelf

pytestmark = pytest.mark.usefixtures("sample_alone")


def restored():
    return [f for f in examine() if f.code == "restored"]


def test_a_monolith_restored_from_before_the_switch_follows_the_service(homes, before):  # noqa: F811
    """Its table is as old as its row, and both homes know better."""
    before()
    (found,) = restored()
    assert "service owns the rows since epoch 2" in found.advice
    done = repair(examine())
    assert [f.code for f in done][:1] == ["restored"]
    assert read_ownership(homes.monolith, "sample")[:2] == ("service", 2)
    assert set(fence_of(homes.monolith).states(tables_of("sample")).values()) == {"enabled"}
    assert (load_table().capabilities["sample"].writer, load_table().capabilities["sample"].epoch) == ("service", 2)
    with pytest.raises(Moved):
        Shelf.objects.create(name="late")
    assert {f.code for f in examine()} == {"stream-missing"}  # `reverse` copies everything again
    assert "sample" not in judge(homes.monolith)


def test_homes_that_agree_need_no_more_than_a_new_identity(homes, before, request):  # noqa: F811
    """Restored from a backup taken after the last switch."""
    before()
    homes.service.cursor().execute("UPDATE strangler_ownership SET owner = 'monolith', epoch = 1")
    (found,) = restored()
    assert "strangler verify sample" in found.advice
    repair([found])
    assert restored() == []
    Shelf.objects.create(name="mine")


def test_a_home_whose_peer_cannot_be_seen_needs_a_person(homes, before, settings):  # noqa: F811
    before()
    change_capability(settings, databases={"monolith": "default"})
    (found,) = restored()
    assert found.mend is None
    assert "strangler doctor --accept sample" in found.advice
    assert "counts from now on" in accept("sample")
    assert restored() == []
    Shelf.objects.create(name="mine")
    assert "nothing was changed" in accept("sample")


def test_an_owner_that_was_set_back_is_not_mended(homes, request):
    """The service restored from before the switch: its rows are old, and nobody else may write either."""
    from contextlib import suppress

    for connection in (homes.monolith, homes.service):
        give_to_service(connection)
    Capability.objects.create(name="sample", stage="extracted", writer="service", epoch=2)
    with homes.service.cursor() as cursor:
        cursor.execute("UPDATE strangler_ownership SET owner = 'monolith', epoch = 1, system = 'another'")
    connections["sample_service"].close()
    (found,) = restored()
    assert found.mend is None
    assert "rows were set back" in found.advice
    with suppress(Exception):
        repair(examine())
    assert read_ownership(homes.service, "sample")[:2] == ("monolith", 1)
