"""Events reach their subscriber once and in order while both sides move and everything that delivers them is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.events.pair import Pair, running_pair
from tests.faults.movers import outlive_lease
from tests.support.checker.rows import owner, query
from tests.support.events.starting import acting
from tests.support.evidence import record
from tests.support.fixtures import StartPlatform, long_version
from tests.support.processes import Process, eventually
from tests.support.state import journal

pytestmark = pytest.mark.platform
NOTES = {
    ("celery", "sample"): 1_000, ("celery", "all"): 10_000, ("embedded", "sample"): 240, ("embedded", "all"): 3_000,
}  # fmt: skip
NOTES_PER_S = {"celery": 50.0, "embedded": 25.0}
KILL_AFTER_S = (0.2, 3.0)
PROGRESS_S = 15.0
TOGGLE_EVERY_S = 1.0
OUTAGE_S = 4.0
TICKS_PER_S = 4
LOADS_MAX = 6
TASKS_PER_ATTEMPT = 7
"""A copy is sent, and handed over six times at most."""
MOVING = {"503 moved_midway", "409 idempotency_in_progress"}
_EFFECTS = "SELECT count(*) FROM reader_effect WHERE aggregate LIKE ?"


@pytest.fixture(scope="module")
def pair(request: pytest.FixtureRequest, start_platform: StartPlatform) -> Iterator[Pair]:
    """
    Publisher and subscriber on PostgreSQL, one kind at a time.

    `celery`: each of the three hosts has a worker. `embedded`: relays are threads of the hosts, copies go over HTTP.
    """
    with running_pair(start_platform, workers=request.param == "celery") as running:
        yield running


with_celery = pytest.mark.parametrize("pair", ["celery"], indirect=True)


@dataclass
class Killer:
    """Kills relays, with the worker or host that they are in, at random moments, and empties the broker."""

    pair: Pair
    rng: random.Random
    killed: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Kill until the block ends."""
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _work(self) -> None:
        while True:
            for victim in self.rng.sample(self.pair.victims, len(self.pair.victims)):
                if self._stop.wait(self.rng.uniform(*KILL_AFTER_S)) or not self._await_progress():
                    return
                self.pair.strike(victim)
                self.killed.append(victim)

    def _await_progress(self) -> bool:
        """Let something be delivered between two strikes, however slow the machine; False when it is time to end."""
        before, deadline = self._effects(), time.monotonic() + PROGRESS_S
        while self._effects() == before and time.monotonic() < deadline:
            if self._stop.wait(0.1):
                return False
        return True

    def _effects(self) -> int:
        return max(query(dsn, "SELECT count(*) FROM reader_effect")[0][0] for dsn in self.pair.reader.homes.values())


@pytest.mark.parametrize("extent", ["sample", long_version("all", timeout_s=2_400)])
@pytest.mark.parametrize("pair", ["celery", "embedded"], indirect=True)
def test_every_event_has_its_effect_once_and_in_order(pair: Pair, extent: str, tmp_path: Path, seed: int) -> None:
    """
    Promise 2, R15: an actor that knows nothing of us wrote down what was acknowledged, a judge reads the effects.

    Without a broker, hosts are killed with the relays in them: whoever has a note written must ask again.
    """
    kind = "celery" if pair.broker else "embedded"
    figures = _survive(pair, tmp_path, seed, notes=NOTES[kind, extent], per_s=NOTES_PER_S[kind])
    if pair.broker:
        assert figures["actor"]["repeats"].keys() <= MOVING, "a request failed although only workers were killed"
    if extent == "all":
        assert len(figures["homes"]) == 2, "the subscriber worked in one home only"
        record(f"events-{kind}", seed=seed, **figures)


def _survive(pair: Pair, folder: Path, seed: int, *, notes: int, per_s: float) -> dict[str, Any]:
    """Write notes while both capabilities move in turn and relays die; check every effect and return figures."""
    killer, toggles, pauses = Killer(pair, random.Random(seed)), 0, []
    started = time.monotonic()
    with _notes(pair, folder, seed, notes=notes, per_s=per_s) as actor:
        due = started
        with killer.at_work():
            while not actor.over(max(0.0, due - time.monotonic())):
                due = time.monotonic() + TOGGLE_EVERY_S
                capability, home = ("press", "reader")[toggles % 2], ("service", "monolith")[toggles // 2 % 2]
                pauses.append(pair.mover.toggle(capability, home)["paused_ms"])
                toggles += 1
        report, wrote_s = actor.finish(), time.monotonic() - started
        pair.wait_until_settled(120)
        settled_s = time.monotonic() - started - wrote_s
        verdict = actor.judge(pair.reader.homes)
    figures = {
        "toggles": toggles,
        "writers_paused_ms_max": max(pauses),
        "killed": {victim: killer.killed.count(victim) for victim in pair.victims},
        "wrote_s": round(wrote_s, 1),
        "settled_s": round(settled_s, 1),
        "actor": report,
        "copies": pair.copies(actor.run),
        **{name: len(found) if isinstance(found, list) else found for name, found in verdict.items()},
    }
    print(json.dumps(figures))
    assert report["faults"] == {}
    assert verdict["innocent"], verdict
    assert verdict["acknowledged"] == verdict["effects"] == notes
    assert toggles >= 2
    assert len(killer.killed) >= 2
    return figures


@with_celery
def test_judge_finds_what_goes_wrong_when_the_cursor_lets_everything_pass(
    pair: Pair, tmp_path: Path, seed: int
) -> None:
    """
    The same load, with nobody killed, and one guard less: any event is taken for the next one of its aggregate.

    Whether copies overtake each other is up to the scheduler: loads are repeated until the judge has found both.
    """
    missing = {"doubled", "disordered"}
    pair.kill_workers()
    pair.start_workers(SABOTAGE="cursor", REPUBLISH_S="0.05")
    try:
        for load in range(LOADS_MAX):
            with _notes(pair, tmp_path, seed + load, notes=200, aggregates=10, per_s=80.0) as actor:
                assert actor.finish()["faults"] == {}
                pair.wait_until_settled()
                verdict = actor.judge(pair.reader.homes)
            print({name: len(found) for name, found in verdict.items() if isinstance(found, list)})
            found = {fault for fault in missing if verdict[fault]}
            assert not (found and verdict["innocent"])
            missing -= found
            if not missing:
                break
    finally:
        pair.kill_workers()
        pair.start_workers()
    assert not missing


@with_celery
def test_old_relay_that_wakes_up_after_the_switch_publishes_nothing_twice(pair: Pair) -> None:
    """It claimed copies, was stopped before it sent them, and sends them when another home has long done so."""
    pair.mover.toggle("press", "monolith")
    pair.wait_until_settled()
    pair.kill_workers()
    pair.write("old-relay", 1, 2, 3)
    with _stopped_relay(pair) as relay:
        pair.mover.toggle("press", "service")
        pair.start_workers()
        pair.wait_for_effects("old-relay", 1, 2, 3)
        pair.wait_until_settled()
        pair.wait_until_drained()
        pair.kill_workers()
        assert pair.waiting() == 0
        os.kill(relay.pid, signal.SIGCONT)
        assert relay.popen.wait(30) == 0, relay.tail()
        assert pair.waiting() == 1, "the old relay sent nothing: what does the inbox guard against?"
    pair.wait_until_drained()
    pair.wait_until_settled()
    assert pair.effects("old-relay") == [1, 2, 3]


@contextmanager
def _stopped_relay(pair: Pair) -> Iterator[Process]:
    """Have a relay of the monolith that has claimed all that is due and stopped itself; workers run afterwards."""
    relay = pair.platform.mover("relay", "--once", STOP_AFTER_CLAIM="1")
    try:
        eventually(lambda: pair.stopped(relay), what=f"the relay stops\n{relay.tail()}", timeout_s=60)
        yield relay
    finally:
        relay.kill()
        pair.start_workers()


@with_celery
def test_nothing_is_lost_and_nothing_spins_while_nobody_owns_the_subscriber(
    pair: Pair, tmp_path: Path, seed: int
) -> None:
    """A mover died between the two homes (R14): events are tried again, later each time, until somebody owns."""
    _abandon_reader(pair)
    begun, sent, worked_s = time.monotonic(), pair.sent(), _cpu_s(pair)
    with _notes(pair, tmp_path, seed, notes=60, aggregates=10, per_s=60.0) as actor:
        assert actor.finish()["faults"] == {}
        until = time.monotonic() + OUTAGE_S
        eventually(lambda: time.monotonic() > until, what="time passes", timeout_s=OUTAGE_S + 5)
        lasted_s = time.monotonic() - begun
        attempts = pair.ask("press", "SELECT attempts FROM press_outbox_copy WHERE confirmed_at IS NULL")
        tasks, cpu = pair.sent() - sent, (_cpu_s(pair) - worked_s) / lasted_s
        effects = sum(query(dsn, _EFFECTS, (f"{actor.run}-%",))[0][0] for dsn in pair.reader.homes.values())
        pair.platform.strangler("resume", "reader", "--yes")
        pair.wait_until_settled()
        verdict = actor.judge(pair.reader.homes)
    made = [number for (number,) in attempts]
    print(f"{lasted_s:.1f} s without owner: {tasks} tasks, workers {cpu:.0%} CPU, at most {max(made)} attempts")
    assert len(made) == 60
    assert effects == 0
    assert max(made) <= 4
    assert tasks < TICKS_PER_S * lasted_s + TASKS_PER_ATTEMPT * sum(made)
    assert cpu < 1.0
    assert verdict["innocent"], verdict
    assert verdict["effects"] == 60


def _abandon_reader(pair: Pair) -> None:
    """Let a mover die after it has closed the reader's monolith, and before it has opened its service."""
    pair.mover.toggle("reader", "service")
    pair.mover.toggle("reader", "monolith")
    last = max(number for number, *_ in journal(pair.reader))
    pair.mover.toggle("reader", "service")
    steps = [(step, phase) for _, _, step, phase in journal(pair.reader, after=last)]
    pair.mover.toggle("reader", "monolith")
    entries = str(steps.index(("open", "intent")) + 1)
    mover = pair.platform.mover("toggle", "reader", "service", "--yes", STRANGLER_PAUSE_AFTER=entries)
    try:
        eventually(lambda: pair.stopped(mover), what=f"the mover stops\n{mover.tail()}", timeout_s=60)
    finally:
        mover.kill()
    outlive_lease()
    owners = {home: owner(dsn, "reader")[0] for home, dsn in pair.reader.homes.items()}
    assert owners == {"monolith": "service", "service": "monolith"}, "somebody owns the reader"


def _cpu_s(pair: Pair) -> float:
    """Return the CPU time of all workers and their clocks."""
    total = 0.0
    for worker in pair.platform.workers.values():
        process = psutil.Process(worker.pid)
        for one in (process, *process.children(recursive=True)):
            total += one.cpu_times().user + one.cpu_times().system
    return total


def _notes(pair: Pair, folder: Path, seed: int, **settings: Any) -> Any:
    """Return an actor at the press's doors."""
    return acting(folder, list(pair.press.doors.values()), pair.platform.token, seed=seed, **settings)
