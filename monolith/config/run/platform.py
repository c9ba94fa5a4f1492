"""The platform: servers, hosts and workers, from an empty folder to the first answer, and back to nothing."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from monolith.config.run.environment import ENV_FILE, PID_FILE, running_pid, started_at, write_environment
from monolith.config.run.keys import ensure_issuer, load_secrets, staff_token
from monolith.config.run.ports import HOST, free_port, require_free
from monolith.config.run.postgres import Postgres
from monolith.config.run.processes import Program, Running, Supervisor
from monolith.config.run.valkey import Valkey

ROOT = Path(__file__).resolve().parents[3]
MONOLITH_SETTINGS = "monolith.config.settings"
SERVICE_SETTINGS = "extracted.catalog.settings"
_SEEDED = "seeded"
_SPARE_CONNECTIONS = 4
ADMIN = "admin"


class AlreadyRunning(Exception):
    """A platform runs from this folder already."""


class CommandFailed(Exception):
    """A command of the start failed; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """
    What can be chosen about a platform.

    Attributes:
        run_dir: everything it writes.
        port: the public one; None takes a free one.
        products: how many are made at the first start.
        threads: requests at a time in each host.
        workers: Celery workers beside the hosts.
        restart: start a program again that ended by itself.
        environment: additional variables for every host, such as OTEL_EXPORTER_OTLP_ENDPOINT.
    """

    run_dir: Path = ROOT / ".run"
    port: int | None = 8000
    products: int = 10_000
    threads: int = 64
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
        return self.environment["MONOLITH_URL"]

    @property
    def service_url(self) -> str:
        """The address of the catalog's own host."""
        return self.environment["CATALOG_URL"]

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
        self._take_lock()
        with self._phase("servers"):
            if left := self.supervisor.clear_leftovers():
                self.say(f"Ended what an earlier start had left running: {', '.join(left)}.")
            postgres, valkey = self._plan()
            postgres.initialise()
            self.supervisor.start(postgres.program())
            self.supervisor.start(valkey.program())
            self.supervisor.wait_ready("postgres", "valkey")
            postgres.ensure_databases("monolith", "catalog")
        with self._phase("migrations"):
            self._commands(
                (MONOLITH_SETTINGS, "migrate", "--verbosity", "0"), (SERVICE_SETTINGS, "migrate", "--verbosity", "0")
            )
        with self._phase("products"):
            self._seed()
        with self._phase("hosts"):
            names = [self.supervisor.start(program).program.name for program in self._hosts()]
            self.supervisor.wait_ready(*names)
        self._publish()

    def stop(self) -> None:
        """Stop everything that was started, and forget that it ran; the data stays."""
        self.supervisor.stop_all()
        if self._lock is not None:
            for name in (PID_FILE, ENV_FILE):
                (self.run_dir / name).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def manage(self, *arguments: str, settings: str = MONOLITH_SETTINGS) -> str:
        """
        Run a management command inside the platform and return what it printed.

        Raises:
            CommandFailed: its exit code was not 0.
        """
        return self._commands((settings, *arguments))[0]

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
        port = self.wishes.port or free_port()
        service_port = free_port(preferred=8101 if self.wishes.port else None, avoid=[port])
        taken = [port, service_port]
        secrets = load_secrets(self.run_dir / "keys")
        postgres = Postgres(self.run_dir / "postgres", free_port(avoid=taken), secrets.postgres)
        valkey = Valkey(self.run_dir / "valkey", free_port(avoid=[*taken, postgres.port]), secrets.valkey)
        self.environment = {
            "RUN_DIR": str(self.run_dir),
            "DEBUG": "false",
            "SECURE": "false",  # plain http on this machine only
            "SECRET_KEY": secrets.django,
            "STRANGLER_KEYS": f"run:{secrets.hop}",
            "MONOLITH_URL": f"http://{HOST}:{port}",
            "CATALOG_URL": f"http://{HOST}:{service_port}",
            "MONOLITH_DATABASE_URL": postgres.url("monolith"),
            "CATALOG_DATABASE_URL": postgres.url("catalog"),
            # A thread never waits for a connection: writers that wait for a switch must not starve reads of them.
            "DATABASE_POOL_SIZE": str(self.wishes.threads + _SPARE_CONNECTIONS),
            "CACHE_URL": valkey.url(0),
            "BROKER_URL": valkey.url(1),
            "JWKS_FILE": str(ensure_issuer(self.run_dir / "keys")),
            **self.wishes.environment,
        }
        return postgres, valkey

    def _hosts(self) -> Iterator[Program]:
        yield self._host("monolith", "Monolith", MONOLITH_SETTINGS, self.url)
        yield self._host("catalog", "Catalog service", SERVICE_SETTINGS, self.service_url)
        if self.wishes.workers:
            yield self._worker("worker", "Worker of the monolith", MONOLITH_SETTINGS)
            yield self._worker("catalog-worker", "Worker of the catalog", SERVICE_SETTINGS)

    def _host(self, name: str, title: str, settings: str, url: str) -> Program:
        port = url.rpartition(":")[2]
        serve = ("-m", "strangler.hosting.serve", "--port", port, "--threads", str(self.wishes.threads))
        return Program(
            name=name,
            title=title,
            argv=(sys.executable, *serve),
            address=url,
            ready=lambda: _is_ready(url),
            environment=self._environment_of(settings),
            directory=ROOT,
        )

    def _worker(self, name: str, title: str, settings: str) -> Program:
        worker = ("-m", "celery", "-A", "strangler.hosting.celery", "worker", "-B", "--pool", "threads")
        schedule = ("--schedule", str(self.run_dir / f"{name}.schedule"))
        return Program(
            name=name,
            title=title,
            argv=(sys.executable, *worker, "--concurrency", "2", "--without-gossip", "--without-mingle", *schedule),
            ready=lambda: True,
            environment=self._environment_of(settings),
            directory=ROOT,
        )

    def _environment_of(self, settings: str) -> dict[str, str]:
        return {**os.environ, **self.environment, "LOG_FORMAT": "json", "DJANGO_SETTINGS_MODULE": settings}

    def _commands(self, *commands: tuple[str, ...], **environment: str) -> list[str]:
        """Run commands side by side, each `(settings, *arguments)`; return what they printed."""
        processes = [
            subprocess.Popen(  # noqa: S603  our own commands
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT,
                env={**self._environment_of(settings), **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            for settings, *arguments in commands
        ]
        outputs = [process.communicate()[0] for process in processes]
        for (_, *arguments), process, output in zip(commands, processes, outputs, strict=True):
            if process.returncode:
                raise CommandFailed(f"`manage.py {' '.join(arguments)}` failed:\n{output.strip()}")
        return outputs

    def _seed(self) -> None:
        """Make products and the admin's user at the first start; one that was cut off left no mark and is repeated."""
        mark = self.run_dir / _SEEDED
        if mark.exists():
            return
        commands: list[tuple[str, ...]] = [(MONOLITH_SETTINGS, "ensure_admin")]
        if self.wishes.products:
            commands.append((MONOLITH_SETTINGS, "seed_catalog", "--products", str(self.wishes.products)))
        self._commands(*commands, ADMIN_PASSWORD=self.admin[1])
        mark.write_text(f"{self.wishes.products}\n")

    def _publish(self) -> None:
        """Let commands in other shells find the platform; the process id last, for it makes the rest count."""
        write_environment(self.run_dir, self.environment)
        (self.run_dir / PID_FILE).write_text(f"{os.getpid()} {started_at(os.getpid())}")


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310  our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
