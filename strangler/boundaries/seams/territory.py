"""Which apps are the project's own, and which app a module or a file belongs to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from django.apps import AppConfig, apps

from strangler.errors import Refused

_INSTALLED = {"site-packages", "dist-packages"}
# What ships with an app and does not bind it where it runs.
_ASIDE = {"migrations", "south_migrations", "tests", "test", "testing", "conftest", "node_modules", "project_template"}


@dataclass(frozen=True, slots=True)
class App:
    """One app that the team may extract."""

    label: str
    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Source:
    """One module of an app that runs in production."""

    app: App
    module: str
    path: Path
    text: str

    @property
    def package(self) -> str:
        """Return the package that its relative imports start from."""
        return self.module if self.path.stem == "__init__" else self.module.rpartition(".")[0]


def aside(names: Sequence[str]) -> bool:
    """Return whether a module below an app is one of its tests or migrations."""
    return any(name in _ASIDE or name.startswith(("test_", ".")) for name in names)


class Territory:
    """
    The bounded apps of a project.

    Attributes:
        root: the folder that paths are shown relative to.
        apps: in the order of INSTALLED_APPS.
    """

    def __init__(self, root: Path, chosen: Sequence[App]) -> None:
        self.root = root
        self.apps = tuple(chosen)
        self.labels = frozenset(app.label for app in chosen)
        self._by_name = {app.name: app for app in chosen}
        self._by_path = {app.path: app for app in chosen}

    def owner_of(self, module: str) -> App | None:
        """Return the app that a module belongs to: the one with the longest name that contains it."""
        name = module
        while name and name not in self._by_name:
            name = name.rpartition(".")[0]
        return self._by_name.get(name)

    def owner_of_path(self, path: Path) -> App | None:
        """Return the app whose folder contains a file most closely."""
        return next((self._by_path[folder] for folder in path.parents if folder in self._by_path), None)

    def shown(self, path: str | Path) -> str:
        """Return a path as a person on this project writes it."""
        return os.path.relpath(path, self.root) if Path(path).is_relative_to(self.root) else str(path)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Every module of every app, by its dotted name; without tests and migrations."""
        return {source.module: source for app in self.apps for source in self._sources_of(app)}

    def _sources_of(self, app: App) -> Iterator[Source]:
        for folder, folders, files in os.walk(app.path):
            here = Path(folder)
            folders[:] = sorted(name for name in folders if not aside([name]) and self._is_part(here / name))
            names = here.relative_to(app.path).parts
            for file in sorted(files):
                path = here / file
                if path.suffix == ".py" and not aside([path.stem]):
                    parts = [app.name, *names, *([] if path.stem == "__init__" else [path.stem])]
                    yield Source(app, ".".join(parts), path, path.read_text(encoding="utf-8", errors="replace"))

    def _is_part(self, folder: Path) -> bool:
        """Return whether a folder is a package of the app that it lies in, and no app of its own."""
        return folder not in self._by_path and (folder / "__init__.py").is_file()


def territory_of(root: Path, *, wanted: Sequence[str] = (), packages: Sequence[str] = ()) -> Territory:
    """
    Return the project's own apps, or those below installed *packages*, or of both only those *wanted*.

    Args:
        root: the folder of the project; what lies in it, but not in its site-packages, is its own.
        wanted: labels or dotted names.
        packages: dotted names of packages, which may be installed anywhere.

    Raises:
        Refused: an app or a package is not there.
    """
    installed = list(apps.get_app_configs())
    own = [c for c in installed if (_in(c, packages) if packages else _is_own(c, root))]
    known = {name for config in own for name in (config.label, config.name)}
    labels = ", ".join(sorted(config.label for config in own)) or "none"
    faults = [f"No installed app lies in {p!r}." for p in packages if not any(_in(c, [p]) for c in installed)]
    faults += [f"There is no app {name!r}. Known: {labels}." for name in wanted if name not in known]
    if faults:
        raise Refused(faults)
    chosen = [c for c in own if not wanted or {c.label, c.name} & set(wanted)]
    base = _folder_of(chosen[0]) if packages else root
    return Territory(base, [App(c.label, c.name, Path(c.path).resolve()) for c in chosen])


def _in(config: AppConfig, packages: Sequence[str]) -> bool:
    return any(config.name == package or config.name.startswith(f"{package}.") for package in packages)


def _is_own(config: AppConfig, root: Path) -> bool:
    path = Path(config.path).resolve()
    return path.is_relative_to(root) and not _INSTALLED & {root.name, *path.relative_to(root).parts}


def _folder_of(config: AppConfig) -> Path:
    """Return the folder that an app's top-level package was installed in."""
    return Path(config.path).resolve().parents[config.name.count(".")]
