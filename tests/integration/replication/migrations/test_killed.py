"""`strangler migrate`, killed with SIGKILL after entries of its journal, and finished by `resume`, or put back."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.db.models import F

from strangler import operations
from strangler.errors import Refused
from strangler.fence import fence_of
from strangler.models import Operation
from tests.integration.replication.migrations.conftest import ALIASES, agree, applied, both, columns, order
from tests.integration.replication.migrations.test_migrate import ADD, CREATE, INSERT, REMOVE, run

ENTRIES = 18
"""Two for each of two steps, and two for each of the seven things done in one home."""
_SETTINGS = """
from tests.settings import *
DATABASES = {databases!r}
MIGRATION_MODULES = {modules!r}
STRANGLER = {strangler!r}
import sys
sys.path.insert(0, {path!r})
"""
_MOVER = """
import os, signal, sys
import django
django.setup()
from strangler import operations
from strangler.cutover import entry_written

left = [int(sys.argv[1])]

def count(**_):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)

entry_written.connect(count)
operations.migrate(operations.Order("sample", actor="doomed"))
"""


@pytest.fixture
def doomed(flowing, releases, settings, tmp_path):
    """A function that migrates in a process of its own, which dies after so many entries."""

    def migrate(entries: int) -> None:
        text = _SETTINGS.format(
            databases={alias: plain(connections[alias].settings_dict) for alias in ALIASES},
            modules=settings.MIGRATION_MODULES,
            strangler={**settings.STRANGLER, "STATE_DIR": str(tmp_path)},
            path=str(releases.folder),
        )
        (tmp_path / "doomed_settings.py").write_text(text)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "doomed_settings",
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[4])]),
        }
        command = [sys.executable, "-c", _MOVER, str(entries)]
        died = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]
        Operation.objects.update(seen_at=F("started_at") - timedelta(seconds=60))

    return migrate


def plain(entry):
    """Return a database's settings as they can be written into a file."""
    return {key: str(value) if isinstance(value, Path) else value for key, value in entry.items() if key != "TEST"}


def sample(count):
    """Return numbers of entries, by the run's seed."""
    return sorted(random.Random(os.environ["SEED"]).sample(range(1, ENTRIES), count))


def check(flowing, releases):
    """Both homes have everything, rows flow on, and the fences stand."""
    assert applied() == both(*releases.names)
    assert "copies" not in columns("default") | columns("sample_service")
    run("default", INSERT.format("", ""))
    assert agree("SELECT title FROM sample_book") == [("first",), ("second",)]
    states = fence_of(flowing.service).states(["sample_book", "sample_loan"])
    assert set(states.values()) == {"enabled"}
    assert not operations.status().capabilities[0].operation


@pytest.mark.parametrize("entries", [*sample(2), *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, ENTRIES))])
def test_resume_finishes_what_a_killed_mover_began(flowing, releases, doomed, entries):
    releases.add(ADD)
    releases.add(REMOVE)
    releases.add(CREATE)
    doomed(entries)
    with pytest.raises(Refused, match="comes first"):
        operations.migrate(order())
    operations.resume(order())
    check(flowing, releases)


HALF = {"column added": (ADD, 4), "column loosened": (REMOVE, 3), "table added": (CREATE, 4)}


@pytest.mark.parametrize("shape", HALF)
def test_undo_takes_back_what_the_target_alone_has(flowing, releases, doomed, shape):
    """Killed between the two homes: the target has more than the source, and loses it again."""
    operation, entries = HALF[shape]
    before = columns("sample_service")
    name = releases.add(operation)
    doomed(entries)
    operations.undo(order())
    assert applied() == both("0001_initial")
    assert columns("sample_service") == before
    run("default", INSERT.format(", copies", ", 1"))
    assert agree("SELECT title, copies FROM sample_book") == [("first", 1), ("second", 1)]
    operations.migrate(order())
    assert applied()["sample_service"] == ["0001_initial", name]


def test_undo_is_refused_when_the_source_has_lost_something(flowing, releases, doomed):
    name = releases.add(REMOVE)
    doomed(6)
    with pytest.raises(Refused, match=f"has applied {name} already, and what it removed is gone"):
        operations.undo(order())
    operations.resume(order())
    assert applied() == both(*releases.names)
