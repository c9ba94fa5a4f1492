"""A whole platform of real processes for one test or many: databases, Valkey, the monolith and services beside it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from monolith.config.capabilities import CAPABILITIES
from monolith.config.run.keys import staff_token
from tests.support.cluster import Cluster
from tests.support.processes import Process, eventually, free_port
from tests.support.shop import fill

ROOT = Path(__file__).resolve().parents[2]
MONOLITH = "monolith"
NAMES = tuple(capability.name for capability in CAPABILITIES)
COMPLETE = tuple(capability.name for capability in CAPABILITIES if capability.complete)
LEAVING = tuple(name for name in NAMES if name not in COMPLETE)
"""The capabilities that can go there and back."""
SETTINGS = {MONOLITH: "monolith.config.settings"} | {name: f"extracted.{name}.settings" for name in NAMES}
BEFORE = SETTINGS | {host: f"tests.support.settings.before.{host}" for host in (MONOLITH, *COMPLETE)}
"""Of the release in which nothing was complete."""
FAULTY_SETTINGS = {host: f"tests.support.settings.{host}" for host in SETTINGS}
"""The same, with whatever faults the environment asks for."""
GAVE_UP = re.compile(r"could not (be locked|begin to keep changes)")
"""What a switch says that did not get between the writers in time."""
Kind = Literal["postgres", "sqlite"]
_MIGRATING, _MIGRATE_S = 2, 300
"""Migrations that run side by side, and how long one of them may take."""
NO_COPY = """UPDATE strangler_ownership SET system = (SELECT concat_ws('.', system_identifier,
 (SELECT oid FROM pg_database WHERE datname = current_database()), left(pg_walfile_name(pg_current_wal_lsn()), 8))
 FROM pg_control_system())"""
"""A database made from a template is not to be taken for one that was restored."""


class Toggled(NamedTuple):
    """What the switch said of itself, and how often it gave up and put everything back before it went through."""

    figures: dict[str, Any]
    refused: int


@dataclass(slots=True)
class Platform:
    """
    A running platform, as one of its capabilities sees it: `of` gives the view of another.

    Attributes:
        capability: whose two homes `homes`, `doors` and `internal_doors` are.
        databases: the address of each running host's own database.
        public: where each host listens, and where one would that does not run.
        internal: where each host listens for calls of other hosts.
        environment: what `manage.py` and the hosts run with.
        settings: each host's settings module.
        servers: the PostgreSQL server of each running host's database; empty on SQLite.
    """

    kind: Kind
    folder: Path
    capability: str
    databases: dict[str, str]
    public: dict[str, str]
    internal: dict[str, str]
    environment: dict[str, str]
    token: str
    settings: Mapping[str, str]
    servers: Mapping[str, Cluster] = field(default_factory=dict)
    hosts: dict[str, Process] = field(default_factory=dict)
    workers: dict[str, Process] = field(default_factory=dict)

    @property
    def homes(self) -> dict[str, str]:
        """The address of each home's database, as the judge takes it."""
        return self._of_homes(self.databases)

    @property
    def doors(self) -> dict[str, str]:
        """The public address of each home."""
        return self._of_homes(self.public)

    @property
    def internal_doors(self) -> dict[str, str]:
        """The address of each home at which other hosts call it."""
        return self._of_homes(self.internal)

    def of(self, capability: str) -> Platform:
        """Return the same platform as *capability* sees it."""
        return replace(self, capability=capability)

    def manage(
        self, *arguments: str, settings: str = "monolith", timeout_s: float = 120, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` to its end; *variables* are added to its environment."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self._environment(settings) | variables, capture_output=True, text=True, timeout=timeout_s,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def strangler(self, *arguments: str, **variables: str) -> dict[str, Any]:
        """Run a verb that must succeed and return its JSON."""
        done = self.manage("strangler", *arguments, "--json", **variables)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}\n{self.logs()}"
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def mover(self, *arguments: str, **variables: str) -> Process:
        """Start a verb as a process of its own that can be stopped, woken and killed."""
        log = self.folder / f"mover-{time.monotonic_ns()}.log"
        command = [sys.executable, "manage.py", "strangler", *arguments]
        environment = self._environment("monolith") | variables
        return Process.start(" ".join(arguments), command, log, environment=environment, folder=ROOT)

    def toggle_until_done(self, home: str, *options: str, refusals_max: int = 3) -> Toggled:
        """
        Move the capability to *home* as an operator does, and return the figures of the switch that went through.

        A switch that cannot get between the writers of a busy machine in time gives up; that costs nobody anything,
        for everything was put back, and the operator repeats it. Any other refusal is a failure.
        """
        for refused in range(refusals_max + 1):
            done = self.manage("strangler", "toggle", self.capability, home, "--yes", "--json", *options, timeout_s=600)
            if done.returncode == 0:
                return Toggled(json.loads(done.stdout)["figures"], refused)
            said = " ".join(done.stderr.split())
            assert GAVE_UP.search(said), f"{done.stderr}\n{self.logs()}"
            assert "Everything was put back" in said, said
            print(f"toggle {home} gave up: {said}")
        raise AssertionError(f"{refusals_max + 1} refusals in a row: {said}")

    def status(self) -> dict[str, Any]:
        """Return the capability's line of `strangler status`."""
        found: list[dict[str, Any]] = self.strangler("status", self.capability)["capabilities"]
        return found[0]

    def create_product(self, home: str, slug: str) -> dict[str, Any]:
        """Make a product through one home's door and return it."""
        body = {"slug": slug, "name": slug}
        status, made = self.request(home, "/api/catalog/products", body=body, Idempotency_Key=slug)
        assert status == 201, (status, made)
        product: dict[str, Any] = made
        return product

    def request(self, home: str, path: str, *, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return (status, body as JSON or text) of a staff request at one home's door; a POST when it has a body."""
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.doors[home] + path, content, headers=sent)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, _body(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _body(error.read())

    def start_host(self, *names: str) -> None:
        """Start hosts side by side and wait until all are ready."""
        for name in names:
            command = [sys.executable, "-m", "strangler.hosting.serve", "--port", self._port(name), "--threads", "48"]
            log = self.folder / f"{name}.log"
            self.hosts[name] = Process.start(name, command, log, environment=self._environment(name), folder=ROOT)
        for name in names:
            host, port = self.hosts[name], self._port(name)
            what = f"{name} is ready\n{host.tail()}"
            eventually(lambda h=host, p=port: self._ready(h, p), what=what, timeout_s=60 * len(names), every_s=0.1)

    def start_worker(self, name: str, **variables: str) -> None:
        """Start the Celery worker of one host, with its clock; *variables* are added to its environment."""
        command = [sys.executable, "-m", "celery", "-A", "strangler.hosting.celery", "worker"]
        command += ["--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle"]
        command += ["--hostname", f"{name}@%h"]
        log = self.folder / f"{name}-worker.log"
        environment = self._environment(name) | variables
        self.workers[name] = Process.start(f"{name}-worker", command, log, environment=environment, folder=ROOT)

    def kill_worker(self, name: str) -> None:
        """SIGKILL a worker and its clock, if they run."""
        if name in self.workers:
            self.workers.pop(name).kill()

    def stop(self) -> None:
        """Stop everything that runs."""
        for name in list(self.workers):
            self.kill_worker(name)
        for host in self.hosts.values():
            host.stop()

    def logs(self) -> str:
        """Return the ends of all logs."""
        return "\n".join(process.tail() for process in (*self.hosts.values(), *self.workers.values()))

    def _of_homes(self, of_hosts: Mapping[str, str]) -> dict[str, str]:
        return {"monolith": of_hosts[MONOLITH], "service": of_hosts[self.capability]}

    def _port(self, name: str) -> str:
        return self.public[name].rpartition(":")[2]

    def _environment(self, settings: str) -> dict[str, str]:
        return self.environment | {"DJANGO_SETTINGS_MODULE": self.settings[settings]}

    def _ready(self, host: Process, port: str) -> bool:
        assert host.alive(), host.tail(60)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def running_platform(
    server: Cluster | Mapping[str, Cluster] | None,
    *,
    products: int,
    services: Sequence[str] = ("catalog",),
    settings: Mapping[str, str] = SETTINGS,
    **variables: str,
) -> Iterator[Platform]:
    """
    Run a platform with *products* products in the monolith until the block ends.

    Args:
        server: where the databases are made, or where those of each home are; None for SQLite files.
        services: the capabilities that have a host of their own; the first one is the platform's `capability`.
        settings: each host's settings module.
        variables: added to the environment of everything.
    """
    folder = Path(tempfile.mkdtemp(prefix="strangler-platform-"))
    hosts = (*services, MONOLITH)
    servers = _servers(server, hosts)
    made: dict[str, str] = {}
    try:
        _make_templates(servers, settings)
        for host, its in servers.items():
            made[host] = its.create(template=its.templates[settings[host]])
            its.execute(made[host], NO_COPY)
        databases = {host: servers[host].dsn(name) for host, name in made.items()}
        if not server:
            databases = {host: str(folder / f"{host}.sqlite3") for host in hosts}
        platform = _platform("postgres" if server else "sqlite", folder, databases, settings, variables)
        platform.servers = servers
        if not server:
            _migrate(platform, MONOLITH, *services)  # a service that is shipped complete asks what the monolith's says
        if products:
            fill(databases[MONOLITH], products)
        try:
            platform.start_host(*hosts)
            yield platform
        finally:
            platform.stop()
    finally:
        for host, name in made.items():
            servers[host].drop(name)
        shutil.rmtree(folder, ignore_errors=True)


def _servers(server: Cluster | Mapping[str, Cluster] | None, hosts: Sequence[str]) -> dict[str, Cluster]:
    if server is None:
        return {}
    if isinstance(server, Cluster):
        return dict.fromkeys(hosts, server)
    return {host: server["monolith" if host == MONOLITH else "service"] for host in hosts}


def _platform(
    kind: Kind, folder: Path, databases: dict[str, str], settings: Mapping[str, str], variables: dict[str, str]
) -> Platform:
    """Hosts that do not run have addresses as well, so that nobody looks for them at the usual ones."""
    public = {host: f"http://127.0.0.1:{free_port()}" for host in settings}
    internal = {host: f"http://127.0.0.1:{free_port()}" for host in settings}
    token = _make_keys(folder / "keys")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "RUN_DIR": str(folder),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "STRANGLER_KEYS": f"test:{secrets.token_urlsafe(48)}",
        **{f"{host.upper()}_URL": url for host, url in public.items()},
        **{f"{host.upper()}_INTERNAL_URL": url for host, url in internal.items()},
        **{f"{host.upper()}_DATABASE_URL": _url(kind, address) for host, address in databases.items()},
        "LOG_LEVEL": "WARNING",
        **variables,
    }
    return Platform(kind, folder, next(iter(databases)), databases, public, internal, environment, token, settings)


def _url(kind: Kind, address: str) -> str:
    return address if kind == "postgres" else f"sqlite:///{address}"


def _make_keys(folder: Path) -> str:
    """Make the key pair that every host trusts and return a staff token."""
    return staff_token(folder, subject="checker", ttl_s=86_400)


def _make_templates(servers: Mapping[str, Cluster], settings: Mapping[str, str]) -> None:
    """
    Make the migrated databases that the hosts' databases are copied from, as far as they are not there.

    Services are migrated beside the monolith's: one that is shipped complete asks what that says.
    """
    _fill_templates(servers, [host for host in servers if host == MONOLITH], settings)
    _fill_templates(servers, [host for host in servers if host != MONOLITH], settings)


def _fill_templates(servers: Mapping[str, Cluster], hosts: Sequence[str], settings: Mapping[str, str]) -> None:
    made = {host: servers[host].create() for host in hosts if settings[host] not in servers[host].templates}

    def fill(host: str) -> None:
        names = {MONOLITH: servers[MONOLITH].templates.get(settings[MONOLITH]), host: made[host]}
        databases = {at: servers[at].dsn(name) for at, name in names.items() if name}
        with tempfile.TemporaryDirectory(prefix="strangler-template-") as folder:
            _migrate(_platform("postgres", Path(folder), databases, settings, {}), host)
        servers[host].templates[settings[host]] = made[host]

    with ThreadPoolExecutor(_MIGRATING) as pool:
        list(pool.map(fill, made))


def _migrate(platform: Platform, *hosts: str) -> None:
    for host in hosts:
        done = platform.manage("migrate", "--verbosity", "0", settings=host, timeout_s=_MIGRATE_S)
        assert done.returncode == 0, done.stderr


def _body(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
