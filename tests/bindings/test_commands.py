"""A command has one effect: when its outcome was lost, when many send it, and when it moves in between (R13)."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections

from strangler.bindings import loopback
from strangler.bindings.local import Local
from strangler.contract import CommandInProgress
from strangler.transport.errors import RemoteCallError, TimedOut, Unreachable
from tests.bindings.conftest import bound, move, playing, rows
from tests.bindings.counter.contract import counter
from tests.support.platform import Platform
from tests.support.processes import eventually

pytestmark = pytest.mark.platform
THREADS = 50


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def new() -> str:
    return uuid.uuid4().hex


def effects(platform: Platform, home: str, name: str) -> Counter[str]:
    found = rows(platform.of("counter"), home, f"SELECT key FROM counter_effect WHERE name = '{name}'")
    return Counter(key for (key,) in found)


def in_threads(number: int, work: Callable[[int], Any]) -> list[Any]:
    """Run *work* in so many threads at one moment, each with connections of its own."""
    gate = threading.Barrier(number)

    def run(n: int) -> Any:
        try:
            gate.wait(30)
            return work(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_command_that_timed_out_after_its_work_is_done_once(platform: Platform) -> None:
    name, key = new(), new()
    with bound(counter, platform, "remote") as client:
        with pytest.raises((TimedOut, CommandInProgress)):
            client.add_slowly(key=key, name=name, nap_s=0.8)
        eventually(lambda: effects(platform, "service", name), what="the work is done although nobody waited")
        assert client.add_slowly(key=key, name=name, nap_s=0.8).total == 1
        assert effects(platform, "service", name) == {key: 1}


@pytest.mark.parametrize("way", [("monolith", "service"), ("service", "monolith")], ids="-".join)
def test_command_that_moved_between_two_tries_is_done_once(platform: Platform, way: tuple[str, str]) -> None:
    first_home, then = way
    name, key = new(), new()
    seen = platform.of("counter")
    move(seen, first_home)
    with playing(platform, "monolith"):
        first = counter().add(key=key, name=name, amount=5)
    move(seen, then)
    with playing(platform, "monolith"):
        assert counter().add(key=key, name=name, amount=5) == first
    assert effects(platform, then, name) == {key: 1}


@pytest.mark.parametrize("way", ["local", "loopback", "remote"])
def test_many_with_one_key_have_one_effect(platform: Platform, way: str) -> None:
    """The rest are told the first outcome, or that it is under way."""
    name, key = new(), new()
    with bound(counter, platform, way) as client:

        def add(_: int) -> Any:
            try:
                return client.add(key=key, name=name, nap_s=0.05)
            except CommandInProgress as refusal:
                return refusal.code

        outcomes = in_threads(THREADS, add)
    home = "service" if way == "remote" else "monolith"
    assert effects(platform, home, name) == {key: 1}
    told = {outcome for outcome in outcomes if not isinstance(outcome, str)}
    assert len(told) == 1, told
    assert {outcome for outcome in outcomes if isinstance(outcome, str)} <= {"command_in_progress"}


def test_without_its_memory_a_repeat_has_two_effects(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests above bite."""
    monkeypatch.setattr(Local, "_run_once", _forgetful)
    name, key = new(), new()
    with bound(counter, platform, "local"), loopback(counter) as client:
        client.add(key=key, name=name)
    assert effects(platform, "monolith", name) == {key: 2}


def _forgetful(self: Local, operation: Any, arguments: Any) -> Any:
    from django.db import transaction

    with transaction.atomic():
        return self.method(operation)(**arguments)


def test_command_whose_service_is_killed_is_done_once(platform: Platform) -> None:
    """SIGKILL while it runs: nothing has happened, or all of it; the repeat with its key settles which."""
    name, key = new(), new()
    with bound(counter, platform, "remote") as client, ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.add, key=key, name=name, nap_s=1.0)
        eventually(lambda: running.running(), what="the call is under way")
        platform.hosts["counter"].kill()
        with pytest.raises(RemoteCallError):
            running.result(30)
        with pytest.raises(Unreachable):
            client.totals(names=(name,))
        platform.start_host("counter")
        assert _until_answered(lambda: client.add(key=key, name=name, nap_s=1.0)).total == 1
    assert effects(platform, "service", name) == {key: 1}


@pytest.mark.parametrize("host", ["monolith", "counter", "caller"])
def test_calls_go_on_while_the_capability_moves(platform: Platform, host: str) -> None:
    """Whatever was acknowledged has had one effect, and every caller reads what it has written."""
    name, seen = new(), platform.of("counter")
    move(seen, "monolith")
    with playing(platform, host), in_background(4, lambda n: _add_and_look(f"{name}-{n}")) as acknowledged:
        for home in ("service", "monolith"):
            move(seen, home)
            before = len(acknowledged)
            eventually(lambda before=before: len(acknowledged) > before + 4, what="calls go on", timeout_s=30)
    done = Counter(acknowledged)
    found = {
        key: count
        for key, count in rows(seen, "monolith", "SELECT key, count(*) FROM counter_effect GROUP BY key")
        if key.startswith(name)
    }
    assert len(done) > 10
    assert dict.fromkeys(done, 1) == {key: found.get(key, 0) for key in done}, "lost or doubled"
    assert all(count == 1 for count in found.values()), "doubled without being acknowledged"


def _add_and_look(name: str) -> str:
    """Add once, as a careful caller does: with the same key until the outcome is known; then read it back."""
    key = f"{name}-{new()}"
    total = _until_answered(lambda: counter().add(key=key, name=name)).total
    assert _until_answered(lambda: counter().totals(names=(name,))).get(name, 0) >= total, "an own write was not read"
    return key


def _until_answered(call: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 30
    while True:
        try:
            return call()
        except (RemoteCallError, CommandInProgress) as error:
            if time.monotonic() > deadline:
                raise AssertionError("no answer") from error
            time.sleep(0.02)  # as a caller would who has something else to do


@contextmanager
def in_background(threads: int, work: Callable[[int], str]) -> Iterator[list[str]]:
    """Run *work* again and again in so many threads; yields what it has returned so far, all of it at the end."""
    over, results = threading.Event(), list[str]()

    def run(n: int) -> None:
        try:
            while not over.is_set():
                results.append(work(n))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(run, n) for n in range(threads)]
        try:
            yield results
        finally:
            over.set()
            for future in futures:
                future.result(60)
