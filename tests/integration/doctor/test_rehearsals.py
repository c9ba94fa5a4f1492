"""A rehearsal that is killed leaves copies of rows behind, and streams between them; one that lives is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connections

from strangler import operations
from strangler.doctor import examine
from strangler.errors import Refused
from strangler.operations import Order
from tests.integration.doctor.conftest import codes, mend, only
from tests.sample.models import Shelf

pytestmark = pytest.mark.usefixtures("sample_alone", "homes", "service")

ROOT = Path(__file__).parents[3]
_SETTINGS = """
from tests.settings import *
DATABASES = {databases!r}
STRANGLER = {strangler!r}
"""
_REHEARSAL = """
import os, signal, sys
import django
django.setup()
from strangler import operations

def report(event):
    if event.step == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

operations.rehearse(operations.Order("sample", actor="doomed", mover=sys.argv[2], report=report))
"""
LEFT = """
SELECT 'schema', nspname FROM pg_namespace WHERE nspname LIKE 'strangler%'
UNION ALL SELECT 'publication', pubname FROM pg_publication
UNION ALL SELECT 'subscription', subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
 WHERE datname = current_database()
UNION ALL SELECT 'slot', slot_name FROM pg_replication_slots WHERE database = current_database()
"""


@pytest.fixture
def doomed(homes, settings, tmp_path):
    """A function that rehearses in a process of its own, which dies at a step."""

    def rehearse(step, mover):
        databases = {
            alias: {key: str(v) if isinstance(v, Path) else v for key, v in connections[alias].settings_dict.items()}
            for alias in ("default", "sample_service")
        }
        for entry in databases.values():
            del entry["TEST"]
        strangler = {**settings.STRANGLER, "STATE_DIR": str(tmp_path)}
        (tmp_path / "doomed_settings.py").write_text(_SETTINGS.format(databases=databases, strangler=strangler))
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "doomed_settings",
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
        }
        command = [sys.executable, "-c", _REHEARSAL, step, mover]
        died = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]

    for number in range(500):
        Shelf.objects.create(name=f"shelf {number}")
    return rehearse


def left_behind(homes, tmp_path):
    """Return what the catalogs, or the folder, name."""
    if homes.vendor == "sqlite":
        return [path.name for path in tmp_path.glob("strangler_rehearsal*")]
    found = []
    for connection in (homes.monolith, homes.service):
        with connection.cursor() as cursor:
            cursor.execute(LEFT)
            found += cursor.fetchall()
    return found


def age(folder):
    """Let the files look as if nobody had changed them for two minutes."""
    for path in (*folder.glob("strangler_rehearsal*"), *folder.glob("strangler_rehearsal*/*")):
        os.utime(path, (time.time() - 120,) * 2)


@pytest.mark.parametrize(("homes", "step"), [("postgresql", "copy"), ("postgresql", "switch")], indirect=["homes"])
def test_what_a_killed_rehearsal_by_the_server_left_is_removed(homes, doomed, step, tmp_path):
    doomed(step, "logical")
    kinds = {kind for kind, _ in left_behind(homes, tmp_path)}
    assert kinds == {"schema", "publication", "subscription", "slot"}
    found = only("rehearsal-left-over")
    assert "has the schema strangler_rehearsal" in found.what
    assert "has the subscription strangler_sample_rehearsal_to_service" in found.what
    mend("rehearsal-left-over")
    assert left_behind(homes, tmp_path) == []
    assert Shelf.objects.count() == 500
    assert operations.rehearse(Order("sample", actor="tester")).figures["rows"] == 500


def test_what_a_killed_rehearsal_by_keylog_left_is_removed(homes, doomed, tmp_path):
    doomed("switch", "keylog")
    assert left_behind(homes, tmp_path)
    age(tmp_path)
    mend("rehearsal-left-over")
    assert left_behind(homes, tmp_path) == []
    assert Shelf.objects.count() == 500
    assert operations.rehearse(Order("sample", actor="tester", mover="keylog")).figures["rows"] == 500


def test_it_is_found_while_rows_flow_and_they_flow_on(homes, doomed, tmp_path):
    """Only the rehearsal's own stream is ended."""
    operations.prepare(Order("sample", actor="tester"))
    doomed("switch", "logical" if homes.vendor == "postgresql" else "keylog")
    age(tmp_path)
    mend("rehearsal-left-over")
    Shelf.objects.create(name="later")
    operations.shift_writes(Order("sample", actor="tester"))
    assert Shelf.objects.using("sample_service").count() == 501


def test_a_living_rehearsal_is_left_alone(homes, tmp_path):
    seen = []

    def look(event):
        if event.step == "switch" and not seen:
            assert left_behind(homes, tmp_path)
            seen.append(codes())

    operations.rehearse(Order("sample", actor="tester", report=look))
    assert seen == [set()]
    assert left_behind(homes, tmp_path) == []


@pytest.mark.parametrize("homes", ["postgresql"], indirect=True)
def test_two_rehearsals_do_not_take_each_others_copies_away(homes):
    second = []

    def look(event):
        if event.step == "switch" and not second:
            with pytest.raises(Refused, match="Another rehearsal is under way") as refused:
                operations.rehearse(Order("sample", actor="other"))
            second.append(refused)

    first = operations.rehearse(Order("sample", actor="tester", report=look))
    assert second
    assert len(first.figures["pauses_ms"]) == 6


@pytest.mark.parametrize("homes", ["postgresql"], indirect=True)
def test_a_schema_that_belongs_to_nobody_yet_is_removed(homes, tmp_path):
    """It was killed before the first table was made."""
    homes.monolith.cursor().execute("CREATE SCHEMA strangler_rehearsal")
    mend("rehearsal-left-over")
    assert left_behind(homes, tmp_path) == []


@pytest.mark.parametrize("homes", ["postgresql"], indirect=True)
def test_copies_of_another_capabilitys_tables_are_left_alone(homes):
    """Another host, which knows it, finds them."""
    with homes.monolith.cursor() as cursor:
        cursor.execute("CREATE SCHEMA strangler_rehearsal; CREATE TABLE strangler_rehearsal.other (id int)")
    assert examine() == []
