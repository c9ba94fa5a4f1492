"""Records what a long run has shown, under docs/evidence/."""

from __future__ import annotations

import fcntl
import json
import subprocess
from datetime import UTC, datetime
from typing import Any

from tests.support.platform import ROOT

FOLDER = ROOT / "docs" / "evidence"


def record(name: str, *, seed: int, **figures: Any) -> None:
    """Write docs/evidence/*name*.json: commit, date, seed and figures."""
    _write(name, {**_origin(seed), **figures})


def record_part(name: str, part: str, *, seed: int, **figures: Any) -> None:
    """Write one part of docs/evidence/*name*.json, with an origin of its own; parts may be recorded at one time."""
    file = FOLDER / f"{name}.json"
    file.touch()
    with file.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        parts = json.loads(file.read_text() or "{}").get("parts", {})
        _write(name, {"parts": dict(sorted((parts | {part: {**_origin(seed), **figures}}).items()))})


def _origin(seed: int) -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    return {"commit": commit, "date": datetime.now(UTC).date().isoformat(), "seed": seed}


def _write(name: str, document: dict[str, Any]) -> None:
    (FOLDER / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
