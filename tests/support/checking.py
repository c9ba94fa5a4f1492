"""Starts the independent checker as a process of its own and reads what it says."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SUPPORT = Path(__file__).parent


@dataclass(slots=True)
class Traffic:
    """A running load; `stop` returns its report, `judge` compares its ledger with the rows."""

    run: str
    ledger: Path
    process: subprocess.Popen[str]
    report: dict[str, Any] = field(default_factory=dict)
    _events: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)

    def wait_until_steady(self, timeout_s: float = 60) -> None:
        """Block until every writer has an acknowledged write. Raises: AssertionError."""
        event = self._next(timeout_s)
        assert event["event"] == "steady", f"the load ended before every writer wrote: {event}"

    def stop(self, timeout_s: float = 120) -> dict[str, Any]:
        """Let no new request begin, wait for those under way, and return the report."""
        if not self.report:
            self.process.terminate()
            self.report = self.finish(timeout_s)
        return self.report

    def finish(self, timeout_s: float = 600) -> dict[str, Any]:
        """Wait for the horizon and return the report."""
        while (event := self._next(timeout_s))["event"] != "report":
            pass
        self.process.wait(timeout_s)
        self.report = event
        return event

    def complaints(self) -> list[dict[str, Any]]:
        """Return what the ledger says went wrong, for a failing test's message."""
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        return [entry for entry in map(json.loads, lines) if entry["kind"] == "complaint"]

    def judge(self, homes: dict[str, str]) -> dict[str, Any]:
        """Return the verdict on the rows of the owning home; *homes* maps home to DSN."""
        return judge(self.ledger, self.run, homes)

    def pauses(self) -> dict[str, Any]:
        """Return how long writers waited, with a switch and without, in milliseconds."""
        return pauses(self.ledger)

    def _next(self, timeout_s: float) -> dict[str, Any]:
        try:
            return self._events.get(timeout=timeout_s)
        except queue.Empty:
            raise AssertionError(
                f"the checker said nothing for {timeout_s} s; complaints: {self.complaints()[:5]}"
            ) from None

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(json.loads(line))
        self._events.put({"event": "report", "faults": {"checker_died": 1}, "counts": {}, "latency_ms": {}})


@contextmanager
def traffic(directory: Path, doors: list[str], token: str, **settings: Any) -> Iterator[Traffic]:
    """Run a load against *doors* until the block ends; *settings* are fields of `checker.plan.Load`."""
    run = settings.pop("run", f"chk{uuid.uuid4().hex[:8]}")
    ledger, plan = directory / f"{run}.ledger", directory / f"{run}.json"
    load = {"doors": doors, "token": token, "ledger": str(ledger), "run": run, **settings}
    plan.write_text(json.dumps(load))
    command = [*_checker(), "load", str(plan)]
    process = subprocess.Popen(command, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    running = Traffic(run, ledger, process)
    listener = threading.Thread(target=running._listen, daemon=True)
    listener.start()
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        listener.join()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def judge(ledger: Path, run: str, homes: dict[str, str]) -> dict[str, Any]:
    """Return the verdict of the judge, which also runs in a process of its own."""
    pairs = [f"{home}={dsn}" for home, dsn in homes.items()]
    command = [*_checker(), "judge", str(ledger), "--run", run, *pairs]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, f"the judge did not judge: {done.stderr}"
    return {"innocent": done.returncode == 0, **json.loads(done.stdout)}


def pauses(ledger: Path) -> dict[str, Any]:
    """Return how long the writers of a ledger waited, with a switch and without, in milliseconds."""
    command = [*_checker(), "pauses", str(ledger)]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=120, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _checker() -> list[str]:
    return [sys.executable, "-m", "tests.support.checker"]


def _environment() -> dict[str, str]:
    """Only what a stranger would have: no settings module, no address of a database."""
    return {"PYTHONPATH": str(SUPPORT.parents[1]), "PATH": os.environ.get("PATH", ""), "PYTHONSAFEPATH": "1"}
