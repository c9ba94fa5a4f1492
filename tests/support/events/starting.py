"""Starts actor and judge as processes of their own, and reads what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[3]
_COMMAND = [sys.executable, "-m", "tests.support.events"]


@dataclass(slots=True)
class Acting:
    """A running actor and its ledger."""

    run: str
    ledger: Path
    process: subprocess.Popen[str]
    report: dict[str, Any] = field(default_factory=dict)

    def over(self, within_s: float = 0.0) -> bool:
        """Whether every note was written, or given up, at once or soon."""
        try:
            return self.process.wait(within_s) is not None
        except subprocess.TimeoutExpired:
            return False

    def finish(self, timeout_s: float = 600) -> dict[str, Any]:
        """Wait for the last note and return the report."""
        if not self.report:
            said, complaints = self.process.communicate(timeout=timeout_s)
            assert said, f"the actor died: {complaints}"
            self.report = json.loads(said)
        return self.report

    def judge(self, homes: dict[str, str]) -> dict[str, Any]:
        """Return the verdict on the effects; *homes* maps the subscriber's homes to their DSNs."""
        return judge(self.ledger, homes, self.run)


@contextmanager
def acting(folder: Path, doors: list[str], token: str, **settings: Any) -> Iterator[Acting]:
    """Run an actor until the block ends; *settings* are fields of `actor.Plan`."""
    run = f"run{uuid.uuid4().hex[:8]}"
    ledger, plan = folder / f"{run}.ledger", folder / f"{run}.json"
    plan.write_text(json.dumps({"doors": doors, "token": token, "ledger": str(ledger), "run": run, **settings}))
    process = subprocess.Popen(
        [*_COMMAND, "act", str(plan)],
        env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Acting(run, ledger, process)
    finally:
        process.kill()
        process.communicate()


def judge(ledger: Path, homes: dict[str, str], run: str) -> dict[str, Any]:
    """Return the judge's verdict."""
    command = [*_COMMAND, "judge", str(ledger), "--run", run, *(f"{home}={dsn}" for home, dsn in homes.items())]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, f"the judge did not judge: {done.stderr}"
    return {"innocent": done.returncode == 0, **json.loads(done.stdout)}


def _environment() -> dict[str, str]:
    """Only what a stranger would have: no settings module, no address of a database."""
    return {"PYTHONPATH": str(_ROOT), "PATH": os.environ.get("PATH", ""), "PYTHONSAFEPATH": "1"}
