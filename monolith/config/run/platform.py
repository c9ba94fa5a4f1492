"""The platform: servers, hosts and workers, from an empty folder to the first answer, and back to nothing."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg

from monolith.config.run.commands import run_commands
from monolith.config.run.edge import Edge
from monolith.config.run.environment import ENV_FILE, PID_FILE, running_pid, started_at, write_environment
from monolith.config.run.hosts import COMPLETE, ROOT, Site, choose_sites, services_of, serving, settings_of, working
from monolith.config.run.keys import app_secrets, ensure_issuer, load_secrets, staff_token
from monolith.config.run.ports import free_port, require_free, same_port
from monolith.config.run.postgres import Postgres
from monolith.config.run.processes import NotReady, Program, Running, Supervisor
from monolith.config.run.samples import stock_exists
from monolith.config.run.sandboxes import Sandbox, choose_sandboxes
from monolith.config.run.valkey import Valkey
from strangler.hosting.host import CALL_THREADS, MONOLITH

_SEEDED, _STOCKED = "seeded", "stocked"
_SPARE_CONNECTIONS = 4
_EDGE_PORTS = (8800, 8801)  # for other hosts, and Envoy's own interface
ADMIN = "admin"


class AlreadyRunning(Exception):
    """A platform runs from this folder already."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """
    What can be chosen about a platform.

    Attributes:
        run_dir: everything it writes.
        port: the public one; None takes a free one.
        products: how many are made at the first start.
        threads: requests at a time in each host.
        services: capabilities that get a host of their own beside the usual ones; `all` stands for every one.
        workers: Celery workers beside the hosts.
        restart: start a program again that ended by itself.
        environment: additional variables for every host, such as OTEL_EXPORTER_OTLP_ENDPOINT.
    """

    run_dir: Path = ROOT / ".run"
    port: int | None = 8000
    products: int = 10_000
    threads: int = 64
    services: Sequence[str] = ()
    workers: bool = True
    restart: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)


def _keep_quiet(text: str) -> None:
    """Tell nobody."""


class Platform:
    """
    A running platform; as a context manager it stops at the end of the block.

    Args:
        say: told what a person should know, such as a program that ended by itself.
        on_phase: told the name of each phase of the start as it begins.

    Attributes:
        phases: seconds that each phase of the start took, in order.
        sites: where every host is, those that do not run included.
        edge: what stands in front of them; None before the start.
        services: the capabilities whose own hosts run.
        sandboxes: what stands in for the world outside.
    """

    def __init__(
        self, wishes: Wishes, *, say: Callable[[str], None] = _keep_quiet, on_phase: Callable[[str], None] = _keep_quiet
    ) -> None:
        self.wishes = wishes
        self.run_dir = wishes.run_dir.resolve()
        self.say = say
        self.on_phase = on_phase
        self.phases: dict[str, float] = {}
        self.supervisor = Supervisor(self.run_dir, say=say, restart=wishes.restart)
        self.sites: dict[str, Site] = {}
        self.edge: Edge | None = None
        self.services: tuple[str, ...] = ()
        self.sandboxes: tuple[Sandbox, ...] = ()
        self.environment: dict[str, str] = {}
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The public address."""
        assert self.edge is not None
        return self.edge.url

    @property
    def running(self) -> Sequence[Running]:
        """What runs, in the order of the start."""
        return list(self.supervisor.programs.values())

    @property
    def admin(self) -> tuple[str, str]:
        """Name and password of the admin's first user."""
        return ADMIN, load_secrets(self.run_dir / "keys").admin

    def token(self) -> str:
        """Return a staff token for writing."""
        return staff_token(self.run_dir / "keys")

    def start(self) -> None:
        """
        Start everything and return when the platform answers.

        Raises:
            AlreadyRunning, PortTaken, CannotStart, CommandFailed, NotReady: each says what to do.
        """
        self.services = services_of(self.wishes.services)
        self._take_lock()
        with self._phase("servers"):
            if left := self.supervisor.clear_leftovers():
                self.say(f"Ended what an earlier start had left running: {', '.join(left)}.")
            postgres, valkey = self._plan()
            postgres.initialise()
            self.supervisor.start(postgres.program())
            self.supervisor.start(valkey.program())
            self.supervisor.wait_ready("postgres", "valkey")
            postgres.ensure_databases(*self.sites)
        with self._phase("migrations"):
            self._migrate(*(name for name in self.sites if name not in COMPLETE))
            self._migrate(*COMPLETE)  # they open where the monolith's database says that they are
        with self._phase("products"):
            self._seed()
        with self._phase("hosts"):
            self._add_services_in_use()
            names = [self.supervisor.start(program).program.name for program in self._hosts()]
            names += self._start_edge()
            self.supervisor.wait_ready(*names)
        with self._phase("stock"):
            self._stock_up()
        self._publish()

    def stop(self) -> None:
        """Stop everything that was started, and forget that it ran; the data stays."""
        self.supervisor.stop_all()
        if self._lock is not None:
            for name in (PID_FILE, ENV_FILE):
                (self.run_dir / name).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def owners(self) -> dict[str, str]:
        """Return who owns each capability's rows: their service what is complete, the others as the monolith knows."""
        with psycopg.connect(self.environment["MONOLITH_DATABASE_URL"]) as connection:
            found = connection.execute("SELECT capability, owner FROM strangler_ownership").fetchall()
        return dict.fromkeys(COMPLETE, "service") | dict(found)

    def manage(self, *arguments: str, host: str = MONOLITH) -> str:
        """
        Run a management command inside the platform and return what it printed.

        Raises:
            CommandFailed: its exit code was not 0.
        """
        return self._commands((host, *arguments))[0]

    def _take_lock(self) -> None:
        """One platform for each folder; the lock goes with the process, however that ends."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        lock = (self.run_dir / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            pid = running_pid(self.run_dir)
            raise AlreadyRunning(
                f"The platform runs already from {self.run_dir}{f' (process {pid})' if pid else ''}. "
                "End it there with Ctrl-C" + (f", or with: kill -INT {pid}" if pid else ".")
            ) from None
        self._lock = lock

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        self.on_phase(name)
        yield
        self.phases[name] = time.monotonic() - began

    def _plan(self) -> tuple[Postgres, Valkey]:
        """Choose ports and secrets, and derive from them what every process is told."""
        if self.wishes.port is not None:
            require_free(self.wishes.port)
        usual_ports = self.wishes.port is not None
        public = self.wishes.port or free_port()
        self.sites = choose_sites(public, usual_ports=usual_ports)
        taken = [public, *(port for site in self.sites.values() for port in (site.port, site.internal_port))]
        for usual in _EDGE_PORTS:
            taken.append(free_port(preferred=usual if usual_ports else None, avoid=taken))
        self.edge = Edge(self.run_dir / "edge", public, *taken[-len(_EDGE_PORTS) :])
        secrets = load_secrets(self.run_dir / "keys")
        port = same_port(self.run_dir / "postgres.port", avoid=taken)  # where streams of rows know it
        postgres = Postgres(self.run_dir / "postgres", port, secrets.postgres)
        valkey = Valkey(self.run_dir / "valkey", free_port(avoid=[*taken, postgres.port]), secrets.valkey)
        taken += [postgres.port, valkey.port]
        self.sandboxes = choose_sandboxes(usual_ports=usual_ports, avoid=taken)
        self.environment = {
            "RUN_DIR": str(self.run_dir),
            "DEBUG": "false",
            "SECURE": "false",  # plain http on this machine only
            "TRUST_FORWARDED": "true",  # the edge's word
            "SECRET_KEY": secrets.django,
            "STRANGLER_KEYS": f"run:{secrets.hop}",
            **{f"{name.upper()}_URL": site.url for name, site in self.sites.items()},
            **{f"{name.upper()}_INTERNAL_URL": site.internal_url for name, site in self.sites.items()},
            **{f"{name.upper()}_DATABASE_URL": postgres.url(name) for name in self.sites},
            # A thread never waits for a connection: writers that wait for a switch must not starve reads of them.
            "DATABASE_POOL_SIZE": str(self.wishes.threads + CALL_THREADS + _SPARE_CONNECTIONS),
            "CACHE_URL": valkey.url(0),
            "BROKER_URL": valkey.url(1),
            "JWKS_FILE": str(ensure_issuer(self.run_dir / "keys")),
            **app_secrets(self.run_dir / "keys"),
            **{sandbox.variable: sandbox.url for sandbox in self.sandboxes},
            **self.wishes.environment,
        }
        return postgres, valkey

    def _add_services_in_use(self) -> None:
        """A capability that left the monolith in an earlier run is served by its own host alone."""
        left = [name for name, owner in self.owners().items() if owner == "service" and name not in self.services]
        for name in left:
            self.say(f"The service owns the {name} since an earlier run, so its host starts as well.")
        self.services = services_of([*self.services, *left])

    def _hosts(self) -> Iterator[Program]:
        for sandbox in self.sandboxes:
            yield sandbox.program(self.sites[MONOLITH].url, self._environment_of(MONOLITH))
        sites = [self.sites[name] for name in (MONOLITH, *self.services)]
        for site in sites:
            yield serving(site, self.wishes.threads, self._environment_of(site.name))
        for site in sites if self.wishes.workers else ():
            yield working(site, self._environment_of(site.name))

    def _start_edge(self) -> list[str]:
        """Start what stands in front, while the hosts behind it get ready."""
        assert self.edge is not None
        self._commands((MONOLITH, *self.edge.rendering()))
        programs = (self.edge.program(), self.edge.agent(self._environment_of(MONOLITH)))
        return [self.supervisor.start(program).program.name for program in programs]

    def _environment_of(self, host: str) -> dict[str, str]:
        settings = {"LOG_FORMAT": "json", "DJANGO_SETTINGS_MODULE": settings_of(host)}
        return {**os.environ, **self.environment, **settings}

    def _migrate(self, *hosts: str) -> None:
        self._commands(*((host, "migrate", "--verbosity", "0") for host in hosts))

    def _commands(self, *commands: tuple[str, ...]) -> list[str]:
        return run_commands(self._environment_of, *commands)

    def _seed(self) -> None:
        """Make products and the admin's user at the first start; one that was cut off left no mark and is repeated."""
        mark = self.run_dir / _SEEDED
        if mark.exists():
            return
        commands: list[tuple[str, ...]] = [(MONOLITH, "ensure_admin"), ("shipping", "seed_shipping")]
        if self.wishes.products:
            commands.append((MONOLITH, "seed_catalog", "--products", str(self.wishes.products)))
        run_commands(lambda host: self._environment_of(host) | {"ADMIN_PASSWORD": self.admin[1]}, *commands)
        mark.write_text(f"{self.wishes.products}\n")

    def _stock_up(self) -> None:
        """Stock the products once: return when there is some, and let the rest follow while people look around."""
        mark = self.run_dir / _STOCKED
        if mark.exists() or not self.wishes.products:
            return
        command = (sys.executable, "manage.py", "seed_stock")
        program = Program(
            name="stock",
            title="Stocktaking",
            argv=command,
            ready=lambda: stock_exists(self.url, self.token()),
            environment=self._environment_of(MONOLITH),
            directory=ROOT,
            done=mark.touch,
        )
        self.supervisor.start(program)
        with suppress(NotReady):  # it is looked after, and told
            self.supervisor.wait_ready(program.name)

    def _publish(self) -> None:
        """Let commands in other shells find the platform; the process id last, for it makes the rest count."""
        write_environment(self.run_dir, self.environment)
        (self.run_dir / PID_FILE).write_text(f"{os.getpid()} {started_at(os.getpid())}")
