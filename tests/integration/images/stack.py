"""The monolith, the catalog's service and the mover, as their images have them, with the roles of a cluster (R3)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import psycopg

from monolith.config.capabilities import CAPABILITIES
from monolith.config.run.postgres import Postgres
from tests.architecture.test_images import contents
from tests.integration.images.service import Service
from tests.support.processes import Process, eventually, free_port

ROOT = Path(__file__).resolve().parents[3]
ROLES = ROOT / "k8s/components/dev-servers/roles.sh"
ENVOYS = "/etc/envoy"
SCRIPTS = ("manage", "dev-key", "envoy")
WORD = "for-these-tests-alone-0123456789abcdef"
HOMES = ("monolith", "catalog")
ADDRESSES = ("monolith", "catalog", "monolith-internal", "catalog-internal")
READY_S, COMMAND_S = 180, 600
DRAIN_S = 2


class Engine(Protocol):
    """Runs what an image has, as a container or as processes."""

    def command(self, image: str, environment: Mapping[str, str], *words: str) -> str:
        """Run a command of an image to its end and return what it printed."""

    def start(self, image: str, environment: Mapping[str, str], *words: str) -> Callable[[], None]:
        """Start a program of an image, and return how it is ended in good order."""


@dataclass(slots=True)
class Processes:
    """An engine without containers: the files of an image in a folder of their own, and nothing else to import."""

    folder: Path
    copied: set[str] = field(default_factory=set)

    def command(self, image: str, environment: Mapping[str, str], *words: str) -> str:
        done = subprocess.run(
            self._words(image, words),
            cwd=self._files(image),
            env=self._environment(image, environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_S,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, image: str, environment: Mapping[str, str], *words: str) -> Callable[[], None]:
        name = f"{image}-{len(list(self.folder.glob('*.log')))}"
        command, log = self._words(image, words), self.folder / f"{name}.log"
        environment = self._environment(image, environment)
        return Process.start(name, command, log, environment=environment, folder=self._files(image)).stop

    def _files(self, image: str) -> Path:
        folder = self.folder / image
        if image not in self.copied:
            kind = image if image in contents.KINDS else "service"
            contents.copy(kind, image, folder)
            self.copied.add(image)
        return folder

    def _words(self, image: str, words: Sequence[str]) -> list[str]:
        first, *rest = words
        script = [str(self._files(image) / "docker/bin" / first), *rest]
        return [sys.executable, *(script if first in SCRIPTS else words)]

    def _environment(self, image: str, environment: Mapping[str, str]) -> dict[str, str]:
        settings = "monolith.config.settings" if image == "monolith" else f"extracted.{image}.settings"
        programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        own = {"DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": str(self._files(image)), "PATH": programs,
               "RUN_DIR": str(self.folder / f"{image}-run")}  # fmt: skip
        return own | dict(environment)


def make_roles(server: Postgres, homes: Sequence[str] = HOMES) -> None:
    """Make databases and roles of *homes* as in a cluster, by the script that a cluster runs."""
    environment = {"PATH": f"{server.binaries}:{os.environ['PATH']}", "PGHOST": "127.0.0.1", "PGPORT": str(server.port),
                   "PGUSER": "postgres", "PGPASSWORD": server.password, "ROLES_PASSWORD": WORD,
                   "DATABASES": " ".join(homes)}  # fmt: skip
    done = subprocess.run(["sh", ROLES], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True, slots=True)
class Pod:
    """A home's program with ports of its own, and how it is ended in good order."""

    home: str
    port: int
    internal: int
    end: Callable[[], None]


@dataclass(slots=True)
class Stack:
    """
    Both homes of the catalog, each behind a Service, and who moves it.

    Attributes:
        services: by home, and by home and `internal` for what other hosts call.
        valkey: its address; empty for none.
        keys: what hosts sign and verify by among themselves (STRANGLER_KEYS).
        pods: by home, the oldest first.
    """

    server: Postgres
    engine: Engine
    services: dict[str, Service]
    valkey: str = ""
    keys: str = f"old:{WORD}"
    pods: dict[str, list[Pod]] = field(default_factory=lambda: {name: [] for name in HOMES})
    mover_port: int = field(default_factory=free_port)

    def database(self, role: str, home: str) -> str:
        """Return the address of a home's database for a role."""
        return f"postgresql://{role}:{WORD}@127.0.0.1:{self.server.port}/{home}"

    def environment(self, **databases: str) -> dict[str, str]:
        """Return what a host is told; *databases* are roles by home."""
        secrets = {name for capability in CAPABILITIES for name in capability.environment if name.endswith("_SECRET")}
        valkey = {"CACHE_URL": self.valkey, "BROKER_URL": f"{self.valkey[:-1]}1"} if self.valkey else {}
        return {
            "DEBUG": "false", "SECURE": "false", "LOG_FORMAT": "json",
            "DRAIN_S": str(DRAIN_S), "TRUST_FORWARDED": "true",
            "SECRET_KEY": WORD, "STRANGLER_KEYS": self.keys,
            **dict.fromkeys(secrets, WORD), **valkey,
            **{f"{home.upper()}_URL": self.address(home) for home in HOMES},
            **{f"{home.upper()}_INTERNAL_URL": self.address(f"{home}-internal") for home in HOMES},
            **{f"{home.upper()}_DATABASE_URL": self.database(role, home) for home, role in databases.items()},
            "JWKS_URL": f"{self.address('monolith')}/.well-known/jwks.json",
        }  # fmt: skip

    def address(self, service: str) -> str:
        """Return where a Service is."""
        return f"http://127.0.0.1:{self.services[service].port}"

    @property
    def monolith(self) -> dict[str, str]:
        """The monolith's own environment; it signs, so it asks nobody for the keys."""
        return self.environment(monolith="monolith") | {"JWKS_URL": ""}

    @property
    def catalog(self) -> dict[str, str]:
        """The service's own environment."""
        return self.environment(monolith="router", catalog="catalog")

    @property
    def mover(self) -> dict[str, str]:
        """What the mover alone is told: owners of both homes."""
        return self.environment(monolith="monolith_owner", catalog="catalog_owner")

    @property
    def edge(self) -> dict[str, str]:
        """What the edge and its agent are told."""
        return self.environment(monolith="router")

    def migrate(self) -> None:
        """Do what the Jobs do, and do the service's again: a repeat is safe."""
        owner = self.environment(monolith="monolith_owner")
        self.engine.command("monolith", owner, "manage", "migrate", "--no-input", "--verbosity", "0")
        self.engine.command("monolith", owner, "manage", "admit_routers", "router")
        owner = self.environment(monolith="router", catalog="catalog_owner")
        for _ in range(2):
            self.engine.command("catalog", owner, "manage", "migrate", "--no-input", "--verbosity", "0")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run both homes, their workers where there is a broker, and the mover until the block ends."""
        ends: list[Callable[[], None]] = []
        try:
            for home in HOMES:
                ends.append(partial(self._end_pods, home))
                self.add(home)
            work = ("-m", "strangler.hosting.work")
            watched = [self.mover_port]
            ends.append(self.engine.start("monolith", self.mover, *work, "moves", "--port", str(self.mover_port)))
            for home in HOMES if self.valkey else ():
                watched.append(free_port())
                words = (*work, "tasks", "--port", str(watched[-1]))
                ends.append(self.engine.start(home, getattr(self, home), *words))
            for port in watched:
                eventually(lambda: ask(port, "/readyz")[0] == 200, what=f"{port} is ready", timeout_s=READY_S)  # noqa: B023
            yield
        finally:
            with ThreadPoolExecutor() as together:
                list(together.map(lambda end: end(), ends))

    def add(self, home: str) -> Pod:
        """Start a pod of a home, and let its Service know it as soon as it says that it is ready."""
        port, internal = free_port(), free_port()
        environment = getattr(self, home) | {"INTERNAL_BIND": f"127.0.0.1:{internal}"}
        serve = ("-m", "strangler.hosting.serve", "--port", str(port))
        signs = ("dev-key", "python") if home == "monolith" else ()
        pod = Pod(home, port, internal, self.engine.start(home, environment, *signs, *serve))
        self.pods[home].append(pod)
        eventually(lambda: ask(port, "/readyz")[0] == 200, what=f"{home} is ready", timeout_s=READY_S, every_s=0.1)
        self.services[home].add(port)
        self.services[f"{home}-internal"].add(internal)
        return pod

    def end(self, pod: Pod) -> None:
        """Let a pod be given nothing new, tell it to end, and return when it has ended."""
        self.forget(pod)
        pod.end()

    def forget(self, pod: Pod) -> None:
        """Let a pod be given nothing new."""
        self.services[pod.home].remove(pod.port)
        self.services[f"{pod.home}-internal"].remove(pod.internal)
        self.pods[pod.home].remove(pod)

    def roll(self, home: str) -> None:
        """Replace every pod of a home, one after another; the next is ready before one goes."""
        for pod in list(self.pods[home]):
            self.add(home)
            self.end(pod)

    def _end_pods(self, home: str) -> None:
        for pod in list(self.pods[home]):
            self.end(pod)

    def ask(self, name: str, path: str) -> tuple[int, dict, Mapping[str, str]]:
        """Ask a home; see the function `ask`."""
        return ask(self.services[name].port, path)

    def move(self, home: str) -> None:
        """Move the catalog; as an operator does, inside the mover."""
        self.engine.command("monolith", self.mover, "manage", "strangler", "toggle", "catalog", home, "--yes")

    def connect(self, role: str, home: str) -> psycopg.Connection:
        """Return a connection of a role to a home's database."""
        return psycopg.connect(self.database(role, home), autocommit=True)


def ask(port: int, path: str) -> tuple[int, dict, Mapping[str, str]]:
    """Return status, body and header of an answer; status 0 while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, json.loads(answer.read() or "{}"), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, {}, error.headers
    except OSError:
        return 0, {}, {}
