"""
Tasks run once, at the owner, whatever happens to them on their way (R14).

The tests of this module share two workers, and come in an order: the monolith owns the rows until one of them moves the
rows to the service.
"""

from __future__ import annotations

import time

import pytest
from celery import Signature

from strangler.transport.queues import EVERY
from tests.integration.events.conftest import StartWorkers
from tests.integration.events.workers import VISIBILITY_S, Workers
from tests.support.processes import eventually

pytestmark = pytest.mark.platform
TICKS_S = 1.0
"""What the chores' PERIODIC says."""


@pytest.mark.parametrize("host", ["monolith", "chores"])
def test_a_task_goes_to_the_owner_whoever_asks(workers: Workers, host: str) -> None:
    """The caller knows the table, so nothing has to be handed over."""
    workers.send("chores.ask", f"asked by {host}", to=host)
    done = workers.effect(f"asked by {host}", "monolith")
    assert (done.home, done.hops) == ("monolith", 0)


def test_a_task_in_the_wrong_queue_is_handed_over_with_its_id(workers: Workers) -> None:
    task_id = workers.send("chores.note", "astray", to="chores.service")
    done = workers.effect("astray", "monolith")
    assert (done.task_id, done.home, done.hops) == (task_id, "monolith", 1)
    workers.settle("chores.service")


def test_what_follows_a_task_follows_once(workers: Workers) -> None:
    """The home that hands a task over must not take it for done."""
    assert effects_of_a_successor(workers) == 1


def effects_of_a_successor(workers: Workers) -> int:
    """Send a task with a successor to the wrong queue; return how often the successor has had its effect in the end."""
    after = Signature("chores.note", ("after",), {}, {"queue": "chores.monolith"}, immutable=True, app=workers.producer)
    workers.send("chores.note", "before", to="chores.service", link=after)
    workers.effect("before", "monolith")
    workers.settle("chores.service")
    workers.settle("chores.monolith")
    return len(workers.effects("after", "monolith"))


def test_a_killed_worker_leaves_each_effect_once(workers: Workers) -> None:
    """Whether it was killed before the commit, or between the commit and the acknowledgement."""
    assert effects_of_killed_tasks(workers) == {"inside": 1, "committed": 1}


def effects_of_killed_tasks(workers: Workers) -> dict[str, int]:
    """Kill the monolith's worker with two tasks in its hands; return how often each has had its effect in the end."""
    workers.send("chores.note_and_wait", "inside", to="chores.monolith")
    workers.send("chores.note_and_linger", "committed", to="chores.monolith")
    both = ("inside", "committed")
    eventually(lambda: all(map(workers.at_the_gate, both)), what=f"two tasks are under way\n{workers.logs()}")
    assert [len(workers.effects(what, "monolith")) for what in both] == [0, 1]
    workers.kill("monolith")
    workers.open_gate()
    workers.start("monolith")
    workers.settle("chores.monolith")
    return {what: len(workers.effects(what, "monolith")) for what in both}


def test_a_period_has_one_run_however_often_it_ticks(workers: Workers) -> None:
    runs, periods = runs_of_many_ticks(workers)
    assert runs <= periods
    assert workers.effects("tick", "monolith")


def runs_of_many_ticks(workers: Workers) -> tuple[int, int]:
    """Tick thirty times and more; return how many runs there were meanwhile, and how many periods at the most."""
    began, before = time.time(), len(workers.effects("tick", "monolith"))
    for _ in range(30):
        workers.send("chores.tick", to="chores.monolith", headers={EVERY: TICKS_S})
    workers.settle("chores.monolith")
    # One more than began or ended meanwhile: a run of the period before may have committed late.
    return len(workers.effects("tick", "monolith")) - before, int(time.time() / TICKS_S) - int(began / TICKS_S) + 2


def test_an_eta_before_a_switch_is_run_once_by_the_new_owner(workers: Workers) -> None:
    """It waits longer than the broker's patience, too, so it is delivered more than once."""
    began = time.monotonic()
    workers.manage("monolith", "strangler", "status")
    eta_s = max(VISIBILITY_S + 3, 5 * (time.monotonic() - began))  # by then even a slow machine has moved the rows
    workers.send("chores.ask", "later", eta_s, to="monolith")
    workers.toggle("service")
    done = workers.effect("later", "service", timeout_s=30 + eta_s)
    assert done.home == "service"
    assert done.hops >= 1
    workers.settle("chores.service")
    assert len(workers.effects("later", "service")) == 1
    # What stands in the monolith has come back with the rows of the service.
    assert all(effect.home == "service" for effect in workers.effects("later", "monolith"))


def test_clocks_tick_on_at_the_new_owner_and_no_period_twice(workers: Workers) -> None:
    """The runs before the move have moved with the rows."""
    found = eventually(
        lambda: (ticks := workers.effects("tick", "service"))[-1].home == "service" and ticks,
        what=f"the service's clock is heard\n{workers.logs()}",
    )
    assert found[0].home == "monolith"
    assert len(found) <= int(time.time() / TICKS_S) - int(workers.started_at / TICKS_S) + 1


def test_while_nobody_owns_a_task_waits_patiently_for_whoever_will(workers: Workers) -> None:
    """A switch back to the monolith has closed the service, and is undone before it has opened the monolith."""
    epoch = workers.epoch()
    workers.own("service", "monolith", epoch + 1)
    task_id, took_s = handed_over(workers, "patient", 5, to="chores.service")
    workers.own("monolith", "service", epoch + 2)
    workers.own("service", "service", epoch + 2)
    done = workers.effect("patient", "service")
    assert took_s > 0.5, "each pause is twice as long as the one before"
    assert (done.task_id, done.home) == (task_id, "service")


def handed_over(workers: Workers, what: str, hops: int, *, to: str) -> tuple[str, float]:
    """Send a task that nobody may run; return its id, and how many seconds it took to be handed over so often."""
    began, task_id = time.monotonic(), workers.send("chores.note", what, to=to)
    eventually(
        lambda: workers.hops_of(task_id) >= hops, what=f"{hops} hops of {what!r}\n{workers.logs()}", every_s=0.005
    )
    return task_id, time.monotonic() - began


def test_without_its_guard_a_run_is_repeated(start_workers: StartWorkers) -> None:
    """The same scenarios find what `once` prevents."""
    with start_workers("monolith", SABOTAGE="once") as workers:
        runs, periods = runs_of_many_ticks(workers)
        assert runs > periods
        assert effects_of_killed_tasks(workers) == {"inside": 1, "committed": 2}


def test_without_their_guards_a_successor_runs_twice_and_a_task_spins(start_workers: StartWorkers) -> None:
    """The same scenarios find what a hand-over that is no success prevents, and what the pauses prevent."""
    with start_workers("monolith", "service", SABOTAGE="backoff,ignore") as workers:
        assert effects_of_a_successor(workers) == 2
        workers.own("monolith", "service", workers.epoch() + 1)
        handed_over(workers, "both are up", 5, to="chores.monolith")
        assert handed_over(workers, "impatient", 50, to="chores.monolith")[1] < 5
