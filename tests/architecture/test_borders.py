"""The import contracts hold, and each bites when it is broken on purpose."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")


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
        ("monolith/catalog/services.py", "import monolith.storefront", "Bounded apps are independent of each other"),
        ("monolith/catalog/services.py", "import monolith.config", "Apps do not know where they run"),
    ],
)
def test_each_contract_bites(tmp_path, file, line, contract):
    for package in ("strangler", "monolith", "extracted", "tests"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    broken = tmp_path / file
    broken.parent.mkdir(exist_ok=True)
    with broken.open("a") as text:
        text.write(f"\n{line}\n")
    result = lint(tmp_path)
    assert f"{contract} BROKEN" in result.stdout
    assert result.returncode == 1
