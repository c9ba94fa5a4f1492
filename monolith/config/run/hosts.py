"""The hosts of a platform, the monolith and the services beside it: where they are, and how they are run."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from monolith.config.capabilities import CAPABILITIES
from monolith.config.run.ports import HOST, free_port
from monolith.config.run.processes import Program
from strangler.hosting.host import MONOLITH

ROOT = Path(__file__).resolve().parents[3]
ALL = "all"
COMPLETE = tuple(capability.name for capability in CAPABILITIES if capability.complete)
"""The capabilities that the monolith does not have."""
USUAL_SERVICES = ("catalog", *COMPLETE)
_MONOLITH_PORT = 8100
_INTERNAL_PORT = 9000


class UnknownHost(Exception):
    """There is no such capability; the message names those that are."""


@dataclass(frozen=True, slots=True)
class Site:
    """
    Where one host is, whether it runs or not.

    Attributes:
        name: `monolith` or the capability's name.
        internal_port: where it takes calls of other hosts.
    """

    name: str
    port: int
    internal_port: int

    @property
    def url(self) -> str:
        """The public address."""
        return f"http://{HOST}:{self.port}"

    @property
    def internal_url(self) -> str:
        """The address at which other hosts call it."""
        return f"http://{HOST}:{self.internal_port}"

    @property
    def settings(self) -> str:
        """The settings module."""
        return settings_of(self.name)

    def is_ready(self) -> bool:
        """Whether it says that it should get requests."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310  our own address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def settings_of(name: str) -> str:
    """Return the settings module of the host *name*."""
    return "monolith.config.settings" if name == MONOLITH else f"extracted.{name}.settings"


def services_of(wished: Iterable[str]) -> tuple[str, ...]:
    """
    Return the capabilities that get a host of their own: the usual ones and *wished*, in the order of the list.

    Raises:
        UnknownHost: one of *wished* is neither a capability nor `all`.
    """
    known = [capability.name for capability in CAPABILITIES]
    names = set(USUAL_SERVICES) | set(wished)
    if unknown := sorted(names - {ALL, *known}):
        raise UnknownHost(f"There is no host {', '.join(unknown)}. Choose from: {', '.join(known)}, or {ALL}.")
    return tuple(name for name in known if ALL in names or name in names)


def choose_sites(edge_port: int, *, usual_ports: bool) -> dict[str, Site]:
    """
    Choose the ports of every host, which stand behind the edge's.

    Args:
        usual_ports: take the ports that the settings name, as far as they are free.
    """
    taken = [edge_port]

    def choose(usual: int) -> int:
        taken.append(free_port(preferred=usual if usual_ports else None, avoid=taken))
        return taken[-1]

    sites = {MONOLITH: Site(MONOLITH, choose(_MONOLITH_PORT), choose(_INTERNAL_PORT))}
    for capability in CAPABILITIES:
        sites[capability.name] = Site(capability.name, choose(capability.port), choose(capability.internal_port))
    return sites


def serving(site: Site, threads: int, environment: dict[str, str]) -> Program:
    """Return how a host is run."""
    serve = ("-m", "strangler.hosting.serve", "--port", str(site.port), "--threads", str(threads))
    return Program(
        name=site.name,
        title="Monolith" if site.name == MONOLITH else f"{site.name.capitalize()} service",
        argv=(sys.executable, *serve),
        address=site.url,
        ready=site.is_ready,
        environment=environment,
        directory=ROOT,
    )


def working(site: Site, environment: dict[str, str]) -> Program:
    """Return how the worker of a host is run; it also ticks what is periodic."""
    name = "worker" if site.name == MONOLITH else f"{site.name}-worker"
    worker = ("-m", "celery", "-A", "strangler.hosting.celery", "worker", "--pool", "threads")
    return Program(
        name=name,
        title=f"Worker of the {site.name}",
        argv=(sys.executable, *worker, "--concurrency", "2", "--without-gossip", "--without-mingle"),
        ready=lambda: True,
        does="takes tasks from Valkey",
        environment=environment,
        directory=ROOT,
    )
