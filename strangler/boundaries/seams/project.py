"""Find a project's settings and set Django up, where no `manage.py` has done so."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from contextlib import redirect_stdout
from pathlib import Path

import django
from django.conf import ENVIRONMENT_VARIABLE, settings

from strangler.errors import SetupError

_IN_MANAGE_PY = re.compile(rf"""["']{ENVIRONMENT_VARIABLE}["']\s*[,\]]\s*=?\s*["']([\w.]+)["']""")


def set_up(folder: Path, module: str | None) -> None:
    """
    Set Django up with the settings *module* of the project in *folder*; without one, with those of its `manage.py`.

    Raises:
        SetupError: there are no settings, or they do not load.
    """
    if not folder.is_dir():
        raise SetupError([f"{folder} is no folder. Say where the project is: --path DIR."])
    name = module or os.environ.get(ENVIRONMENT_VARIABLE) or _from_manage_py(folder)
    if name is None:
        raise SetupError([f"{folder} has no manage.py that names settings. Say which: --settings project.settings."])
    sys.path.insert(0, str(folder))
    os.environ[ENVIRONMENT_VARIABLE] = name
    try:
        with redirect_stdout(sys.stderr):  # settings that print must not spoil the JSON
            django.setup()
    except Exception as error:  # anything at all may go wrong in somebody else's settings
        raise SetupError([_advice(name, error, folder)]) from error


def root_of_settings() -> Path:
    """Return the folder that holds the top-level package of the settings: where `manage.py` is, as a rule."""
    name = os.environ.get(ENVIRONMENT_VARIABLE) or settings.SETTINGS_MODULE
    top = name.partition(".")[0]
    spec = importlib.util.find_spec(top)
    if spec and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve().parent
    return Path(spec.origin).resolve().parent if spec and spec.origin else Path.cwd()


def _from_manage_py(folder: Path) -> str | None:
    path = folder / "manage.py"
    found = _IN_MANAGE_PY.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    return found[1] if found else None


def _advice(name: str, error: Exception, folder: Path) -> str:
    said = f"The settings {name!r} do not load: {type(error).__name__}: {str(error).rstrip('.')}."
    if isinstance(error, ModuleNotFoundError) and error.name and name.startswith(error.name):
        return f"{said} Look below {folder}, or say where the project is: --path DIR."
    if isinstance(error, ImportError):
        return f"{said} Run this with the Python of the project's environment, where everything it needs is installed."
    return f"{said} Give them what they need, such as environment variables, or other settings: --settings NAME."
