"""The workers of both homes as processes of their own, and whoever watches them: by SQL and by the broker alone."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from celery import Celery

from strangler.events.tasks import HOPS
from tests.support.checker.rows import query
from tests.support.cluster import Cluster
from tests.support.platform import NO_COPY, ROOT
from tests.support.processes import Process, eventually, free_port

HOMES = ("monolith", "service")
VISIBILITY_S = 5
"""After this long the broker gives a killed worker's task to another one."""
_HOSTS = {"monolith": "monolith", "service": "chores"}
_SQL = "SELECT what, task_id, home, hops FROM chores_effect WHERE what = ? ORDER BY at"


class Effect(NamedTuple):
    """One run of a task that committed."""

    what: str
    task_id: str
    home: str
    hops: int


@dataclass(slots=True)
class Workers:
    """
    The two homes of the chores.

    Attributes:
        databases: each home's own.
        gate: the folder in which tasks say how far they are, and find whether they may go on.
        producer: sends tasks as another program would, knowing names and queues.
    """

    folder: Path
    databases: Mapping[str, str]
    environment: dict[str, str]
    gate: Path
    producer: Celery
    running: dict[str, Process] = field(default_factory=dict)
    started_at: float = field(default_factory=time.time)

    def start(self, home: str) -> None:
        """Start a home's worker, with its clock."""
        options = ["--pool", "threads", "-c", "4"]
        self.running[home] = Process.start(
            f"{home}'s worker",
            [sys.executable, "-m", "celery", "-A", "strangler.hosting.celery", "worker", *options,
             "--without-gossip", "--without-mingle"],
            self.folder / f"{home}.log", environment=self._environment(home), folder=ROOT,
        )  # fmt: skip

    def kill(self, home: str) -> None:
        """SIGKILL a home's worker."""
        self.running.pop(home).kill()

    def kill_all(self) -> None:
        """SIGKILL whatever runs: a warm shutdown takes seconds, and nothing here is to be kept."""
        for process in self.running.values():
            process.kill()

    def manage(self, home: str, *arguments: str) -> None:
        """Run `manage.py` as a home; it must succeed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self._environment(home), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}\n{self.logs()}"

    def toggle(self, home: str) -> None:
        """Move the chores, as an operator does."""
        self.manage("monolith", "strangler", "toggle", "chores", home, "--yes")

    def send(self, task: str, *arguments: Any, to: str, **options: Any) -> str:
        """Send a task to a queue, whoever owns the rows; return its id."""
        return str(self.producer.send_task(task, arguments, queue=to, **options).id)

    def effects(self, what: str, home: str) -> list[Effect]:
        """Return the effects that a home's database holds, in their order."""
        return [Effect(*row) for row in query(self.databases[home], _SQL, (what,))]

    def effect(self, what: str, home: str, timeout_s: float = 30) -> Effect:
        """Wait until a home's database holds an effect, which must be the only one."""
        found = eventually(
            lambda: self.effects(what, home), what=f"{what!r} at the {home}\n{self.logs()}", timeout_s=timeout_s
        )
        assert len(found) == 1, found
        return found[0]

    def own(self, home: str, owner: str, epoch: int) -> None:
        """Let a home's own row say who owns the chores."""
        statement = "UPDATE strangler_ownership SET owner = ?, epoch = ? RETURNING capability"
        assert query(self.databases[home], statement, (owner, epoch)) == [("chores",)]

    def epoch(self) -> int:
        """Return the present epoch, as the monolith's row says."""
        return int(query(self.databases["monolith"], "SELECT epoch FROM strangler_ownership")[0][0])

    def settle(self, queue: str) -> None:
        """Wait until nothing is left in a queue or in a worker's hands: on its way between them it is in neither."""
        looks = 0

        def quiet() -> bool:
            nonlocal looks
            looks = looks + 1 if self._is_empty(queue) else 0
            return looks == 5

        eventually(quiet, what=f"all of {queue} is acknowledged\n{self.logs()}")

    def _is_empty(self, queue: str) -> bool:
        with self.producer.connection_for_write() as connection, connection.channel() as channel:
            return not channel.client.llen(queue) and not channel.client.hlen("unacked")

    def hops_of(self, task_id: str) -> int:
        """Return how often a task that some worker has in its hands, waiting for its time, was handed over."""
        with self.producer.connection_for_write() as connection, connection.channel() as channel:
            for raw in channel.client.hvals("unacked"):
                headers = json.loads(raw)[0]["headers"]
                if headers["id"] == task_id:
                    return int(headers.get(HOPS, 0))
        return 0

    def at_the_gate(self, what: str) -> bool:
        """Whether a task waits there."""
        return (self.gate / what).exists()

    def open_gate(self) -> None:
        """Let all go on, now and later."""
        (self.gate / "open").touch()

    def logs(self) -> str:
        """Return the ends of the workers' logs."""
        return "\n".join(process.tail() for process in self.running.values())

    def _environment(self, home: str) -> dict[str, str]:
        return self.environment | {"DJANGO_SETTINGS_MODULE": f"tests.integration.events.hosts.{_HOSTS[home]}"}


@contextmanager
def two_homes(cluster: Cluster, broker: str, *homes: str, **variables: str) -> Iterator[Workers]:
    """Run the workers of *homes* until the block ends; the monolith owns the rows. *variables* are added to theirs."""
    folder = Path(tempfile.mkdtemp(prefix="strangler-workers-"))
    gate = folder / "gate"
    gate.mkdir()
    names = {home: cluster.create(template=_template(cluster, home)) for home in HOMES}
    for name in names.values():
        cluster.execute(name, NO_COPY)
    with _ready_service() as url:
        workers = _workers(folder, {home: cluster.dsn(name) for home, name in names.items()}, broker)
        workers.environment |= {"CHORES_URL": url, "GATE": str(gate), **variables}
        try:
            for home in homes:
                workers.start(home)
            yield workers
        finally:
            workers.kill_all()
            workers.producer.close()
            for name in names.values():
                cluster.drop(name)
            shutil.rmtree(folder, ignore_errors=True)


def _workers(folder: Path, databases: Mapping[str, str], broker: str) -> Workers:
    environment = {
        "PATH": os.environ["PATH"],
        "RUN_DIR": str(folder),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "STRANGLER_KEYS": f"test:{secrets.token_urlsafe(48)}",
        "MONOLITH_DATABASE_URL": databases["monolith"],
        "CHORES_DATABASE_URL": databases["service"],
        "BROKER_URL": broker,
        "TASK_VISIBILITY_S": str(VISIBILITY_S),
        "MONOLITH_INTERNAL_URL": f"http://127.0.0.1:{free_port()}",
        "CHORES_INTERNAL_URL": f"http://127.0.0.1:{free_port()}",
    }
    producer = Celery("producer", broker=broker, set_as_current=False)
    return Workers(folder, databases, environment, folder / "gate", producer)


def _template(cluster: Cluster, home: str) -> str:
    """Return the migrated database that a home's databases are copied from, made at the first call."""
    key = f"chores.{home}"
    if key not in cluster.templates:
        folder, made = Path(tempfile.mkdtemp(prefix="strangler-template-")), cluster.create()
        try:
            _workers(folder, dict.fromkeys(HOMES, cluster.dsn(made)), "").manage(home, "migrate", "--verbosity", "0")
        finally:
            shutil.rmtree(folder)
        cluster.templates[key] = made
    return cluster.templates[key]


class _Ready(BaseHTTPRequestHandler):
    """A move asks whether the service is there; nobody asks it anything else here."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def _ready_service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Ready) as server:
        thread = threading.Thread(target=partial(server.serve_forever, 0.02))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
