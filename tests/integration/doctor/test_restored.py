"""A home whose database was restored, copied, or has failed over writes nothing (R18)."""

import json
import shutil
from contextlib import closing, suppress

import pytest
from django.db import connections, transaction
from django.test import Client

from strangler.fence import after_migrate, owning
from strangler.hosting import health
from strangler.state.identity import Restored, identity_of, judge, recognise, renew_identity
from tests.integration.conftest import _use
from tests.sample.models import Shelf
from tests.support.backups import dump, promoted_copy, restore


@pytest.fixture(autouse=True)
def _alone(sample_alone, settings):
    settings.ROOT_URLCONF = "tests.integration.proxy.views"


@pytest.fixture
def before(homes, request):
    """A backup of the monolith, taken before its rows moved to the service; a function that puts it back."""
    if homes.vendor == "postgresql":
        server = request.getfixturevalue("postgres")
        content = dump(server, "monolith")
        put_back = lambda: restore(server, "monolith", content)  # noqa: E731
    else:
        file = connections["default"].settings_dict["NAME"]
        backup = file.with_suffix(".backup")
        connections["default"].cursor().execute("VACUUM INTO %s", [str(backup)])
        put_back = lambda: shutil.copyfile(backup, file)  # noqa: E731
    for connection in (homes.monolith, homes.service):
        give_to_service(connection)

    def act():
        for connection in (homes.monolith, homes.service):
            connection.close()
        put_back()

    return act


def give_to_service(connection):
    """What a switch leaves in each home's row."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("UPDATE strangler_ownership SET owner = 'service', epoch = 2 WHERE capability = 'sample'")
        renew_identity(connection, "sample")


def post():
    return Client(raise_request_exception=False).post("/sample/create", {"name": "late"})


def ready():
    from django.test import RequestFactory

    answer = health.readyz(RequestFactory().get("/"))
    return answer.status_code, json.loads(answer.content)["checks"]["database"]


WRITES = {
    "owning": lambda: owning("sample").__enter__(),
    "orm": lambda: Shelf.objects.create(name="late"),
    "raw": lambda: connections["default"].cursor().execute("DELETE FROM sample_shelf"),
    "with": lambda: (
        connections["default"].cursor().execute(" with old as (select 1) insert into sample_shelf (name) select 'late'")
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_monolith_restored_from_before_the_switch_writes_nothing(before, write):
    """Its own row says that it owns the rows, its fence is open, and the service writes already."""
    before()
    with pytest.raises(Restored, match="strangler doctor"):
        write()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_the_same_write_passes_when_nobody_watches(before, write, settings):
    """The control: nothing else would refuse it."""
    settings.STRANGLER = {**settings.STRANGLER, "WATCH_RESTORES": False}
    before()
    try:
        write()
    finally:
        connections["default"].close()


def test_a_request_is_told_so_and_the_home_is_not_ready(before):
    assert ready() == (200, "ok")
    before()
    response = post()
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "home_restored", "1")
    assert Shelf.objects.count() == 0
    assert ready() == (503, "restored (sample): run `strangler doctor`")


def test_a_view_that_swallows_the_refusal_cannot_answer(before, settings):
    """R5 holds for this refusal as well."""
    before()
    with pytest.raises(Restored):
        from strangler.fence import observe

        with observe("sample", epoch=1) as seen:
            with suppress(Restored):  # what careless code does
                Shelf.objects.create(name="late")
            seen.confirm()


def test_reads_and_other_tables_go_on(before):
    before()
    assert Shelf.objects.count() == 0
    connections["default"].cursor().execute("UPDATE strangler_version SET version = version")


def test_a_running_process_notices_at_its_next_connection(homes, before):
    """It held a connection that it had looked at; the restore ends that one."""
    assert post().status_code in (201, 502, 503)
    before()
    assert post().json()["code"] == "home_restored"


def test_an_untouched_home_is_itself(homes, before):
    assert judge(homes.monolith) == judge(homes.service) == {}
    assert identity_of(homes.monolith) != identity_of(homes.service)


def test_migrate_says_which_database_it_is(homes):
    homes.monolith.cursor().execute("UPDATE strangler_ownership SET system = ''")
    after_migrate("default")
    with homes.monolith.cursor() as cursor:
        cursor.execute("SELECT system FROM strangler_ownership WHERE capability = 'sample'")
        assert cursor.fetchone() == (identity_of(homes.monolith),)


def test_a_flip_does_not_forget_that_a_database_was_restored(homes, before):
    before()
    with pytest.raises(Restored):
        recognise(homes.monolith, "sample")


def test_a_database_without_a_second_home_is_left_alone(before, settings):
    """Nobody else could be writing its rows, and developers restore theirs every day."""
    sample = {**settings.STRANGLER["CAPABILITIES"]["sample"], "databases": {"monolith": "default"}, "service_url": None}
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": {"sample": sample}}
    before()
    Shelf.objects.create(name="mine")


# -- one kind of database --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("homes", ["postgresql"], indirect=True)
def test_a_server_that_failed_over_is_noticed(homes, postgres):
    """A standby may have missed the switch; it goes on in another timeline."""
    original = {"default": connections.settings["default"]}
    give_to_service(homes.monolith)
    with promoted_copy(postgres) as standby:
        _use({"default": {**original["default"], "PORT": standby.port}})
        try:
            with pytest.raises(Restored, match="failed over"):
                Shelf.objects.create(name="late")
        finally:
            _use(original)


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_file_put_in_place_of_another_is_noticed(homes, before, tmp_path):
    """Not copied over it, as in the other tests: another inode, and nothing of its own beside it."""
    file = connections["default"].settings_dict["NAME"]
    before()
    file.with_name(f"{file.name}-identity").unlink()
    with pytest.raises(Restored, match="it is a copy"):
        Shelf.objects.create(name="late")


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_folder_moved_as_a_whole_is_the_same_database(homes, tmp_path):
    give_to_service(homes.monolith)
    homes.monolith.close()
    file = connections["default"].settings_dict["NAME"]
    (tmp_path / "moved").mkdir()
    for part in tmp_path.glob(f"{file.name}*"):
        part.rename(tmp_path / "moved" / part.name)
    original = {"default": connections.settings["default"]}
    _use({"default": {**original["default"], "NAME": tmp_path / "moved" / file.name}})
    with closing(connections["default"]):
        assert judge(connections["default"]) == {}
    _use(original)


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_folder_that_cannot_be_written_is_not_watched(homes, monkeypatch, tmp_path):
    """A home must not stop because nothing can be kept beside its file; it is watched as little as before."""
    file = connections["default"].settings_dict["NAME"]
    beside = file.with_name(f"{file.name}-identity")
    beside.unlink(missing_ok=True)
    beside.symlink_to(tmp_path / "nowhere" / "identity")  # even for root
    assert identity_of(homes.monolith) == ""
