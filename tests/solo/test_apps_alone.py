"""Every app boots, migrates and answers alone: in its own host, with no other app and no sight of the monolith."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A host whose neighbours cannot be reached must still start: nothing listens on port 9.
NOBODY = "http://127.0.0.1:9"
APPS = sorted(file.parent.name for file in (ROOT / "monolith").glob("*/capability.py"))

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
    "modules": sorted(name for name in sys.modules if name.startswith("monolith.")),
}))
"""


def run(app: str, folder: Path, *command: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": f"extracted.{app}.settings",
        "RUN_DIR": str(folder),
        "MONOLITH_URL": NOBODY,
        "PYTHONPATH": str(ROOT),
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
    """A host's own folder, with its database migrated."""
    made = tmp_path_factory.mktemp(app)
    run(app, made, "-m", "django", "migrate", "--verbosity", "0")
    return made


def test_there_is_an_app_to_test() -> None:
    """The list is found in the tree: a new app enrols itself."""
    assert "catalog" in APPS


def test_app_passes_its_checks_and_has_all_migrations(app: str, folder: Path) -> None:
    """No model without migration; no check that only the monolith fulfils."""
    run(app, folder, "-m", "django", "check", "--fail-level", "WARNING")
    run(app, folder, "-m", "django", "makemigrations", app, "--check", "--dry-run")


def test_app_answers_and_knows_no_other(app: str, folder: Path) -> None:
    """Its documentation and its schema, from an image that carries only this app and the kernel."""
    paths = [f"/api/{app}/openapi.json", f"/api/{app}/docs"]
    seen = json.loads(run(app, folder, "-c", LOOK, json.dumps(paths)).splitlines()[-1])
    assert seen["answers"] == dict.fromkeys(paths, 200)
    assert [name for name in seen["apps"] if name.startswith("monolith.")] == [f"monolith.{app}"]
    own = (f"monolith.{app}", "monolith.kernel")
    assert [name for name in seen["modules"] if not name.startswith(own)] == []
    assert "django.contrib.auth" not in seen["apps"]
