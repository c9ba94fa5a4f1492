"""
Every app boots, migrates and answers alone: in its own host, out of sight of the monolith.

The tree is what an image will carry: the app, every contract, the kernel and the toolkit; no other app.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from monolith.config.capabilities import CAPABILITIES

ROOT = Path(__file__).resolve().parents[2]
# A host whose neighbours cannot be reached must still start: nothing listens on port 9.
NOBODY = "http://127.0.0.1:9"
APPS = sorted(file.parent.name for file in (ROOT / "monolith").glob("*/capability.py"))
PACKAGES = {capability.name: capability.package for capability in CAPABILITIES}
COMPLETE = {capability.name for capability in CAPABILITIES if capability.complete}

LOOK = """
import json, sys, django
django.setup()
from django.apps import apps
from django.test import Client
from django.test import override_settings
with override_settings(MIDDLEWARE=[]):  # the router would ask the monolith, which owns the rows until they move
    client = Client(headers={"host": "127.0.0.1"})
    answers = {path: client.get(path).status_code for path in json.loads(sys.argv[1])}
print(json.dumps({
    "answers": answers,
    "apps": [config.name for config in apps.get_app_configs()],
    "modules": sorted(name for name in list(sys.modules) if name.startswith("monolith.")),
}))
"""

PRESENT = """
import sys
from importlib.util import find_spec

def present(name):
    package = name.rpartition(".")[0]
    return (not package or present(package)) and find_spec(name) is not None

print([name for name in sys.argv[1:] if present(name)])
"""


def carry(app: str, image: Path) -> None:
    """Make *image* what the app's own image holds; all of it are links, for nothing is written there."""
    for kept in ("strangler", f"extracted/{app}", f"monolith/{app}", "monolith/kernel"):
        link(kept, image)
    for name in ("extracted/__init__.py", "monolith/__init__.py"):
        link(name, image)
    for contract in (ROOT / "monolith").glob("*/contract"):
        if contract.parent.name != app:
            link(contract.relative_to(ROOT), image)
            link(contract.relative_to(ROOT).with_name("__init__.py"), image)


def link(path: str | Path, image: Path) -> None:
    target = image / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(ROOT / path)


def run(app: str, folder: Path, *command: str) -> str:
    """Run Python as the app's own image would."""
    return run_as(f"extracted.{app}.settings", folder, folder / "image", *command)


def run_as(settings: str, folder: Path, code: Path, *command: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": settings,
        "RUN_DIR": str(folder / "run"),
        "MONOLITH_URL": NOBODY,
        "PYTHONPATH": str(code),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module", params=APPS)
def app(request: pytest.FixtureRequest) -> str:
    """Each bounded app that is a capability."""
    return str(request.param)


@pytest.fixture(scope="module")
def folder(app: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host's own image and folder, with its database migrated."""
    made = tmp_path_factory.mktemp(app)
    carry(app, made / "image")
    if app in COMPLETE:  # it opens where the control database says that nobody else had the rows
        run_as("monolith.config.settings", made, ROOT, "-m", "django", "migrate", "--verbosity", "0")
    run(app, made, "-m", "django", "migrate", "--verbosity", "0")
    return made


def test_there_is_an_app_to_test() -> None:
    """The list is found in the tree: a new app enrols itself."""
    assert {"catalog", "inventory"} <= set(APPS)


def test_no_other_app_is_there(app: str, folder: Path) -> None:
    """What an app must not need, it cannot find: other apps, the monolith's own settings and pages."""
    assert sorted(PACKAGES) == APPS
    others = [PACKAGES[name] for name in APPS if name != app]
    assert all((ROOT / package.replace(".", "/") / "apps.py").is_file() for package in others)
    hidden = [f"{package}.{part}" for package in others for part in ("apps", "models", "services")]
    assert run(app, folder, "-c", PRESENT, "monolith.config", "monolith.storefront", "tests", *hidden).strip() == "[]"


def test_every_contract_can_be_imported(app: str, folder: Path) -> None:
    """Any app may come to call any other: its image knows all contracts."""
    names = [f"monolith.{other}.contract" for other in APPS]
    look = "import sys; from importlib import import_module; [*map(import_module, sys.argv[1:])]"
    run(app, folder, "-c", look, *names)


def test_app_takes_calls_by_its_contract(app: str, folder: Path) -> None:
    """Its contract, its implementation and its table of commands are all there."""
    look = """
import sys, django
django.setup()
from strangler.bindings.publication import faults, port_of
print([*faults()], port_of(sys.argv[1]).name)
"""
    assert run(app, folder, "-c", look, app).strip() == f"[] {app}"


def test_app_passes_its_checks_and_has_all_migrations(app: str, folder: Path) -> None:
    """No model without migration; no check that only the monolith fulfils."""
    run(app, folder, "-m", "django", "check", "--fail-level", "WARNING")
    run(app, folder, "-m", "django", "makemigrations", app, "--check", "--dry-run")


def test_app_answers_and_knows_no_other(app: str, folder: Path) -> None:
    """Its documentation and its schema, from an image that carries only this app and the kernel."""
    paths = [f"/api/{app}/openapi.json", f"/api/{app}/docs"]
    seen = json.loads(run(app, folder, "-c", LOOK, json.dumps(paths)).splitlines()[-1])
    assert seen["answers"] == dict.fromkeys(paths, 200)
    assert [name for name in seen["apps"] if name.startswith(("monolith.", "extracted."))] == [PACKAGES[app]]
    own = (f"monolith.{app}", "monolith.kernel")
    others = [name for name in seen["modules"] if not name.startswith(own)]
    beyond = [name for name in others if name.split(".")[2:3] not in ([], ["contract"])]
    assert beyond == [], "of other apps, their contracts alone"
    assert "django.contrib.auth" not in seen["apps"]
