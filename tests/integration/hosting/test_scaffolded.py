"""The hosts in `extracted/` are what `strangler scaffold` writes, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from monolith.config.capabilities import CAPABILITIES

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", [capability.name for capability in CAPABILITIES if not capability.complete])
def test_a_host_is_as_it_was_scaffolded(name, tmp_path):
    environment = {"PATH": os.environ["PATH"], "RUN_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "manage.py", "strangler", "scaffold", name, "--dry-run", "--json"], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    present = {str(file.relative_to(ROOT)) for file in (ROOT / "extracted" / name).glob("*.*")}
    assert said["files"] == dict.fromkeys(sorted(present), "unchanged")
    assert said["gaps"] == []
    assert said["bonds"] == []
