"""What a host is made of, before anything is known about where it runs."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

MONOLITH = "monolith"
SERVICE_PORT_FIRST = 8101
CALL_THREADS = 32
"""Calls of other hosts that are served at a time in each worker process, beside requests."""
_INTERNAL_PORT_LEAP = 1000


@dataclass(frozen=True, slots=True)
class Capability:
    """
    A bounded app as its hosts know it.

    Attributes:
        package: Python package of the app; its `capability` module lists the `ROUTES`, what is `PERIODIC`, and which
            settings it takes from the `ENVIRONMENT`; its `urls` the views.
        port: where its service listens when nothing else is said; it takes calls a thousand ports above.
        contract: package of its contract, where it is not the app's own `contract`; the module `capability` beside it
            lists the `ROUTES` then, so that a host without the app knows them.
        complete: the app is shipped in its last stage; the monolith does not have it.
    """

    name: str
    package: str
    port: int = SERVICE_PORT_FIRST
    contract: str = ""
    complete: bool = False

    @property
    def outside(self) -> str:
        """The package of which other hosts know the contract and the routes: the app's own, unless it has left it."""
        return self.contract.rpartition(".")[0] or self.package

    @property
    def routes(self) -> list[dict[str, Any]]:
        """The routes of the app; the first one is where its views are mounted."""
        return list(import_module(f"{self.outside}.capability").ROUTES)

    @property
    def periodic(self) -> dict[str, float]:
        """Tasks of the app that run by themselves: name to seconds between runs."""
        return dict(getattr(import_module(f"{self.package}.capability"), "PERIODIC", {}))

    @property
    def environment(self) -> dict[str, str]:
        """Variables that become settings of the same names: to what they are in development."""
        return dict(getattr(import_module(f"{self.package}.capability"), "ENVIRONMENT", {}))

    @property
    def mount(self) -> str:
        """Path under which the views live, without the leading slash."""
        return str(self.routes[0]["prefix"]).lstrip("/")

    @property
    def internal_port(self) -> int:
        """Port where its service takes calls when nothing else is said."""
        return self.port + _INTERNAL_PORT_LEAP

    def database_variable(self) -> str:
        """Name of the variable with the address of the service's own database."""
        return f"{self.name.upper()}_DATABASE_URL"


def contracts_beside(package: str) -> list[str]:
    """Return the contracts within *package* and every package beside it, as far as the image carries them."""
    around = package.rpartition(".")[0]
    beside = pkgutil.iter_modules(import_module(around).__path__, f"{around}.") if around else ()
    names = [module.name for module in beside if module.ispkg] or [package]
    return [f"{name}.contract" for name in sorted(names) if find_spec(f"{name}.contract")]


@dataclass(frozen=True, slots=True)
class Host:
    """
    What one host is made of.

    Attributes:
        name: `monolith` or the capability's name.
        apps: Django's own and third-party apps beside those that every host has.
        middleware: beside what every host has, after the routing middleware.
        root_urlconf: derived from the capabilities unless given.
        peers: other capabilities that its apps call or exchange events with; to the port where their services take
            calls when nothing is said.
        kernel: packages that all apps may import and every image carries.
    """

    name: str
    capabilities: Sequence[Capability]
    apps: Sequence[str] = ()
    middleware: Sequence[str] = ()
    root_urlconf: str = "strangler.hosting.urls"
    wsgi_application: str = "strangler.hosting.wsgi.application"
    template_processors: Sequence[str] = field(default=())
    peers: Mapping[str, int] = field(default_factory=dict)
    kernel: Sequence[str] = ()

    @property
    def at_home(self) -> list[Capability]:
        """The capabilities whose apps this host has: the monolith none that is complete."""
        return [capability for capability in self.capabilities if self.name != MONOLITH or not capability.complete]
