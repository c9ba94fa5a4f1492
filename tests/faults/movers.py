"""Movers as processes of their own, stopped after a chosen journal entry; and the ways on which they are stopped."""

from __future__ import annotations

import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from tests.support.platform import FAULTY_SETTINGS, Platform
from tests.support.processes import Process, eventually
from tests.support.state import State, journal, state_of

LEASE_S = 3.2
"""A mover that said nothing for this long counts as dead."""

Step = tuple[str, str, str]
_STEPS: dict[tuple[str, str], list[Step]] = {}


def opened(steps: Sequence[Step]) -> bool:
    """Return whether the operation of the last entry has opened its target: then there is no undo (R1)."""
    return (steps[-1][0], "move", "done") in steps


@dataclass(frozen=True, slots=True)
class Way:
    """A whole journey of the catalog, from a starting point."""

    name: str
    home: str

    def begin(self, platform: Platform) -> State:
        """Bring the platform to the starting point of the way and return what is true there."""
        if self.home == "monolith":
            platform.strangler("toggle", "catalog", "service", "--yes")
        else:
            platform.strangler("toggle", "catalog", "monolith", "--yes")
            if state_of(platform).control[0] == "synced":
                platform.strangler("cancel", "catalog", "--yes")
        return state_of(platform)

    def finish(self, platform: Platform) -> None:
        """Go what is left of the way."""
        platform.strangler("toggle", "catalog", self.home, "--yes")

    def steps(self, platform: Platform) -> list[Step]:
        """Return (verb, step, phase) of the journal of an undisturbed run, made once for each kind of platform."""
        known = _STEPS.get((self.name, platform.kind))
        if known is None:
            self.begin(platform)
            last = max((number for number, *_ in journal(platform)), default=0)
            self.finish(platform)
            known = [(verb, step, phase) for _, verb, step, phase in journal(platform, after=last)]
            _STEPS[self.name, platform.kind] = known
        assert len(known) >= 8, f"the journal is too short to be true: {known}"
        return known


@dataclass(frozen=True, slots=True)
class Moment:
    """A way, and after how many entries of its journal the mover is stopped."""

    way: Way
    entries: int
    journal: tuple[Step, ...]


FORTH = Way("forth", "service")
BACK = Way("back", "monolith")


def moments(platform: Platform, extent: str, seed: str, *, among: Callable[[list[Step]], bool]) -> Iterator[Moment]:
    """
    Yield moments at which to stop a mover: all of both ways, or a seeded sample of one.

    Args:
        among: whether a moment counts, told the journal up to and including it.
    """
    found = [
        Moment(way, entries, tuple(steps[:entries]))
        for way in (FORTH, BACK)
        for steps in [way.steps(platform)]
        for entries in range(1, len(steps) + 1)
        if among(steps[:entries])
    ]
    for moment in found if extent == "all" else [random.Random(f"{seed}/{platform.kind}").choice(found)]:
        print(f"{platform.kind}: {moment.way.name}, stopped after entry {moment.entries} {moment.journal[-1]}")
        yield moment


@contextmanager
def paused_mover(platform: Platform, moment: Moment, *, sabotage: str = "") -> Iterator[Process]:
    """Go a moment's way in a process that stops itself then; it is gone afterwards."""
    mover = platform.mover(
        "toggle", "catalog", moment.way.home, "--yes", STRANGLER_PAUSE_AFTER=str(moment.entries), SABOTAGE=sabotage,
        DJANGO_SETTINGS_MODULE=FAULTY_SETTINGS["monolith"],
    )  # fmt: skip
    try:
        eventually(lambda: _stopped(mover), what=f"the mover stops\n{mover.tail()}", timeout_s=60)
        yield mover
    finally:
        mover.kill()


def _stopped(mover: Process) -> bool:
    assert mover.alive(), f"the mover ended before it was stopped\n{mover.tail()}"
    return psutil.Process(mover.pid).status() == psutil.STATUS_STOPPED


def wake(mover: Process) -> tuple[int, str]:
    """Let a stopped mover go on to its end; return its exit code and what it said."""
    os.kill(mover.pid, signal.SIGCONT)
    return mover.popen.wait(60), mover.log.read_text()


def outlive_lease() -> None:
    """Return when a mover that has just been stopped counts as dead."""
    until = time.monotonic() + LEASE_S
    eventually(lambda: time.monotonic() > until, what="time passes", timeout_s=LEASE_S + 5)


def assert_serves(platform: Platform) -> None:
    """Write through both doors, and read each write through the other one."""
    for home, other in (("monolith", "service"), ("service", "monolith")):
        slug = f"after-{uuid.uuid4().hex[:12]}"
        made = platform.create_product(home, slug)
        status, seen = platform.request(other, f"/api/catalog/products/{made['id']}")
        assert (status, seen.get("slug")) == (200, slug), (status, seen)


def assert_one_writer(platform: Platform, *, rows: dict[str, str]) -> State:
    """Check that one home may write, that it has exactly *rows*, and that the table says so."""
    state = state_of(platform)
    assert state.rows[state.writer] == rows
    stage, _, writer, epoch, switching = state.control
    assert (writer, epoch, switching) == (*state.ownership[writer], False), state
    assert (stage == "extracted") == (writer == "service"), state
    return state
