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
from tests.support.state import State, journal, owner_of, state_of

LEASE_S = 3.2
"""A mover that said nothing for this long counts as dead."""

Step = tuple[str, str, str]
_STEPS: dict[tuple[Way, str], list[Step]] = {}


def opened(steps: Sequence[Step]) -> bool:
    """Return whether the operation of the last entry has opened its target: then there is no undo (R1)."""
    return (steps[-1][0], "open", "done") in steps


def mend(platform: Platform, remedy: str, way: Way, steps: Sequence[Step]) -> None:
    """
    `resume` or `undo` what a dead mover left unfinished, once nobody takes it for alive any more.

    Where R1 allows no undo, check that it is refused, and resume. Whether it does, the home's own row says: a journal
    whose server died may know only that the home was to be opened.

    Args:
        steps: of its journal.
    """
    outlive_lease()
    meant = (steps[-1][0], "open", "intent") in steps
    if remedy == "undo" and meant and owner_of(platform.homes[way.home], platform.capability)[0] == way.home:
        refused = platform.manage("strangler", "undo", platform.capability, "--yes")
        assert refused.returncode != 0, "an opened home was closed again"
        assert "there is no undo" in refused.stderr, refused.stderr
        outlive_lease()
        remedy = "resume"
    platform.strangler(remedy, platform.capability, "--yes")


@dataclass(frozen=True, slots=True)
class Way:
    """
    A whole journey of the catalog, from a starting point.

    Attributes:
        mover: which brings the rows; empty: whatever fits.
    """

    name: str
    home: str
    mover: str = ""

    def begin(self, platform: Platform) -> State:
        """Bring the platform to the starting point of the way and return what is true there."""
        if self.home == "monolith":
            platform.toggle_until_done("service", *self.options)
        else:
            platform.toggle_until_done("monolith")
            if state_of(platform).control[0] == "synced":
                platform.strangler("cancel", "catalog", "--yes")
        return state_of(platform)

    def finish(self, platform: Platform) -> None:
        """Go what is left of the way."""
        platform.toggle_until_done(self.home, *self.options)

    @property
    def options(self) -> tuple[str, ...]:
        """What the command is told besides."""
        return ("--mover", self.mover) if self.mover else ()

    def steps(self, platform: Platform) -> list[Step]:
        """Return (verb, step, phase) of the journal of an undisturbed run, made once for each kind of platform."""
        known = _STEPS.get((self, platform.kind))
        if known is None:
            self.begin(platform)
            last = max((number for number, *_ in journal(platform)), default=0)
            self.finish(platform)
            known = [(verb, step, phase) for _, verb, step, phase in journal(platform, after=last)]
            _STEPS[self, platform.kind] = known
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
WAYS = (FORTH, BACK)


def moments(
    platform: Platform,
    extent: str,
    seed: str,
    *,
    among: Callable[[list[Step]], bool],
    ways: Sequence[Way] = WAYS,
) -> Iterator[Moment]:
    """
    Yield moments at which to stop a mover: after every commit of both ways, or a seeded sample of one.

    Args:
        among: whether a moment counts, told the journal up to and including it.
    """
    found = [
        Moment(way, entries, tuple(steps[:entries]))
        for way in ways
        for steps in [way.steps(platform)]
        for entries in range(1, len(steps) + 1)
        if among(steps[:entries]) and not _committed_with_the_next(steps, entries)
    ]
    for moment in found if extent == "all" else [random.Random(f"{seed}/{platform.kind}").choice(found)]:
        print(f"{platform.kind}: {moment.way.name}, stopped after entry {moment.entries} {moment.journal[-1]}")
        yield moment


def _committed_with_the_next(steps: Sequence[Step], entries: int) -> bool:
    """Return whether an entry says that a step is done, beside one that says that the next is meant."""
    (verb, _, phase), following = steps[entries - 1], steps[entries : entries + 1]
    return phase == "done" and any(after[0] == verb and after[2] == "intent" for after in following)


def moment_at(platform: Platform, way: Way, verb: str, step: str, phase: str) -> Moment:
    """Return the moment at which the mover has just written this entry."""
    steps = way.steps(platform)
    entries = steps.index((verb, step, phase)) + 1
    return Moment(way, entries, tuple(steps[:entries]))


@contextmanager
def paused_mover(platform: Platform, moment: Moment, *, sabotage: str = "") -> Iterator[Process]:
    """Go a moment's way in a process that stops itself then; it is gone afterwards."""
    mover = platform.mover(
        "toggle", "catalog", moment.way.home, "--yes", *moment.way.options, SABOTAGE=sabotage,
        STRANGLER_PAUSE_AFTER=str(moment.entries), DJANGO_SETTINGS_MODULE=FAULTY_SETTINGS["monolith"],
    )  # fmt: skip
    try:
        eventually(lambda: stopped(mover), what=f"the mover stops\n{mover.tail()}", timeout_s=60)
        yield mover
    finally:
        mover.kill()


def stopped(mover: Process) -> bool:
    """Return whether a mover has stopped itself. Raises: AssertionError, when it has ended."""
    assert mover.alive(), f"the mover ended before it was stopped\n{mover.tail()}"
    return psutil.Process(mover.pid).status() == psutil.STATUS_STOPPED


def wake(mover: Process) -> None:
    """Let a stopped mover go on."""
    os.kill(mover.pid, signal.SIGCONT)


def ended(mover: Process, timeout_s: float = 60) -> tuple[int, str]:
    """Wait until a mover has ended; return its exit code and what it said."""
    return mover.popen.wait(timeout_s), mover.log.read_text()


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
