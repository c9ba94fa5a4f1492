"""The verb that splits reads: what it checks, and what it leaves behind."""

import uuid

import pytest

from strangler import operations
from strangler.conf import get_conf
from strangler.errors import Refused
from strangler.models import HistoryEntry, Operation, Router, Stream
from strangler.state.store import state_of
from tests.integration.conftest import change_capability

pytestmark = pytest.mark.usefixtures("homes", "service")


def order(**values):
    return operations.Order("sample", actor="test", reason="why", **values)


@pytest.fixture
def synced():
    operations.prepare(order())


def now():
    state = state_of("sample")
    return state.stage, state.reads_weight


def test_a_share_begins_grows_shrinks_and_ends(synced):
    done = operations.shift_reads(order(), 25)
    assert (now(), done.figures["percent"]) == (("canary", 2500), 25)
    assert done.figures["lag_s"] < 5
    last, begun = HistoryEntry.objects.all()[:2]
    assert (last.undo, last.reason, last.figures["percent"]) == ("strangler shift-reads sample 0", "why", 25)
    assert (begun.after["stage"], begun.after["reads_weight"]) == ("canary", 0)  # all pin before somebody reads
    operations.shift_reads(order(), 50.5)
    assert now() == ("canary", 5050)
    operations.shift_reads(order(), 1)
    assert HistoryEntry.objects.first().undo == "strangler shift-reads sample 50.5"
    operations.shift_reads(order(), 0)
    assert now() == ("synced", 0)
    assert "Nothing changed" in operations.shift_reads(order(), 0).done


def test_dry_run_changes_nothing(synced):
    versions = HistoryEntry.objects.count()
    assert "nothing was changed" in operations.shift_reads(order(dry_run=True), 25).done
    assert (now(), HistoryEntry.objects.count()) == (("synced", 0), versions)


@pytest.mark.parametrize("percent", [-1, 100.1])
def test_share_is_a_percentage(synced, percent):
    with pytest.raises(Refused, match="0 to 100"):
        operations.shift_reads(order(), percent)


def test_service_that_is_down_gets_no_share_and_loses_what_it_has(synced, settings):
    operations.shift_reads(order(), 50)
    change_capability(settings, service_url="http://127.0.0.1:9")
    with pytest.raises(Refused, match="does not answer"):
        operations.shift_reads(order(), 60)
    assert now() == ("canary", 5000)
    operations.shift_reads(order(), 10)
    operations.shift_reads(order(), 0)
    assert now() == ("synced", 0)


@pytest.mark.parametrize("state", [None, Stream.ARMED, Stream.COPYING])
def test_no_share_without_a_stream(synced, state):
    if state:
        Stream.objects.update(state=state)
    else:
        Stream.objects.all().delete()
    with pytest.raises(Refused, match="No stream keeps"):
        operations.shift_reads(order(), 25)
    assert now() == ("synced", 0)


def test_no_share_where_no_client_can_be_pinned(synced, settings):
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = {**settings.CACHES, "pins": redis}
    try:
        with pytest.raises(Refused, match="'pins'.*does not answer"):
            operations.shift_reads(order(), 25)
    finally:
        del settings.CACHES["pins"]
    assert now() == ("synced", 0)


def test_share_does_not_begin_before_every_router_pins(synced, settings):
    settings.STRANGLER = {**settings.STRANGLER, "LEASE_S": 0.2}
    assert get_conf().lease_s == 0.2
    late = Router.objects.create(id=uuid.uuid4().hex, host="monolith", process="late:1", version=0, seen_at=2**40)
    with pytest.raises(Refused, match="late:1"):
        operations.shift_reads(order(), 25)
    assert now() == ("synced", 0)
    late.delete()
    operations.shift_reads(order(), 25)
    assert now() == ("canary", 2500)


def test_share_waits_for_the_operation_that_is_under_way(synced):
    Operation.objects.create(capability="sample", verb="shift-writes", actor="test", mover="here")
    with pytest.raises(Refused, match="unfinished"):
        operations.shift_reads(order(), 25)


def test_switch_that_begins_meanwhile_is_not_overwritten(synced, settings):
    """The writer has moved between the check and the change."""
    from strangler.operations import reads
    from strangler.state import Change, publish

    before = state_of("sample")
    publish(Change("sample", {"stage": "extracted", "writer": "service", "epoch": 2}, verb="test", actor="test"))
    with pytest.raises(Refused, match="Something else moves"):
        reads._publish(order(), before, 2500, {})
    assert now() == ("extracted", 0)


def test_writer_takes_its_reads_along(synced):
    """After a switch nothing is split, and nothing is after its way back."""
    operations.shift_reads(order(), 50)
    operations.shift_writes(order())
    with pytest.raises(Refused, match="reads follow it"):
        operations.shift_reads(order(), 60)
    operations.reverse(order())
    assert now() == ("synced", 0)
