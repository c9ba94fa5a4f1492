"""The sandbox's payment providers as a process of their own, and what they say was really charged."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monolith.payments.capability import ENVIRONMENT
from tests.support.processes import Process, eventually

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("sandbox_a", "sandbox_b")


@dataclass(frozen=True, slots=True)
class Providers:
    """Two providers at one address."""

    url: str

    def charges(self, payment: object) -> list[dict[str, Any]]:
        """Return every authorisation of one payment that went through, at either provider."""
        found = (one for name in NAMES for one in self._ask(f"/{name}/v1/authorizations?reference={payment}")["data"])
        return [one for one in found if one["charged"]]

    def act(self, action_url: str, *, approve: bool) -> None:
        """Do what the customer does on the provider's page."""
        answer = b"answer=approve" if approve else b"answer=reject"
        with urllib.request.urlopen(action_url, answer, timeout=10) as reply:
            assert reply.status == 200

    def _ask(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {ENVIRONMENT['PAYMENTS_SANDBOX_SECRET']}"}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=headers), timeout=10) as answer:
            return json.load(answer)


@contextmanager
def running_providers(port: int, webhooks: str, log: Path, *, hang_s: float = 30) -> Iterator[Providers]:
    """
    Run both until the block ends.

    Args:
        webhooks: the address of the host that is told.
    """
    command = [sys.executable, "-m", "monolith.payments.sandbox", "--port", str(port), "--settle-s", "0.05"]
    command += ["--hang-s", str(hang_s), "--webhooks", f"{webhooks}/api/payments/webhooks"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    process = Process.start("providers", command, log, environment=environment, folder=ROOT)
    providers = Providers(f"http://127.0.0.1:{port}")
    try:
        eventually(lambda: _answers(providers.url), what="the providers answer", every_s=0.05)
        yield providers
    finally:
        process.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/livez", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
