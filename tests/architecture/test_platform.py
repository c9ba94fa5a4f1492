"""The reference platform keeps its own borders: no import, no relation and no table across, and no baseline."""

import json
import os
import shutil
import subprocess
import sys

from tests.architecture.test_borders import ROOT

BROKEN = """

class Shelf(models.Model):
    product = models.ForeignKey("catalog.Product", models.CASCADE)

    class Meta:
        app_label = "inventory"
"""


def manage(folder, *args):
    variables = {"DJANGO_SETTINGS_MODULE": "monolith.config.settings", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "manage.py", *args]
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_nothing_crosses_a_border():
    result = manage(ROOT, "strangler", "borders", "--json")
    assert json.loads(result.stdout) == {"hold": True, "crossings": [], "vanished": [], "known_statements": 0}


def test_a_key_between_apps_is_an_error_of_the_platform(tmp_path):
    """The control: the same command on a copy that breaks the rule."""
    for package in ("monolith", "strangler"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "manage.py", tmp_path)
    with (tmp_path / "monolith/inventory/models.py").open("a") as text:
        text.write(BROKEN)
    crossings = json.loads(manage(tmp_path, "strangler", "borders", "--json").stdout)["crossings"]
    assert [c["key"] for c in crossings] == ["inventory.Shelf.product -> catalog.Product"]
    assert "strangler.E101" in manage(tmp_path, "check").stderr
