"""Random programs by several writers, while appliers run and die: at the end the rows are the same."""

import json
import os
import random
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import DatabaseError, connections

from strangler.models import Stream as Row
from strangler.replication.keylog.applier import Applier
from tests.integration.replication.keylog.conftest import TABLES
from tests.integration.replication.keylog.program import Writer
from tests.support.fixtures import long_version
from tests.support.processes import Process, eventually

WRITERS = 4


class Died(Exception):
    """Stands for SIGKILL at a place where the databases would notice."""


class Mortal(Applier):
    """Dies now and then: before it has written, before the target commits, or before it clears the log."""

    batch_entries = 7

    def _bring(self, batch, timeout_s):
        self.perhaps()
        super()._bring(batch, timeout_s)
        self.perhaps()

    def _clear(self, batch):
        self.perhaps()
        super()._clear(batch)

    def perhaps(self):
        if self.random.random() < 0.15:
            self.deaths.append(1)
            raise Died


class Crew:
    """Appliers in threads, each of which is followed by another when it dies."""

    def __init__(self, pair, seed, number=2):
        self.pair = pair
        self.deaths, self.applied, self.failures = [], [], []
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=[seed + n]) for n in range(number)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()

    def work(self, seed):
        dice = random.Random(seed)
        while not self.done.is_set():
            with self.pair.applier(Mortal, random=dice, deaths=self.deaths) as applier:
                try:
                    while not self.done.is_set():
                        if count := applier.apply():
                            self.applied.append(count)
                        else:
                            self.done.wait(0.01)
                except Died:
                    pass
                except DatabaseError as error:
                    self.failures.append(str(error))
        connections.close_all()


def write(pair, seed, transactions):
    writers = [Writer(pair, seed * 100 + n) for n in range(WRITERS)]
    threads = [threading.Thread(target=writer.run, args=[transactions]) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(writer.committed for writer in writers)


@pytest.mark.parametrize("transactions", [40, long_version(1_500, timeout_s=900)])
def test_rows_are_the_same_after_any_program(pair, seed, transactions):
    """It begins with rows that are there, so that the first copy takes place under writers as well."""
    assert write(pair, seed, 15) > 10
    pair.stream.arm()
    with Crew(pair, seed) as crew:
        pair.stream.start(copy=True)
        assert write(pair, seed + 1, transactions) > transactions
    pair.drain()
    assert pair.equal()
    assert crew.deaths
    assert crew.applied
    assert len(crew.failures) <= 3, crew.failures  # busy files, at most


@contextmanager
def process(pair, folder: Path):
    """Run `strangler.replication.keylog.applying` in a process of its own."""
    entries = {alias: connections.settings[alias] for alias in ("default", "sample_service")}
    file = folder / "entries.json"
    file.write_text(json.dumps([entries, TABLES], default=str))
    command = [sys.executable, "-m", "tests.integration.replication.keylog.serving", str(file)]
    started = Process.start("applier", command, folder / "applier.log", environment=os.environ)
    try:
        yield started
    finally:
        started.kill()


@pytest.mark.parametrize("kills", [2, long_version(40, timeout_s=900)])
def test_killed_processes_lose_nothing(pair, seed, tmp_path, kills):
    write(pair, seed, 10)
    pair.stream.arm()
    pair.stream.log.ask_for_all(pair.stream.tables)
    Row.objects.create(capability="sample", source="monolith", target="service", kind="keylog", state="streaming")
    for number in range(kills):
        with process(pair, tmp_path) as applier:
            write(pair, seed + number, 10)
            try:
                eventually(lambda: empty(pair), what="it applies", timeout_s=20)
            except AssertionError:
                raise AssertionError(applier.tail()) from None
            kill_at_work(pair, applier, seed + 50 + number)
    pair.drain()
    assert pair.equal()


def kill_at_work(pair, applier, seed):
    writing = threading.Thread(target=write, args=[pair, seed, 10])
    writing.start()
    eventually(lambda: not empty(pair) or not writing.is_alive(), what="something to kill it at", every_s=0.001)
    applier.kill()
    writing.join()


def empty(pair):
    return pair.run("SELECT count(*) FROM strangler_changed_key") == [(0,)]
