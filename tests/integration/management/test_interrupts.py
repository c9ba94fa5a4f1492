"""Ctrl-C while the command executes an operation: it is put back, or finished where it is too late for that."""

from __future__ import annotations

import io
import os
import random
import signal
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models import F

from strangler import operations
from strangler.cutover import entry_written
from strangler.doctor import examine
from strangler.models import JournalEntry, Operation
from strangler.state import load_table
from tests.sample.models import Shelf
from tests.support.processes import eventually

pytestmark = pytest.mark.usefixtures("sample_alone", "homes", "service")

PREPARE = [("prepare", step, phase) for step in ("fence", "arm", "copy", "publish") for phase in ("intent", "done")]
SWITCH = [
    ("shift-writes", step, phase)
    for step in ("catch-up", "announce", "arm", "close", "open", "publish", "turn")
    for phase in ("intent", "done")
]
JOURNEY = PREPARE + SWITCH
TWICE = ("shift-writes", "close", "done"), ("shift-writes", "undo-refuse", "intent")
TOO_LATE = SWITCH.index(("shift-writes", "open", "done"))


def run(*words):
    out = io.StringIO()
    call_command("strangler", *words, "--yes", stdout=out)
    return out.getvalue()


@contextmanager
def pressed(*moments):
    """Press Ctrl-C right after each of these entries of the journal, once."""
    left = set(moments)

    def look(entry, **_):
        moment = (entry.operation.verb, entry.step, entry.phase)
        if moment in left:
            left.remove(moment)
            signal.raise_signal(signal.SIGINT)

    entry_written.connect(look)
    try:
        yield
    finally:
        entry_written.disconnect(look)
    assert not left, f"never written: {left}"


def sample(moments, count=1):
    """Return some of them, by the run's seed; all in the long version."""
    chosen = random.Random(os.environ["SEED"]).sample(moments, count)
    long = [pytest.param(m, marks=pytest.mark.soak, id=f"all-{'-'.join(m)}") for m in moments]
    return [*(pytest.param(m, id="-".join(m)) for m in chosen), *long]


def titles(alias):
    return sorted(Shelf.objects.using(alias).values_list("name", flat=True))


def settled():
    """Nothing is unfinished, and whatever should be there is."""
    assert not operations.status().capabilities[0].operation
    eventually(lambda: not examine(), what=f"everything fits together: {examine()}")
    return load_table().capabilities["sample"]


def aged():
    """Let the mover of what is unfinished count as dead."""
    Operation.objects.update(seen_at=F("seen_at") - timedelta(seconds=60))


def test_the_journey_is_the_one_that_is_interrupted_here():
    run("toggle", "sample", "service")
    entries = JournalEntry.objects.order_by("id").values_list("operation__verb", "step", "phase")
    assert list(entries) == JOURNEY


@pytest.mark.parametrize("moment", sample(PREPARE))
def test_prepare_is_put_back(moment):
    Shelf.objects.create(name="a")
    with pressed(moment), pytest.raises(CommandError, match="Interrupted"):
        run("toggle", "sample", "service")
    state = settled()
    assert (state.stage, state.writer) == ("monolith", "monolith")
    Shelf.objects.create(name="b")
    assert titles("sample_service") == []
    run("toggle", "sample", "service")
    assert titles("sample_service") == ["a", "b"]


@pytest.mark.parametrize("moment", sample(SWITCH[:TOO_LATE]))
def test_a_switch_is_put_back_while_the_new_home_has_not_opened(moment):
    run("prepare", "sample")
    with pressed(moment), pytest.raises(CommandError, match="Everything was put back"):
        run("shift-writes", "sample")
    state = settled()
    assert (state.stage, state.writer) == ("synced", "monolith")
    Shelf.objects.create(name="written on")
    run("shift-writes", "sample")
    assert titles("sample_service") == ["written on"]


@pytest.mark.parametrize("moment", sample(SWITCH[TOO_LATE:]))
def test_a_switch_is_finished_once_the_new_home_has_opened(moment):
    """It may have taken writes, so there is no undo (R1), and half-way is no place to stop."""
    run("prepare", "sample")
    with pressed(moment):
        run("shift-writes", "sample")
    assert Operation.objects.latest("id").state == Operation.SUCCEEDED
    state = settled()
    assert (state.stage, state.writer) == ("extracted", "service")
    Shelf.objects.using("sample_service").create(name="written on")
    run("reverse", "sample")
    assert titles("default") == ["written on"]


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_it_says_that_it_was_too_late(capsys):
    run("prepare", "sample")
    with pressed(("shift-writes", "open", "done")):
        run("shift-writes", "sample")
    assert "Too late to put it back, so it was finished." in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("remedy", ["resume", "undo"])
def test_the_second_one_stops_at_once_as_a_crash_does(remedy):
    run("prepare", "sample")
    with pressed(*TWICE), pytest.raises(SystemExit) as stopped:
        run("shift-writes", "sample")
    assert stopped.value.code == 130
    assert Operation.objects.latest("id").state == Operation.RUNNING
    with pytest.raises(CommandError, match="is alive in"):
        run(remedy, "sample")
    aged()
    run(remedy, "sample")
    assert settled().writer == ("service" if remedy == "resume" else "monolith")


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_verb_without_a_way_back_stops_where_it_is_and_is_resumed():
    """What is removed cannot be put back, and whoever presses Ctrl-C does not want more of it removed."""
    run("prepare", "sample")
    with pressed(("cancel", "publish", "done")), pytest.raises(CommandError, match="strangler resume sample"):
        run("cancel", "sample")
    run("resume", "sample")
    assert settled().stage == "monolith"


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_an_undo_that_is_interrupted_is_repeated():
    run("prepare", "sample")
    with pressed(*TWICE), pytest.raises(SystemExit):
        run("shift-writes", "sample")
    aged()
    repeat = pytest.raises(CommandError, match=r"interrupted\. Repeat `strangler undo sample`")
    with pressed(("shift-writes", "undo-refuse", "done")), repeat:
        run("undo", "sample")
    run("undo", "sample")
    assert settled().writer == "monolith"


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_the_process_has_its_signals_back_afterwards():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run("prepare", "sample")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_sigterm_is_heard_as_well():
    """A Job is ended that way."""

    def look(entry, **_):
        if (entry.step, entry.phase) == ("copy", "intent"):
            os.kill(os.getpid(), signal.SIGTERM)

    entry_written.connect(look)
    try:
        with pytest.raises(CommandError, match="Interrupted"):
            run("prepare", "sample")
    finally:
        entry_written.disconnect(look)
    assert settled().stage == "monolith"


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_move_from_another_thread_cannot_be_interrupted(homes):
    """Only the main thread hears signals; a console's worker has none of its own."""
    import threading

    done = []

    def act():
        try:
            done.append(run("prepare", "sample"))
        finally:
            connections.close_all()

    thread = threading.Thread(target=act)
    thread.start()
    thread.join(30)
    assert done


def test_every_move_says_in_its_help_what_ctrl_c_does(capsys):
    for verb in ("toggle", "shift-writes", "migrate", "undo"):
        with pytest.raises(SystemExit):
            call_command("strangler", verb, "--help")
        assert "a second one stops at once" in " ".join(capsys.readouterr().out.split())
