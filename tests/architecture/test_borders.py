"""The import contracts hold, and each bites when it is broken on purpose."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")
MEET = "Bounded apps meet at their contracts"


def lint(folder):
    return subprocess.run([LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


def test_the_contracts_hold():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("strangler/routing/share.py", "import strangler.fence", "The rooms of strangler stand on floors"),
        ("strangler/proxy/figures.py", "import strangler.cutover", "The rooms of strangler stand on floors"),
        ("strangler/attic/__init__.py", "", "The rooms of strangler stand on floors"),
        ("strangler/fence/owner.py", "import monolith.catalog", "The toolkit knows no app and no service"),
        ("monolith/catalog/selectors.py", "import monolith.storefront", MEET),
        ("monolith/catalog/selectors.py", "def late():\n    from monolith.inventory.models import Stock", MEET),
        ("monolith/catalog/selectors.py", "import monolith.config", MEET),
        ("monolith/catalog/selectors.py", "import extracted.catalog.settings", MEET),
        ("monolith/newcomer/views.py", "from monolith.catalog.models import Product", MEET),
        ("monolith/catalog/contract/values.py", "from django.db import models", MEET),
        ("monolith/catalog/contract/values.py", "from monolith.catalog.models import Product", MEET),
        ("monolith/catalog/contract/values.py", "from monolith.inventory.contract import inventory", MEET),
        ("monolith/catalog/contract/values.py", "import strangler.fence", MEET),
        ("monolith/kernel/ids.py", "import monolith.catalog.contract", MEET),
    ],
)
def test_each_contract_bites(tmp_path, file, line, contract):
    result = lint_with(tmp_path, file, line)
    assert f"{contract} BROKEN" in result.stdout
    assert result.returncode == 1


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("monolith/newcomer/views.py", "from monolith.catalog.contract import errors"),
        ("monolith/newcomer/contract/__init__.py", "import decimal\nfrom strangler.contract import Port, query"),
        ("monolith/newcomer/contract/__init__.py", "from monolith.kernel.ids import uuid7"),
    ],
)
def test_contracts_are_the_way_across(tmp_path, file, line):
    assert lint_with(tmp_path, file, line).returncode == 0


def lint_with(tmp_path, file, line):
    """Lint a copy of the tree with one more line; packages on the way to a new file are made."""
    for package in ("strangler", "monolith", "extracted", "tests"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    broken = tmp_path / file
    broken.parent.mkdir(parents=True, exist_ok=True)
    for folder in {broken.parent, broken.parent.parent} - {tmp_path}:
        (folder / "__init__.py").touch()
    with broken.open("a") as text:
        text.write(f"\n{line}\n")
    return lint(tmp_path)
