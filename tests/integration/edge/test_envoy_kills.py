"""
SIGKILL, in turn, to everything around an Envoy that real hosts stand behind, under open-loop load.

What the design promises not to fail does not fail: reads that may be old, and everything of a capability whose own home
lives. Whatever else fails is counted and told.
"""

from __future__ import annotations

import json
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from monolith.config.run.keys import staff_token
from strangler.edge.envoy.admin import Admin
from strangler.edge.envoy.program import command
from tests.support.cluster import Cluster
from tests.support.evidence import record_part
from tests.support.openloop import Loop, open_loop
from tests.support.platform import ROOT, Platform
from tests.support.processes import Process, eventually, free_port

pytestmark = pytest.mark.platform
PER_S, ROUNDS = 10, 3
_IN_STEP = """SELECT bool_and(r.version = v.version) FROM strangler_router r, strangler_version v
 WHERE r.host = 'edge' AND r.seen_at > extract(epoch FROM clock_timestamp()) - 3"""
_ROWS_FLOW = """SELECT bool_and(pid IS NOT NULL AND latest_end_time > clock_timestamp() - interval '3 s')
 FROM pg_stat_subscription WHERE relid IS NULL"""
HOSTS = {"service": "catalog", "monolith": "monolith"}


@dataclass
class Before:
    """An Envoy and an agent before a platform; both are processes that can be killed."""

    platform: Platform
    folder: Path
    listen: str
    admin: str
    processes: dict[str, Process]

    def start(self, name: str) -> None:
        """Start the edge or the agent, as their supervisor would."""
        agent = [sys.executable, "manage.py", "strangler", "edge-agent"]
        argv = {
            "edge": command(self.folder / "envoy.json"),
            "agent": [*agent, "--folder", str(self.folder), "--admin", self.admin],
        }[name]
        environment = self.platform.environment | {"DJANGO_SETTINGS_MODULE": self.platform.settings["monolith"]}
        log = self.folder / f"{name}.log"
        self.processes[name] = Process.start(name, argv, log, environment=environment, folder=ROOT)

    def process(self, name: str) -> Process:
        """Return the process that does the work of *name*."""
        return self.processes.get(name) or self.platform.hosts[HOSTS[name]]

    def database(self, name: str) -> Cluster:
        """Return the PostgreSQL server of the home in *name*."""
        return self.platform.servers[HOSTS[name.partition("'")[0]]]

    def in_step(self) -> bool:
        """Whether the agent is there and obeys the newest version."""
        return self._is_true(_IN_STEP)

    def rows_flow(self) -> bool:
        """Whether what the service writes arrives in the monolith's copy."""
        return self._is_true(_ROWS_FLOW)

    def _is_true(self, query: str) -> bool:
        try:
            with psycopg.connect(self.platform.databases["monolith"]) as connection:
                return connection.execute(query).fetchone() == (True,)
        except psycopg.OperationalError:  # it is only just starting
            return False


@contextmanager
def standing_before(platform: Platform, folder: Path) -> Iterator[Before]:
    listen, internal, admin = (f"127.0.0.1:{free_port()}" for _ in range(3))
    done = platform.manage(
        "strangler", "render", "envoy", "--out", str(folder), "--listen", listen, "--internal", internal,
        "--admin", admin, "--access-log", str(folder / "access.log"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    before = Before(platform, folder, listen, admin, {})
    try:
        for name in ("edge", "agent"):
            before.start(name)
        eventually(Admin(admin).is_ready, what=f"Envoy is ready {before.processes['edge'].tail(5)[:2000]}")
        eventually(before.in_step, what=f"in step {before.processes['agent'].tail()}", timeout_s=90, every_s=0.1)
        yield before
    finally:
        for process in before.processes.values():
            process.stop()


def kinds_of(platform: Platform) -> dict[str, Callable[[], bytes]]:
    """
    Return a request of each kind; the catalog lives in its service, and the inventory in the monolith.

    Who reads is not who writes: an answer that may be old is for nobody who has just written (R10).
    """
    reader = staff_token(platform.folder / "keys", subject="reader")

    def get(path: str) -> Callable[[], bytes]:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {reader}\r\n\r\n"
        return head.encode

    def post(path: str, body: Callable[[str], dict[str, str]]) -> Callable[[], bytes]:
        def made() -> bytes:
            name = f"e{uuid.uuid4().hex[:12]}"
            content = json.dumps(body(name))
            return (
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {platform.token}\r\n"
                f"Content-Type: application/json\r\nIdempotency-Key: {name}\r\n"
                f"Content-Length: {len(content)}\r\n\r\n{content}"
            ).encode()

        return made

    return {
        "catalog read": get("/api/catalog/products?limit=1"),
        "catalog write": post("/api/catalog/categories", lambda name: {"slug": name, "name": name}),
        "inventory read": get("/api/inventory/movements?limit=1"),
        "inventory write": post("/api/inventory/warehouses", lambda name: {"code": name.upper()}),
    }


CATALOG = {"catalog read", "catalog write"}
INVENTORY = {"inventory read", "inventory write"}
PROMISED = {
    "agent": CATALOG | INVENTORY,
    "service": {"catalog read"} | INVENTORY,
    "monolith": CATALOG,
    "edge": set[str](),
    "service's database": {"catalog read"} | INVENTORY,
    "monolith's database": CATALOG,
}
"""What may not fail, by who dies: reads that may be old, and everything of a capability whose own home lives."""


@pytest.fixture(scope="module")
def before(two_server_platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Before]:
    """The edge of a platform whose catalog has moved."""
    two_server_platform.toggle_until_done("service")
    with standing_before(two_server_platform, tmp_path_factory.mktemp("edge")) as before:
        yield before


@pytest.mark.timeout(900)
def test_what_is_promised_does_not_fail(before: Before, seed: int) -> None:
    """Two of the deaths, by the seed."""
    for event in random.Random(f"kills:{seed}").sample(sorted(PROMISED), 2):
        loops = under_load(before, event)
        print(event, {kind: figures(loop) for kind, loop in loops.items()})
        assert_promised(event, loops)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("event", sorted(PROMISED))
def test_what_is_promised_does_not_fail_however_often(before: Before, event: str, seed: int) -> None:
    found: dict[str, dict[str, Any]] = {}
    for _ in range(ROUNDS):
        loops = under_load(before, event)
        for kind, loop in loops.items():
            add(found.setdefault(kind, {}), figures(loop))
        assert_promised(event, loops)
    promised = sorted(PROMISED[event])
    record_part("edge-kills", event, seed=seed, rounds=ROUNDS, per_s=PER_S, may_not_fail=promised, found=found)


def under_load(before: Before, event: str) -> dict[str, Loop]:
    """Kill and restore one process while requests of all kinds come in; return what became of them."""
    eventually(before.in_step, what=f"in step before {event}", timeout_s=90, every_s=0.1)
    with open_loop(before.listen, kinds_of(before.platform), per_s=PER_S, home_field="strangler-home") as loops:
        eventually(lambda: asked(loops, 6) and before.rows_flow(), what=f"all is well before {event}", timeout_s=90)
        asked_before = {kind: loop.asked for kind, loop in loops.items()}
        kill(before, event)
        alive = {kind: loops[kind] for kind in PROMISED[event]}
        patient_until = time.monotonic() + 20  # who waits for a database that is gone is not asked so often
        eventually(
            lambda: asked(alive, 15 if time.monotonic() < patient_until else 2, since=asked_before),
            what=f"{event} is missed", timeout_s=90,
        )  # fmt: skip
        restore(before, event)
        asked_before = {kind: sum(loop.homes.values()) for kind, loop in loops.items()}
        eventually(
            lambda: all(sum(loop.homes.values()) > asked_before[kind] + 5 for kind, loop in loops.items()),
            what=f"all is well after {event}: {loops}", timeout_s=90,
        )  # fmt: skip
    return loops


def asked(loops: Mapping[str, Loop], times: int, *, since: Mapping[str, int] | None = None) -> bool:
    """Whether each was asked so often."""
    return all(loop.asked >= (since or {}).get(kind, 0) + times for kind, loop in loops.items())


def kill(before: Before, event: str) -> None:
    """SIGKILL what *event* names."""
    if event.endswith("database"):
        before.database(event).kill()
    else:
        before.process(event).kill()


def restore(before: Before, event: str) -> None:
    """Start it again, as its supervisor does, and return when it does its work."""
    if event.endswith("database"):
        before.database(event).start()
    elif event in before.processes:
        before.start(event)
    else:
        before.platform.start_host(HOSTS[event])
    eventually(Admin(before.admin).is_ready, what=f"Envoy is ready after {event}", timeout_s=90, every_s=0.1)
    eventually(before.in_step, what=f"in step after {event}", timeout_s=90, every_s=0.1)


def figures(loop: Loop) -> dict[str, Any]:
    """Return what became of the requests of one kind, and who answered them."""
    return {"failed": len(loop.failed), "slowest_s": round(loop.slowest_s, 2)} | dict(loop.homes)


def add(total: dict[str, Any], one: Mapping[str, Any]) -> None:
    """Add the figures of another death."""
    for name, value in one.items():
        total[name] = max(total.get(name, 0), value) if name == "slowest_s" else total.get(name, 0) + value


def assert_promised(event: str, loops: Mapping[str, Loop]) -> None:
    failed = {kind: loops[kind].failed[:3] for kind in PROMISED[event] if loops[kind].failed}
    assert failed == {}, (event, failed)
