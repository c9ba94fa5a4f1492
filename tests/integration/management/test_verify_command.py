"""`strangler verify`: what a person and a script get from it, and that differences have an exit code."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from strangler.management import verify as screen
from strangler.models import Operation, Stream
from strangler.replication.silence import silenced
from tests.integration.replication.verify.conftest import BOOKS, make
from tests.integration.replication.verify.still import TABLES

pytestmark = pytest.mark.usefixtures("sample_alone", "homes", "service")


def run(*words):
    """Return the exit code and what was printed."""
    out = io.StringIO()
    try:
        call_command("strangler", "verify", *words, stdout=out)
    except SystemExit as left:
        return left.code, out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def synced(homes, service, sample_alone):
    make("default")
    call_command("strangler", "prepare", "sample", "--yes", "--json", stdout=io.StringIO())


def spoil():
    connection = connections["sample_service"]
    with transaction.atomic(using="sample_service"), silenced(connection, TABLES):
        connection.cursor().execute("UPDATE sample_book SET copies = -1 WHERE id IN (7, 8)")


def spoilt():
    with connections["sample_service"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sample_book WHERE copies = -1")
        return cursor.fetchone()[0]


def test_before_there_is_a_copy_the_next_step_is_named():
    with pytest.raises(CommandError, match="in stage monolith: its rows have no copy.*`strangler prepare sample`"):
        run("sample")
    with pytest.raises(CommandError, match="No capability has a copy"):
        run()
    with pytest.raises(CommandError, match="There is no capability 'smple'"):
        run("smple")


@pytest.mark.usefixtures("synced")
def test_what_was_found_is_said_and_repaired(capsys, monkeypatch):
    code, _ = run("sample")
    assert code == 0
    assert f"{BOOKS + 15} rows are the same in both homes" in " ".join(capsys.readouterr().out.split())

    spoil()
    code, printed = run("--json")
    document = json.loads(printed)
    (found,) = document["capabilities"]
    assert (code, document["equal"], found["state"], found["differences"]) == (1, False, "different", 2)
    assert found["tables"]["sample_book"] == {
        "rows": BOOKS,
        "missing": 0,
        "extra": 0,
        "different": 2,
        "keys": {"missing": [], "extra": [], "different": [["7"], ["8"]]},
    }

    capsys.readouterr()
    assert run("sample")[0] == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "2 of 215 rows are not the same at the copy" in shown
    assert "different: 7, 8" in shown
    assert "Next: strangler verify sample --repair" in shown

    code, _ = run("sample", "--repair", "--dry-run")
    assert (code, spoilt()) == (1, 2)
    assert "2 rows of the copy would change" in capsys.readouterr().out

    monkeypatch.setattr("sys.stdin", type("Terminal", (io.StringIO,), {"isatty": lambda _: True})())
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(CommandError, match="Nothing was changed"):
        run("sample", "--repair")
    assert spoilt() == 2

    code, printed = run("sample", "--repair", "--yes", "--json")
    (found,) = json.loads(printed)["capabilities"]
    assert (code, found["state"], found["repaired"], spoilt()) == (0, "repaired", 2, 0)
    assert run("sample", "--repair")[0] == 0


@pytest.mark.usefixtures("synced")
def test_it_goes_on_watching_until_it_is_interrupted(monkeypatch):
    rounds = iter((spoil, lambda: None, None))

    def between(_):
        act = next(rounds)
        if act is None:
            raise KeyboardInterrupt
        act()

    monkeypatch.setattr(screen, "sleep", between)
    code, printed = run("sample", "--watch", "--json")
    results = [json.loads(line)[0] for line in printed.splitlines()]
    assert code == 0
    assert [one["differences"] for one in results] == [0, 2, 2]


@pytest.mark.usefixtures("synced")
def test_what_is_not_in_step_is_not_compared():
    operation = Operation.objects.create(capability="sample", verb="shift-writes", actor="x", mover="x")
    with pytest.raises(CommandError, match="is unfinished"):
        run("sample")
    operation.delete()
    for change in ({"state": Stream.COPYING}, {"state": Stream.ARMED}, None):
        if change:
            Stream.objects.update(**change)
        else:
            Stream.objects.all().delete()
        with pytest.raises(CommandError, match="Nothing keeps the service's copy of sample in step"):
            run("sample")
