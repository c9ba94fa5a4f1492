"""
What events cost: the transaction that publishes, beside ones that do not, and the way to their effect.

The first table times one transaction at a time, of one business row and what is told of it, on one connection. The
peer is an outbox as it is written by hand: one row in the same transaction, and nothing that keeps an order for each
aggregate and subscriber. The second sends events about 100 things through outbox, relay and inbox, each with one row
as its effect, in a transaction of its own; the peer is a loop written by hand around the rows of the first one, with a
row for each event that it has seen. With Celery the relay and the inbox are in a worker process with two threads.
Run: python -m benchmarks.events [--rounds 10] [--transactions 50] [--events 10000] [--passes 3] [--seed N]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

import psutil
from celery import Celery

from benchmarks.harness import commit, cpu_s, table, workplace
from strangler.transport.queues import RELAY
from tests.support.valkey import running_valkey

STORIES = 100
BATCH = 200
Action = Callable[[], object]


class Cost(NamedTuple):
    """What one action took: the wall clock, and the CPU of this process and of its server."""

    wall_us: float
    cpu_us: float
    server_us: float


class Meter:
    """The CPU of this process and of the one server process behind its connection."""

    def __init__(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self.server = psutil.Process(cursor.fetchone()[0])

    def read(self) -> tuple[float, float]:
        """Return the seconds of both."""
        return time.process_time(), cpu_s(self.server)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--transactions", type=int, default=50, help="of each kind in each round")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    given = parser.parse_args()
    random.seed(given.seed)
    with workplace("news") as place:
        os.environ.update(place, DJANGO_SETTINGS_MODULE="benchmarks.news.settings")
        _set_up()
        meter = Meter()
        published = publishing(meter, given)
        delivered = delivering(meter, given)
        brokered = [by_celery(given.events) for _ in range(given.passes)]
        _finish()
    print(f"commit {commit()}, seed {given.seed}, load average {os.getloadavg()[0]:.1f}\n")
    print(f"A transaction, {given.rounds} rounds of {given.transactions}, medians; CPU of all\n")
    print(table(["transaction", "us", "to the bare one", "CPU us", "server's CPU us"], published))
    print(f"\n{given.events:,} events about {STORIES} things, medians of {given.passes} passes\n")
    per_s = statistics.median(brokered)
    delivered.append(["outbox, relay, Celery on Valkey, inbox", f"{per_s:,.0f}", f"{1e6 / per_s:,.0f}", "-", "-"])
    print(table(["way", "events/s", "us per event", "CPU us", "server's CPU us"], delivered))


def _set_up() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from strangler.state import follower

    call_command("migrate", run_syncdb=True, verbosity=0)
    follower.start()


def _finish() -> None:
    from django.db import connections

    from strangler.state import follower

    follower.stop()
    connections.close_all()


def publishing(meter: Meter, given: argparse.Namespace) -> list[list[str]]:
    """Return a row for each kind of transaction."""
    from benchmarks.news.desk.contract import Noted, Spread, Told

    kinds: dict[str, Action] = {
        "one row": lambda: _write(_nothing),
        "with an outbox row by hand": lambda: _write(_by_hand),
        "with publish, no subscriber": lambda: _write(_publishing(Noted)),
        "with publish, one subscriber": lambda: _write(_publishing(Told)),
        "with publish, three subscribers": lambda: _write(_publishing(Spread)),
        "with publish of 10, one subscriber": lambda: _write(_publishing(Told, 10)),
    }
    walls: dict[str, list[float]] = {name: [] for name in kinds}
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    for turn in range(given.rounds + 1):
        for name in random.sample(list(kinds), len(kinds)):
            wall, cpu = _timed(kinds[name], given.transactions, meter)
            if turn:
                walls[name].extend(wall)
                spent[name].append(cpu)
    bare = statistics.median(walls["one row"])
    return [
        [
            name,
            f"{statistics.median(walls[name]):,.0f}",
            f"{statistics.median(walls[name]) / bare:.2f}",
            *(f"{statistics.mean(column):,.0f}" for column in zip(*spent[name], strict=True)),
        ]
        for name in kinds
    ]


def _timed(action: Action, repeats: int, meter: Meter) -> tuple[list[float], tuple[float, float]]:
    """Return the microseconds of each run, and the mean CPU microseconds of this process and of the server."""
    walls, before = [], meter.read()
    for _ in range(repeats):
        began = time.perf_counter()
        action()
        walls.append((time.perf_counter() - began) * 1e6)
    own, server = (after - start for start, after in zip(before, meter.read(), strict=True))
    return walls, (own / repeats * 1e6, server / repeats * 1e6)


_numbers = count()


def _write(tell: Callable[[object], None]) -> None:
    """One transaction with one row, and what is told of it."""
    from django.db import transaction

    from benchmarks.news.desk.models import Row

    with transaction.atomic():
        number = next(_numbers)
        tell(Row.objects.create(story=f"story-{number % STORIES:03}", number=number))


def _nothing(row: object) -> None:
    pass


def _by_hand(row: object) -> None:
    from benchmarks.news.desk.models import Plain

    payload = {"story": row.story, "row_id": str(row.id), "number": row.number, "noted_at": _now().isoformat()}
    Plain.objects.create(topic="bench.story.told.v1", payload=json.dumps(payload))


def _publishing(kind: type, times: int = 1) -> Callable[[object], None]:
    from strangler.events import publish

    def tell(row: object) -> None:
        about = {"story": row.story, "row_id": row.id, "number": row.number, "noted_at": _now()}
        publish(*(kind(**about) for _ in range(times)))

    return tell


def _now() -> object:
    from django.utils import timezone

    return timezone.now()


def delivering(meter: Meter, given: argparse.Namespace) -> list[list[str]]:
    """Return a row for each way within this process."""
    ways: dict[str, tuple[Action, Action]] = {
        "by hand, no order": (lambda: _fill_by_hand(given.events), _drain_by_hand),
        "outbox, relay, inbox": (lambda: _fill(given.events), _drain),
    }
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(given.passes):
        for name in random.sample(list(ways), len(ways)):
            fill, drain = ways[name]
            _forget()
            fill()
            began, before = time.perf_counter(), meter.read()
            drain()
            took = time.perf_counter() - began, *(b - a for a, b in zip(before, meter.read(), strict=True))
            assert _heard() == given.events, f"{name}: {_heard()} effects"
            found[name].append(Cost(*(seconds / given.events * 1e6 for seconds in took)))
    return [_line(name, costs) for name, costs in found.items()]


def _line(name: str, costs: Sequence[Cost]) -> list[str]:
    wall, cpu, server = (statistics.median(column) for column in zip(*costs, strict=True))
    return [name, f"{1e6 / wall:,.0f}", f"{wall:,.0f}", f"{cpu:,.0f}", f"{server:,.0f}"]


def _forget() -> None:
    """Begin with empty tables and with figures of the planner that say so."""
    from django.apps import apps
    from django.db import connection

    names = [model._meta.db_table for label in ("desk", "reader") for model in apps.get_app_config(label).get_models()]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(names)}")


def _stories(events: int) -> Iterator[list[str]]:
    """Yield what each transaction of the filling tells of: a hundred events in random order."""
    for _ in range(0, events, STORIES):
        yield random.sample([f"story-{number:03}" for number in range(STORIES)], STORIES)


def _fill(events: int) -> None:
    from django.db import transaction

    from benchmarks.news.desk.contract import Told
    from strangler.events import publish

    for stories in _stories(events):
        with transaction.atomic():
            publish(*(Told(story=s, row_id=uuid.uuid4(), number=next(_numbers), noted_at=_now()) for s in stories))


def _drain() -> None:
    from strangler.events import relay

    while relay.run_once():
        pass


def _fill_by_hand(events: int) -> None:
    from benchmarks.news.desk.models import Plain

    for stories in _stories(events):
        rows = [Plain(topic="told", payload=json.dumps({"story": s, "number": next(_numbers)})) for s in stories]
        Plain.objects.bulk_create(rows)


def _drain_by_hand() -> None:
    """Take a batch, have each effect once in a transaction of its own, and note the batch as sent."""
    from django.db import connection, transaction

    from benchmarks.news.desk.models import Plain
    from benchmarks.news.reader.models import Heard, PlainSeen

    while rows := list(Plain.objects.filter(sent_at__isnull=True).order_by("id")[:BATCH]):
        for row in rows:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    seen = PlainSeen._meta.db_table
                    cursor.execute(f"INSERT INTO {seen} (event_id) VALUES (%s) ON CONFLICT DO NOTHING", [row.id])
                    first = cursor.rowcount
                if first:
                    payload = json.loads(row.payload)
                    Heard.objects.create(story=payload["story"], number=payload["number"])
        Plain.objects.filter(id__in=[row.id for row in rows]).update(sent_at=_now())


def _heard() -> int:
    from benchmarks.news.reader.models import Heard

    return int(Heard.objects.count())


def by_celery(events: int) -> float:
    """Return how many events per second a worker brings to their effect, from the first effect to the last one."""
    _forget()
    _fill(events)
    with running_valkey() as broker, _working(broker), Celery(broker=broker, set_as_current=False) as asking:
        first = _await(1, events, asking)
        last = _await(events, events, asking)
    return events / (last - first)


@contextmanager
def _working(broker: str) -> Iterator[None]:
    command = [
        sys.executable, "-m", "celery", "-A", "benchmarks.news.worker", "worker", "--pool", "threads", "-c", "2",
        "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    worker = subprocess.Popen(
        command, env={**os.environ, "BROKER_URL": broker}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


def _await(effects: int, events: int, asking: Celery) -> float:
    """Return when there are so many effects; meanwhile ask for the relay each second, as a worker's clock does."""
    deadline, tick_at = time.monotonic() + 30 + events / 20, 0.0
    while (heard := _heard()) < effects:
        if (now := time.monotonic()) > deadline:
            sys.exit(f"{heard} of {effects} effects")
        if now > tick_at:
            asking.send_task(RELAY, queue="monolith", expires=1.0)
            tick_at = now + 1.0
        time.sleep(0.01)
    assert heard <= events
    return time.monotonic()


if __name__ == "__main__":
    main()
