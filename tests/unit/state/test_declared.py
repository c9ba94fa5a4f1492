"""A declaration that a capability is complete moves nothing: it is true from the start, or has become true before."""

import json

import pytest
from django.test import RequestFactory

from strangler.checks import check_complete
from strangler.conf import get_conf
from strangler.doctor.completeness import completeness
from strangler.errors import Refused
from strangler.fence import after_migrate
from strangler.hosting import health
from strangler.models import Capability, HistoryEntry, Operation, Ownership
from strangler.operations import Order, cancel, complete, prepare, rehearse, resume, reverse, shift_reads, toggle, undo
from strangler.operations.migrations import migrate
from strangler.state import Change, load_table, publish
from strangler.state.declared import declare_complete, objections
from strangler.state.store import state_of

pytestmark = pytest.mark.django_db(databases=["default", "sample_service"])
SAMPLE = {
    "complete": True,
    "service_url": "http://127.0.0.1:9",
    "internal_url": "http://127.0.0.1:9",
    "routes": [{"prefix": "/sample/"}],
}


@pytest.fixture
def monolith(settings):
    """This process is a monolith without the sample, of a new platform."""
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": {"sample": SAMPLE}}
    Ownership.objects.filter(capability="sample").delete()


@pytest.fixture
def service(settings, monolith):
    """This process is its service, whose database is new as well."""
    entry = {**SAMPLE, "databases": {"service": "sample_service"}}
    changes = {"HOST": "sample", "MONOLITH_URL": "http://127.0.0.1:9", "CAPABILITIES": {"sample": entry}}
    settings.STRANGLER = {**settings.STRANGLER, **changes}
    Ownership.objects.using("sample_service").filter(capability="sample").delete()


def owned():
    row = Ownership.objects.using("sample_service").get(capability="sample")
    return row.owner, row.epoch, row.owned_epoch


def refused():
    return [message.msg for message in check_complete(None, databases=["default"])]


def test_monolith_is_no_home_of_it_and_takes_its_requests(monolith):
    conf = get_conf()
    assert (conf.home_of("sample"), conf.own_capabilities, conf.routed_capabilities) == (None, (), ("sample",))
    assert [route.prefix for route in load_table().routes] == ["/sample/"]


def test_table_says_complete_before_the_control_database_does(monolith):
    state = load_table().capabilities["sample"]
    assert (state.stage, state.writer, state.epoch) == ("complete", "service", 1)
    assert state_of("sample") == state


def test_new_monolith_tells_the_control_database_once(monolith):
    for _ in range(2):
        after_migrate("default")
    row = Capability.objects.get(name="sample")
    assert (row.stage, row.writer, row.epoch) == ("complete", "service", 1)
    assert HistoryEntry.objects.filter(capability="sample").count() == 1
    assert not Ownership.objects.filter(capability="sample").exists()
    assert refused() == []


def test_database_beside_the_control_database_declares_nothing(monolith):
    after_migrate("sample_service")
    assert not Capability.objects.filter(name="sample").exists()


def test_monolith_that_has_had_it_declares_nothing(monolith):
    """Its rows are still here, and a monolith of the release before may be writing them this moment."""
    Ownership.objects.create(capability="sample", owner="monolith", epoch=1, owned_epoch=1)
    declare_complete()
    assert not Capability.objects.filter(name="sample").exists()
    (why,) = refused()
    assert "stage monolith: `strangler toggle sample service` and `strangler complete sample` comes first" in why


@pytest.mark.parametrize("stage", ["monolith", "synced", "canary"])
def test_check_refuses_while_the_monolith_writes(monolith, stage):
    publish(Change("sample", {"stage": stage, "switching": stage == "monolith"}, "test", "test"))
    declare_complete()
    (why,) = refused()
    assert f"stage {stage}: `strangler toggle sample service` and `strangler complete sample`" in why
    assert [finding.what for finding in completeness()] == [why]


def test_check_names_complete_alone_when_the_service_writes_already(monolith):
    publish(Change("sample", {"stage": "extracted", "writer": "service", "epoch": 2}, "test", "test"))
    (why,) = refused()
    assert "stage extracted: `strangler complete sample` comes first, with the release" in why


def test_check_refuses_while_its_completion_is_unfinished(monolith):
    """The table says so early; the monolith's rows are archived after it, by code that this release has not."""
    publish(Change("sample", {"stage": "complete", "writer": "service", "epoch": 2}, "test", "test"))
    assert refused() == []
    Operation.objects.create(capability="sample", verb="complete", state=Operation.FAILED, actor="x", mover="x")
    (why,) = refused()
    assert "(complete) is unfinished: `strangler resume sample` comes first" in why


def test_check_is_asked_where_a_database_is(monolith):
    """As Django's own checks of databases: a host that starts is not held up by one that does not answer."""
    publish(Change("sample", {"stage": "synced"}, "test", "test"))
    assert check_complete(None, databases=None) == []


@pytest.mark.parametrize("verb", [prepare, rehearse, reverse, cancel, complete, resume, undo, migrate])
def test_verbs_that_move_rows_refuse_plainly(monolith, verb):
    declare_complete()
    with pytest.raises(Refused, match="sample is shipped complete: its service alone has its code and its rows"):
        verb(Order("sample", "me"))
    with pytest.raises(Refused, match="shipped complete"):
        shift_reads(Order("sample", "me"), 5)
    with pytest.raises(Refused, match="shipped complete"):
        toggle(Order("sample", "me"), "monolith")
    assert "in the service already" in toggle(Order("sample", "me"), "service").done


def test_verbs_name_what_comes_first_while_it_is_not_complete(monolith):
    publish(Change("sample", {"stage": "extracted", "writer": "service", "epoch": 2}, "test", "test"))
    with pytest.raises(Refused, match="with the release in which the monolith has it"):
        complete(Order("sample", "me"))
    assert objections().keys() == {"sample"}


def ready():
    answer = health.readyz(RequestFactory().get("/"))
    return answer.status_code, json.loads(answer.content)["checks"]["complete"]


def test_monolith_is_not_ready_before_it_is_true(monolith):
    """So that a rolling release stops at its first pod, and those of the release before go on."""
    publish(Change("sample", {"stage": "extracted", "writer": "service", "epoch": 2}, "test", "test"))
    assert ready() == (503, "declared, and not so: `manage.py check --database default` says what comes first")
    publish(Change("sample", {"stage": "complete"}, "test", "test"))
    assert ready() == (200, "ok")


def test_service_is_not_ready_while_it_is_fenced(service):
    after_migrate("sample_service")
    assert ready() == (503, "fenced (sample): `manage.py check --database default` says what comes first")
    publish(Change("sample", {"stage": "complete", "writer": "service", "epoch": 1}, "declare", "migrate"))
    after_migrate("sample_service")
    assert ready() == (200, "ok")


def test_new_service_owns_what_has_never_been_anywhere_else(service):
    publish(Change("sample", {"stage": "complete", "writer": "service", "epoch": 1}, "declare", "migrate"))
    after_migrate("sample_service")
    assert owned() == ("service", 1, 1)


def test_new_service_is_not_migrated_before_the_monolith(service):
    """Whoever repeats a failed migration, as a Job does, has it open in the end."""
    assert refused() == [
        "sample begins here, and the control database does not say so: `migrate` of the monolith comes first."
    ]
    publish(Change("sample", {"stage": "complete", "writer": "service", "epoch": 1}, "declare", "migrate"))
    assert refused() == []


def test_service_that_owns_its_rows_asks_nobody(service):
    Ownership.objects.using("sample_service").create(capability="sample", owner="service", epoch=1, owned_epoch=1)
    assert refused() == []


def test_new_service_stays_shut_while_nobody_has_declared_it(service):
    """The monolith may not have been migrated yet, or be of an older release; the next `migrate` asks again."""
    after_migrate("sample_service")
    assert owned() == ("monolith", 1, 0)
    publish(Change("sample", {"stage": "complete", "writer": "service", "epoch": 1}, "declare", "migrate"))
    after_migrate("sample_service")
    assert owned() == ("service", 1, 1)


@pytest.mark.parametrize(
    "values",
    [
        {"stage": "synced"},
        {"stage": "extracted", "writer": "service", "epoch": 2},
        {"stage": "complete", "writer": "service", "epoch": 2},
    ],
)
def test_empty_database_is_not_taken_for_a_service_that_others_have_moved_to(service, values):
    """It was lost, or is another one: whoever wrote there since epoch 2 is to be found first."""
    publish(Change("sample", values, "test", "test"))
    after_migrate("sample_service")
    assert owned() == ("monolith", 1, 0)


def test_row_that_somebody_has_set_stays(service):
    publish(Change("sample", {"stage": "complete", "writer": "service", "epoch": 1}, "declare", "migrate"))
    Ownership.objects.using("sample_service").create(
        capability="sample", owner="monolith", epoch=1, attempt="7.1", owned_epoch=0
    )
    after_migrate("sample_service")
    assert owned() == ("monolith", 1, 0)
