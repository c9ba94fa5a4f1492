"""A platform of a publisher and a subscriber, and what tests ask of its databases by SQL."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg
import redis

from tests.events.hosts import SETTINGS
from tests.support.checker.rows import owner, query
from tests.support.fixtures import StartPlatform
from tests.support.platform import ROOT, Kind, Platform
from tests.support.processes import Process, eventually
from tests.support.valkey import running_valkey

HOSTS = tuple(SETTINGS)
BROKER = "broker"
VISIBILITY_S = 5
_PASSING = ("Everything was put back", "start it, then repeat")
_OPEN = (
    ("press", "SELECT count(*) FROM press_outbox_copy WHERE confirmed_at IS NULL AND dead_at IS NULL"),
    ("reader", "SELECT count(*) FROM reader_inbox WHERE handled_at IS NULL AND dead_at IS NULL"),
)
_TICK = b"strangler.relay"


@dataclass(slots=True)
class Mover:
    """Moves capabilities from a process that stays."""

    process: subprocess.Popen[str]

    def toggle(self, capability: str, home: str) -> dict[str, Any]:
        """Move a capability, as soon as nothing is in the way any longer, and return the figures."""
        refusals: list[str] = []
        (figures,) = eventually(
            lambda: self._try(capability, home, refusals),
            what=f"{capability} moves to its {home}: {refusals}", timeout_s=30, every_s=0.2,
        )  # fmt: skip
        return figures

    def _try(self, capability: str, home: str, refusals: list[str]) -> list[dict[str, Any]]:
        """A busy machine may make the switch give up, and a service that was killed cannot be asked: both for free."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{capability} {home}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "figures" in answer:
            return [answer["figures"]]
        refusal = " ".join(answer["refused"].split())
        assert any(words in refusal for words in _PASSING), refusal
        refusals.append(refusal)
        return []


@dataclass(slots=True)
class Pair:
    """Press and reader, two homes each; *broker* is where their workers meet, or empty: then relays are threads."""

    platform: Platform
    broker: str
    mover: Mover

    @property
    def press(self) -> Platform:
        """The platform as the publisher sees it."""
        return self.platform.of("press")

    @property
    def reader(self) -> Platform:
        """The platform as the subscriber sees it."""
        return self.platform.of("reader")

    def start_workers(self, *names: str, **variables: str) -> None:
        """Start the workers of some hosts, or of all, unless they run; *variables* are added to their environment."""
        for name in names or HOSTS:
            if name not in self.platform.workers:
                self.platform.start_worker(name, **variables)

    def kill_workers(self, *names: str) -> None:
        """SIGKILL the workers of some hosts, or of all."""
        for name in names or HOSTS:
            self.platform.kill_worker(name)

    @property
    def victims(self) -> tuple[str, ...]:
        """What `strike` takes: the hosts, and the broker if there is one."""
        return (*HOSTS, BROKER) if self.broker else HOSTS

    def strike(self, victim: str) -> None:
        """SIGKILL a host's relay with the process that it is in, and start that again; or let the broker forget all."""
        if victim == BROKER:
            with redis.Redis.from_url(self.broker) as broker:
                broker.flushall()
        elif self.broker:
            self.kill_workers(victim)
            self.start_workers(victim)
        else:
            self.platform.hosts.pop(victim).kill()
            self.platform.start_host(victim)

    def write(self, aggregate: str, *numbers: int) -> None:
        """Have notes written at the monolith's door."""
        for n in numbers:
            body, key = {"aggregate": aggregate, "n": n}, f"{aggregate}-{n}"
            status, said = self.press.request("monolith", "/api/press/notes", body=body, Idempotency_Key=key)
            assert status == 201, said

    def ask(self, capability: str, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Read the database of the home that owns the capability's rows; `?` stands for a parameter."""
        return query(self._owners_database(capability), sql, parameters)

    def change(self, capability: str, sql: str, *parameters: Any) -> int:
        """Change rows of the home that owns them, and return how many."""
        database = self._owners_database(capability)
        if database.startswith("postgres"):
            with psycopg.connect(database) as connection:
                return connection.execute(sql.replace("?", "%s").encode(), parameters).rowcount
        with closing(sqlite3.connect(database, timeout=20)) as file, file:
            return file.execute(sql, parameters).rowcount

    def effects(self, aggregate: str) -> list[int]:
        """Return the numbers of the notes whose effect the reader had, in that order."""
        rows = self.ask("reader", "SELECT n FROM reader_effect WHERE aggregate = ? ORDER BY at", aggregate)
        return [n for (n,) in rows]

    def wait_for_effects(self, aggregate: str, *numbers: int) -> None:
        """Return when the reader had these effects of an aggregate and no other. Raises: AssertionError."""
        eventually(
            lambda: self.effects(aggregate) == list(numbers),
            what=f"{aggregate} has {numbers}, not {self.effects(aggregate)}\n{self.platform.logs()}",
            every_s=0.1,
        )

    def copies(self, run: str) -> dict[str, int]:
        """Return how many copies of a run's events were sent once, and how many again."""
        sent = self.ask("press", "SELECT attempts FROM press_outbox_copy WHERE aggregate LIKE ?", f"note:{run}-%")
        return {"sent_once": sum(n == 1 for (n,) in sent), "sent_again": sum(n > 1 for (n,) in sent)}

    def wait_until_settled(self, timeout_s: float = 60) -> None:
        """Return when every copy was confirmed and every message handled, or given up. Raises: AssertionError."""
        eventually(
            lambda: not any(self.ask(capability, sql)[0][0] for capability, sql in _OPEN),
            what=f"everything was delivered\n{self.platform.logs()}", timeout_s=timeout_s, every_s=0.1,
        )  # fmt: skip

    def wait_until_drained(self, timeout_s: float = 30) -> None:
        """Return when the broker has nothing, and has given nothing to workers that they have not acknowledged."""
        eventually(lambda: not self.waiting(), what="the queues are empty", timeout_s=timeout_s, every_s=0.1)

    def waiting(self) -> int:
        """Return how many tasks of the capabilities the broker has, taken or not."""
        with redis.Redis.from_url(self.broker) as broker:
            queued = sum(broker.llen(f"{name}.{home}") for name in ("press", "reader") for home in self.press.homes)
            return int(queued) + sum(_TICK not in task for task in broker.hvals("unacked"))

    def sent(self) -> int:
        """Return how many tasks were ever given to the broker, ticks included."""
        with redis.Redis.from_url(self.broker) as broker:
            return int(broker.info("commandstats")["cmdstat_lpush"]["calls"])

    def stopped(self, process: Process) -> bool:
        """Whether a process that is to stop itself has done so. Raises: AssertionError, when it has ended."""
        assert process.alive(), f"it ended before it was stopped\n{process.tail()}"
        return bool(psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)

    def owner(self, capability: str) -> str:
        """Return the home whose own row says that it owns the capability."""
        homes = self.platform.of(capability).homes
        return next(home for home, dsn in homes.items() if owner(dsn, capability)[0] == home)

    def _owners_database(self, capability: str) -> str:
        return self.platform.of(capability).homes[self.owner(capability)]


@contextmanager
def running_pair(
    start_platform: StartPlatform, kind: Kind = "postgres", *, workers: bool = True, **variables: str
) -> Iterator[Pair]:
    """Run both with their two homes, and with workers and a broker of their own unless *workers* is false."""
    with ExitStack() as stack:
        broker = stack.enter_context(running_valkey()) if workers else ""
        if broker:
            variables |= {"BROKER_URL": broker, "TASK_VISIBILITY_S": str(VISIBILITY_S)}
        services = {"services": ("press", "reader"), "settings": SETTINGS}
        platform = stack.enter_context(start_platform(kind, products=0, **services, **variables))
        pair = Pair(platform, broker, stack.enter_context(_running_mover(platform)))
        if broker:
            pair.start_workers()
        yield pair


@contextmanager
def _running_mover(platform: Platform) -> Iterator[Mover]:
    environment = platform.environment | {"DJANGO_SETTINGS_MODULE": SETTINGS["monolith"]}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-m", "tests.events.mover"], env=environment, cwd=ROOT, **pipes)
    with process:
        try:
            yield Mover(process)
        finally:
            process.send_signal(signal.SIGKILL)
