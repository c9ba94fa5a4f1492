"""The import graph of the Django project at hand, and who is who in it: nobody has to list the apps."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from django.apps import AppConfig, apps
from django.conf import settings

from strangler.boundaries.imports import Rule, home_of
from strangler.boundaries.places import Place, shown
from strangler.boundaries.territory import territory
from strangler.conf import get_conf
from strangler.errors import SetupError

if TYPE_CHECKING:
    from grimp import ImportGraph

_TOOLKIT = "strangler"


def project_rule() -> Rule:
    """Return the rule for the capabilities whose apps are installed here."""
    packages, kernel = frozenset(territory().packages) | frozenset(_left_behind()), frozenset(get_conf().kernel)
    inside = packages | kernel | {config.name for config in _first_party()}
    return Rule(packages, kernel, frozenset(_host(module, inside) for module in _host_modules()))


def project_graph(rule: Rule) -> ImportGraph:
    """
    Return who imports whom in all packages of the project.

    Raises:
        SetupError: grimp is not installed.
    """
    try:
        import grimp
    except ImportError as error:
        raise SetupError(["Imports are read with grimp: pip install 'django-strangler[boundaries]'."]) from error
    names = {config.name for config in _first_party()} | rule.apps | rule.kernel | rule.hosts
    roots = {root for name in names if (root := _root(name)) and root != _TOOLKIT}
    return grimp.build_graph(*sorted(roots), include_external_packages=True, cache_dir=None)


def place_of_module(module: str, line: int) -> Place | None:
    """Return the file of *module*, if it has one, at *line*."""
    spec = find_spec(module)
    return Place(shown(spec.origin), line) if spec and spec.origin else None


def _left_behind() -> Iterator[str]:
    """Yield the packages that apps have left for their services: what stands there is their contracts."""
    for known in get_conf().capabilities.values():
        if known.contract:
            yield known.contract.rpartition(".")[0]


def _first_party() -> Iterator[AppConfig]:
    installed = [sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")]
    for config in apps.get_app_configs():
        if not config.path.startswith(tuple(installed)):
            yield config


def _host_modules() -> Iterator[str]:
    for name in ("SETTINGS_MODULE", "ROOT_URLCONF"):
        if module := getattr(settings, name, None):
            yield str(module)
    for name in ("WSGI_APPLICATION", "ASGI_APPLICATION"):
        if path := getattr(settings, name, None):
            yield str(path).rpartition(".")[0]


def _host(module: str, inside: Iterable[str]) -> str:
    """Return the package around a module of the host, unless apps live in that package as well."""
    package = module.rpartition(".")[0]
    return package if package and not any(home_of(name, [package]) for name in inside) else module


def _root(package: str) -> str | None:
    """Return the outermost regular package around *package*; folders without `__init__.py` are none."""
    parts = package.split(".")
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        spec = find_spec(name)
        if spec and spec.origin and spec.submodule_search_locations:
            return name
    return None
