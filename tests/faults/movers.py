"""Movers as processes of their own, stopped after a chosen journal entry; and the ways on which they are stopped."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
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


FORTH = Way("forth", "service")
BACK = Way("back", "monolith")


@contextmanager
def paused_mover(platform: Platform, way: Way, entries: int, *, sabotage: str = "") -> Iterator[Process]:
    """Start the way in a process that stops itself after its *entries*-th journal entry; it is gone afterwards."""
    mover = platform.mover(
        "toggle", "catalog", way.home, "--yes", STRANGLER_PAUSE_AFTER=str(entries), SABOTAGE=sabotage,
        DJANGO_SETTINGS_MODULE=FAULTY_SETTINGS["monolith"],
    )  # fmt: skip
    try:
        eventually(lambda: _stopped(mover), what=f"the mover stops after entry {entries}\n{mover.tail()}", timeout_s=60)
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
