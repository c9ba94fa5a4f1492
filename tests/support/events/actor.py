"""
Writers of notes, open-loop: each keeps to its own arrivals; when one is late, the next starts at once.

An aggregate has one writer, who sends its next note when the one before is acknowledged. So the order is known without
asking anybody, and since a request is repeated with its key until it has an answer, every outcome is known as well.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.checker.ledger import Ledger
from tests.support.checker.wire import Answer, Client, NoAnswer

PATH = "/api/press/notes"
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """
    One run: *notes* over *aggregates*, *per_s* in all.

    Attributes:
        run: begins the name of each of its aggregates.
        patience_s: how long one note is repeated.
    """

    doors: tuple[str, ...]
    token: str
    ledger: str
    run: str
    seed: int
    notes: int
    aggregates: int = 100
    per_s: float = 40.0
    writers: int = 8
    timeout_s: float = 20.0
    patience_s: float = 60.0


@dataclass(slots=True)
class Report:
    """What the writers met; *faults* are answers that nobody should get."""

    acknowledged: int = 0
    homes: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def to_json(self) -> dict[str, Any]:
        """Return it in figures."""
        ordered = sorted(self.latencies_s) or [0.0]
        quantiles = {f"p{q}": round(1000 * ordered[len(ordered) * q // 100]) for q in (50, 99)}
        return {
            "acknowledged": self.acknowledged,
            "homes": dict(self.homes),
            "repeats": dict(self.repeats),
            "faults": dict(self.faults),
            "latency_ms_from_intended_start": quantiles | {"max": round(1000 * ordered[-1])},
        }


class _Writer(threading.Thread):
    def __init__(self, plan: Plan, number: int, ledger: Ledger, report: Report) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self._plan, self._ledger, self._report = plan, ledger, report
        self._rng = random.Random(f"{plan.seed}/writer/{number}")
        self._client = Client(plan.doors[number % len(plan.doors)], timeout_s=plan.timeout_s)
        self._arrivals = range(number, plan.notes, plan.writers)
        self._mine = [f"{plan.run}-{index}" for index in range(number, plan.aggregates, plan.writers)]
        self._next = dict.fromkeys(self._mine, 1)

    def run(self) -> None:
        started = time.monotonic()
        for arrival in self._arrivals:
            intended = started + arrival / self._plan.per_s
            time.sleep(max(0.0, intended - time.monotonic()))
            aggregate = self._rng.choice(self._mine)
            n = self._next[aggregate]
            self._ledger.intend(aggregate=aggregate, n=n)
            home = self._write(aggregate, n)
            if home is None:
                return  # what its aggregates hold is not known any longer
            self._next[aggregate] = n + 1
            self._ledger.acknowledge(aggregate=aggregate, n=n, home=home, at=time.time())
            with self._report.lock:
                self._report.acknowledged += 1
                self._report.homes[home] += 1
                self._report.latencies_s.append(time.monotonic() - intended)

    def _write(self, aggregate: str, n: int) -> str | None:
        body = json.dumps({"aggregate": aggregate, "n": n}).encode()
        headers = {
            "Authorization": f"Bearer {self._plan.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"{aggregate}-{n}",
        }
        deadline = time.monotonic() + self._plan.patience_s
        while time.monotonic() < deadline:
            try:
                answer = self._client.send("POST", PATH, headers=headers, body=body)
            except NoAnswer:
                self._note("repeats", "no answer")
            else:
                if answer.status == 201:
                    return answer.headers.get("strangler-home", "?")
                if not self._may_repeat(answer):
                    self._note("faults", f"{answer.status} {answer.code}")
                    self._ledger.complain(status=answer.status, body=answer.body[:500].decode(errors="replace"))
                    return None
                self._note("repeats", f"{answer.status} {answer.code}")
            time.sleep(_PAUSE_S)
        self._note("faults", "gave up")
        return None

    def _may_repeat(self, answer: Answer) -> bool:
        return answer.status in (502, 503, 504) or (answer.status == 409 and answer.code == "idempotency_in_progress")

    def _note(self, kind: str, what: str) -> None:
        with self._report.lock:
            getattr(self._report, kind)[what] += 1


def act(plan: Plan) -> dict[str, Any]:
    """Have all notes written, and return what the writers met; acknowledgements are on disk in the ledger."""
    ledger, report = Ledger(Path(plan.ledger)), Report()
    writers = [_Writer(plan, number, ledger, report) for number in range(plan.writers)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    ledger.close()
    return report.to_json()
