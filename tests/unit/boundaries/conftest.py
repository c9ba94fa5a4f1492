"""A project of two capabilities that breaks every rule, fresh for each test."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connections

from strangler.boundaries.watch import _watch

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Project:
    folder: Path

    def run(self, *args):
        """Run Python in the project's folder."""
        variables = {"PYTHONPATH": f"{ROOT}{os.pathsep}{self.folder}", "DJANGO_SETTINGS_MODULE": "shop.config.settings"}
        return subprocess.run(
            [sys.executable, "-B", *args],
            cwd=self.folder,
            env={**os.environ, **variables, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )

    def borders(self, *options):
        """Run the command, and return its exit code and what it found."""
        result = self.run("-m", "django", "strangler", "borders", "--json", *options)
        return result.returncode, json.loads(result.stdout)

    def append(self, file, text):
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as stream:
            stream.write(f"\n{text}\n")

    def replace(self, file, old, new):
        path = self.folder / file
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new))


@pytest.fixture
def project(tmp_path):
    """The broken shop."""
    folder = tmp_path / "project"
    shutil.copytree(Path(__file__).with_name("project"), folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(folder)


@pytest.fixture
def two_capabilities(settings):
    """The sample and the catalog, in one database as in a monolith; nobody watches it afterwards."""
    catalog = {"routes": [{"prefix": "/api/catalog/"}], "databases": {"monolith": "default"}}
    capabilities = {**settings.STRANGLER["CAPABILITIES"], "catalog": catalog}
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": capabilities}
    yield
    wrappers = connections["default"].execute_wrappers
    wrappers[:] = [w for w in wrappers if w is not _watch]
