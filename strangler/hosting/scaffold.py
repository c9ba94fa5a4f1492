"""Writes the host of a bounded app: a settings module of five lines, and what a person should know of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from django.apps import AppConfig, apps

from strangler.conf import MONOLITH_HOST, CapabilityConf, get_conf
from strangler.errors import Refused
from strangler.events.catalogue import events_of, subscribers_of
from strangler.hosting.gaps import Gap, bonds, gaps
from strangler.hosting.host import SERVICE_PORT_FIRST, Capability

HOSTS = "extracted"
_PACKAGE_TEXT = '"""Hosts of the capabilities that can leave the monolith."""\n'
_LINE_MAX = 120
_TEMPLATES = ("__init__.py", "settings.py", "README.md")


@dataclass(frozen=True, slots=True)
class Scaffold:
    """
    The host of one app, written or planned.

    Attributes:
        files: path to whether it is `new`, `changed` or `unchanged`.
        gaps: what the app still lacks, most urgent first.
        bonds: what still binds it to other apps; None: nobody could look.
        steps: what to do next, in order; commands as typed.
    """

    name: str
    files: Mapping[Path, str]
    gaps: tuple[Gap, ...]
    bonds: tuple[str, ...] | None
    steps: tuple[str, ...]


def scaffold(app: str, *, port: int | None = None, force: bool = False, dry_run: bool = False) -> Scaffold:
    """
    Write the host of *app* below the working directory.

    Args:
        app: its label, which is the capability's name as well.
        port: where the service listens; without it the one that the settings know, or the next one.
        force: write over files that say something else.
        dry_run: write nothing.

    Raises:
        Refused: there is no such app, or files would be lost; nothing was written.
    """
    config = _installed(app)
    known = get_conf().capabilities.get(app)
    capability = Capability(app, config.name, port or _port_of(known))
    texts = _texts(capability, _peers(config))
    states = {path: _state(path, text) for path, text in texts.items()}
    if (lost := [str(path) for path, state in states.items() if state == "changed"]) and not force and not dry_run:
        raise Refused([*(f"{path} exists and says something else." for path in lost), "Write over it with --force."])
    for path, text in texts.items():
        if states[path] != "unchanged" and not dry_run:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return Scaffold(app, states, tuple(gaps(config)), bonds(config, app), tuple(_steps(capability, known)))


def _installed(app: str) -> AppConfig:
    if not app.isidentifier() or app == MONOLITH_HOST:
        raise Refused(f"{app!r} cannot be a capability: name an app by its label, such as catalog.")
    known = get_conf().capabilities.get(app)
    if known and known.complete:
        raise Refused(f"{app} is shipped complete: its service alone has the app, and has its host already.")
    if app not in apps.app_configs:
        ours = sorted(config.label for config in apps.get_app_configs() if _is_own(config))
        raise Refused(f"No app has the label {app!r}. Your own apps: {', '.join(ours)}.")
    return apps.get_app_config(app)


def _is_own(config: AppConfig) -> bool:
    return "site-packages" not in config.path and not config.name.startswith("strangler")


def _port_of(known: CapabilityConf | None) -> int:
    if known and known.service_url and (port := urlsplit(known.service_url).port):
        return port
    urls = [capability.service_url for capability in get_conf().capabilities.values() if capability.service_url]
    return max((urlsplit(url).port or 0 for url in urls), default=SERVICE_PORT_FIRST - 1) + 1


def _peers(config: AppConfig) -> dict[str, int]:
    """The capabilities that the app calls, listens to or tells of events, and where their services take calls."""
    imported = set(_imported(Path(config.path)))
    told = _told(config.label)
    return {
        name: urlsplit(capability.internal_url or "").port or Capability(name, "").internal_port
        for name, capability in get_conf().capabilities.items()
        if capability.app != config.label and (contract := _contract_of(capability))
        and (name in told or contract in imported)
    }  # fmt: skip


def _contract_of(capability: CapabilityConf) -> str:
    """Where its contract would be; nowhere, when this host knows neither that nor the app."""
    if capability.contract or capability.app not in apps.app_configs:
        return capability.contract
    return f"{apps.get_app_config(capability.app).name}.contract"


def _told(name: str) -> set[str]:
    events = events_of(name)
    return {subscriber for kind in (events.types if events else ()) for subscriber in subscribers_of(name, kind)}


def _imported(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)


def _texts(capability: Capability, peers: Mapping[str, int]) -> dict[Path, str]:
    name = capability.name
    values = {
        "name": name,
        "NAME": name.upper(),
        "own": _own(name),
        "package": capability.package,
        "path": capability.package.replace(".", "/"),
        "port": str(capability.port),
        "internal_port": str(capability.internal_port),
        "settings": f"{HOSTS}.{name}.settings",
        "update": _update(capability, dict(sorted(peers.items()))),
        "peers": "".join(
            f"| `{peer.upper()}_INTERNAL_URL` | where the {_own(peer)} service takes calls |"
            f" `http://127.0.0.1:{port}` |\n"
            for peer, port in sorted(peers.items())
        ),
        "environment": "".join(
            f"| `{variable}` | a setting of the app itself | {_usual(variable, value)} |\n"
            for variable, value in sorted(_environment(capability).items())
        ),
    }
    templates = files("strangler.hosting") / "templates" / "scaffold"
    folder = Path.cwd() / HOSTS
    host = {folder / name / file: (templates / f"{file}.txt").read_text() for file in _TEMPLATES}
    written = {path: Template(text).substitute(values) for path, text in host.items()}
    package = folder / "__init__.py"
    return written if package.exists() else {package: _PACKAGE_TEXT, **written}


def _environment(capability: Capability) -> dict[str, str]:
    """What the app takes from the environment; an app that lacks its module is told of it among its gaps."""
    return capability.environment if find_spec(f"{capability.package}.capability") else {}


def _own(name: str) -> str:
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def _usual(variable: str, value: str) -> str:
    if variable.endswith("_SECRET"):
        return "development words while `DEBUG` is true"
    return f"`{value}`" if value else "nothing"


def _update(capability: Capability, peers: Mapping[str, int]) -> str:
    """Return the statement that makes the settings, broken into lines as formatters do where it is long."""
    arguments = [f'"{capability.name}"', f'package="{capability.package}"', f"port={capability.port}"]
    if peers:
        arguments.append("peers={" + ", ".join(f'"{peer}": {port}' for peer, port in peers.items()) + "}")
    call = f"service_settings({', '.join(arguments)})"
    if len(whole := f"globals().update({call})") <= _LINE_MAX:
        return whole
    if len(call) + 4 <= _LINE_MAX:
        return f"globals().update(\n    {call}\n)"
    if len(arguments[-1]) + 9 > _LINE_MAX:
        entries = "".join(f'            "{peer}": {port},\n' for peer, port in peers.items())
        arguments[-1] = f"peers={{\n{entries}        }}"
    lines = "".join(f"        {argument},\n" for argument in arguments)
    return f"globals().update(\n    service_settings(\n{lines}    )\n)"


def _state(path: Path, text: str) -> str:
    if not path.exists():
        return "new"
    return "unchanged" if path.read_text() == text else "changed"


def _steps(capability: Capability, known: CapabilityConf | None) -> Iterator[str]:
    name, upper = capability.name, capability.name.upper()
    settings = f"{HOSTS}.{name}.settings"
    if known is None:
        line = f'Capability("{name}", package="{capability.package}", port={capability.port})'
        yield f"Add to the capabilities in the monolith's settings: {line}"
    yield f"Tell every host in the environment: {upper}_URL, {upper}_INTERNAL_URL, {upper}_DATABASE_URL"
    yield f"python manage.py migrate --settings={settings}"
    yield f"DJANGO_SETTINGS_MODULE={settings} python -m strangler.hosting.serve --port {capability.port}"
    yield f"python manage.py strangler toggle {name} service"
