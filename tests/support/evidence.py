"""Records what a long run has shown, under docs/evidence/."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from typing import Any

from tests.support.platform import ROOT


def record(name: str, *, seed: int, **figures: Any) -> None:
    """Write docs/evidence/*name*.json: commit, date, seed and figures."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    document = {"commit": commit, "date": datetime.now(UTC).date().isoformat(), "seed": seed, **figures}
    folder = ROOT / "docs" / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
