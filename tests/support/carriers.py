"""The carriers' sandbox as a process of its own, and what a test asks of it."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.processes import Process, eventually, free_port

ROOT = Path(__file__).resolve().parents[2]
SECRET = "webhooks-of-the-tests-" + "s" * 20


@dataclass(frozen=True)
class Carriers:
    """Carriers that run."""

    url: str

    def pass_time(self, hours: float) -> list[dict[str, Any]]:
        """Let the carriers' time pass; return what they told, and how that was answered."""
        told: list[dict[str, Any]] = self._ask("/clock", {"advance_s": hours * 3600})["told"]
        return told

    def tell_at(self, url: str) -> None:
        """Say where to tell what happens."""
        self._ask("/webhook", {"url": url})

    def labels(self) -> list[dict[str, Any]]:
        """Every label that was ever sold."""
        found: list[dict[str, Any]] = self._ask("/ledger")["labels"]
        return found

    def _ask(self, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, content), timeout=30) as answer:
            return json.load(answer)


@contextmanager
def running_carriers(folder: Path) -> Iterator[Carriers]:
    """Run the carriers until the block ends; they need neither Django nor a database."""
    port = free_port()
    command = [sys.executable, "-m", "extracted.shipping.sandbox", "--port", str(port), "--webhook-url", ""]
    environment = {"PYTHONPATH": str(ROOT), "SHIPPING_WEBHOOK_SECRET": SECRET}
    process = Process.start("carriers", command, folder / "carriers.log", environment=environment, folder=folder)
    carriers = Carriers(f"http://127.0.0.1:{port}")

    def answers() -> bool:
        assert process.alive(), process.tail()
        try:
            with urllib.request.urlopen(f"{carriers.url}/livez", timeout=5):
                return True
        except OSError:
            return False

    try:
        eventually(answers, what="the carriers answer")
        yield carriers
    finally:
        process.stop()
