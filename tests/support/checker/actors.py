"""
The people of a run. Each keeps to its own arrivals; when one is late, the next starts at once and its latency says so.

A writer is the only writer of its products, so the version after each of its writes is known: one more than before.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import dialect
from .dialect import Request
from .figures import Figures
from .ledger import Ledger
from .plan import Arrival, Load, reader_arrivals, writer_arrivals
from .wire import Answer, Client, NoAnswer


@dataclass(frozen=True, slots=True)
class Product:
    """A product as its writer last heard of it."""

    id: str
    slug: str
    version: int
    mark: str
    etag: str


@dataclass(slots=True)
class Stage:
    """What the actors of a run share."""

    load: Load
    ledger: Ledger
    figures: Figures
    started: float = field(default_factory=time.monotonic)
    stopping: threading.Event = field(default_factory=threading.Event)
    latest: dict[str, Product] = field(default_factory=dict)
    """Acknowledged products by slug; what is in here is on disk in the ledger."""

    @classmethod
    def of(cls, load: Load) -> Stage:
        """Open the ledger of *load*."""
        return cls(load, Ledger(Path(load.ledger)), Figures())

    def reached(self, arrival: Arrival) -> bool:
        """Wait for the intended start; False when the run stops first."""
        return not self.stopping.wait(max(0.0, self.started + arrival.at_s - time.monotonic()))

    def since(self, arrival: Arrival) -> float:
        """Return seconds since the intended start."""
        return time.monotonic() - self.started - arrival.at_s


@dataclass(frozen=True, slots=True)
class Done:
    """An acknowledged creation and the request that made it, for repeating."""

    request: Request
    product: Product


class Writer(threading.Thread):
    """A staff member who creates products, changes them, repeats old creations, and reads each write back."""

    def __init__(self, stage: Stage, number: int) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self._stage, self._number, self._load = stage, number, stage.load
        self._client = Client(self._load.doors[number % len(self._load.doors)], timeout_s=self._load.timeout_s)
        self._product: Product | None = None
        self._done: list[Done] = []
        self._count = 0
        self._uncertain = False
        self.steady = threading.Event()

    def run(self) -> None:
        """Keep the appointments until the horizon or the stop."""
        for arrival in writer_arrivals(self._load, self._number):
            if not self._stage.reached(arrival):
                return
            if arrival.act == "repeat" and self._done:
                self._repeat(arrival)
            else:
                self._write(arrival)

    def _write(self, arrival: Arrival) -> None:
        self._count += 1
        mark = f"{self._load.run}-w{self._number}-{self._count}"
        old = self._product
        create = arrival.act == "create" or old is None or old.version > self._load.changes_per_product
        slug = mark if create or old is None else old.slug
        if create or old is None:
            request = dialect.create(slug, mark, token=self._load.token, key=mark)
        else:
            request = dialect.change(old.id, mark, etag=old.etag, token=self._load.token, key=mark)
        self._stage.ledger.intend(key=mark, act="create" if create else "change", slug=slug, mark=mark)
        answer = self._settle(request, mark)
        if answer is None:
            # A write of unknown outcome leaves the version unknown: start afresh, the judge looks at the old one.
            self._product = None
        else:
            self._product = self._acknowledged(arrival, request, answer, slug, mark, None if create else old)

    def _settle(self, request: Request, key: str) -> Answer | None:
        """Send until an acknowledgement, always with the same key; None when patience ends or it is refused."""
        self._uncertain = False
        deadline = time.monotonic() + self._load.patience_s
        while time.monotonic() < deadline:
            answer, pause_s = self._attempt(request, key)
            if answer is not None or pause_s is None:
                return answer
            time.sleep(pause_s)
        self._fault("gave_up", key=key)
        return None

    def _attempt(self, request: Request, key: str) -> tuple[Answer | None, float | None]:
        try:
            answer = self._client.send(request.method, request.path, headers=request.headers, body=request.body)
        except NoAnswer as error:
            self._uncertain = True
            self._fault("failed", key=key, why=str(error))
            return None, 0.5
        if answer.status in (200, 201):
            return answer, None
        if answer.status == 503 and answer.code == "moved_midway":
            self._stage.figures.count("refused_moved_midway")
            return None, min(float(answer.headers.get("retry-after", "1")), 5.0)
        body = answer.body[:500].decode(errors="replace")
        self._fault("failed", key=key, status=answer.status, code=answer.code, body=body)
        if answer.status >= 500:
            self._uncertain = True
            return None, 0.5
        if not self._uncertain:
            self._stage.ledger.refuse(key=key, status=answer.status)
        return None, None

    def _acknowledged(
        self, arrival: Arrival, request: Request, answer: Answer, slug: str, mark: str, old: Product | None
    ) -> Product | None:
        product = _product(answer, slug, mark)
        home, latency_s = answer.headers.get("strangler-home"), self._stage.since(arrival)
        self._stage.ledger.acknowledge(
            key=mark, version=product.version, id=product.id, home=home, at=time.time() - latency_s, done=time.time()
        )
        replayed = answer.headers.get("idempotent-replayed") == "true"
        self._stage.figures.count("replayed" if replayed else "acknowledged", home=home, latency_s=latency_s)
        expected = old.version + 1 if old else product.version
        if product.version != expected or dialect.mark_of(answer.data) != mark:
            self._fault("wrong_answer", key=mark, expected=expected, saw=_brief(answer))
        self._stage.latest[slug] = product
        if old is None:
            self._done.append(Done(request, product))
        self._read_back(product)
        self.steady.set()
        return product

    def _read_back(self, product: Product) -> None:
        """Read the write just acknowledged: any other version is a lost own read."""
        try:
            request = dialect.detail(product.id, token=self._load.token)
            answer = self._client.send(request.method, request.path, headers=request.headers)
        except NoAnswer as error:
            return self._fault("failed", read=product.id, why=str(error))
        if answer.status >= 500:
            return self._fault("failed", read=product.id, status=answer.status, code=answer.code)
        seen = answer.status == 200 and dialect.version_of(answer.data) == product.version
        if not seen or dialect.mark_of(answer.data) != product.mark:
            home = answer.headers.get("strangler-home")
            return self._fault(
                "own_read_lost", slug=product.slug, version=product.version, home=home, saw=_brief(answer)
            )
        self._stage.figures.count("own_read")
        return None

    def _repeat(self, arrival: Arrival) -> None:
        """Send an acknowledged request again: the first answer must come back, marked as replayed."""
        done = self._done[int(arrival.dice * len(self._done))]
        answer = self._settle(done.request, done.request.headers["Idempotency-Key"])
        if answer is None:
            return self._fault("not_replayed", slug=done.product.slug, mark=done.product.mark)
        same = _product(answer, done.product.slug, done.product.mark) == done.product
        if not same or answer.headers.get("idempotent-replayed") != "true":
            return self._fault("not_replayed", slug=done.product.slug, mark=done.product.mark, status=answer.status)
        home = answer.headers.get("strangler-home")
        self._stage.figures.count("replayed", home=home, latency_s=self._stage.since(arrival))
        return None

    def _fault(self, outcome: str, **details: Any) -> None:
        self._stage.figures.count(outcome)
        self._stage.ledger.complain(outcome=outcome, writer=self._number, at=time.time(), **details)


class Reader(threading.Thread):
    """A visitor who reads at any door; what was acknowledged before a read began must be in its answer."""

    def __init__(self, stage: Stage, number: int) -> None:
        super().__init__(name=f"reader-{number}", daemon=True)
        self._stage, self._number, self._load = stage, number, stage.load
        self._client = Client(self._load.doors[number % len(self._load.doors)], timeout_s=self._load.timeout_s)

    def run(self) -> None:
        """Keep the appointments until the horizon or the stop."""
        for arrival in reader_arrivals(self._load, self._number):
            if not self._stage.reached(arrival):
                return
            slugs = list(self._stage.latest)
            if arrival.act == "list" or not slugs:
                self._read(arrival, dialect.listing(token=self._load.token), None)
            else:
                product = self._stage.latest[slugs[int(arrival.dice * len(slugs))]]
                self._read(arrival, dialect.detail(product.id, token=self._load.token), product)

    def _read(self, arrival: Arrival, request: Request, product: Product | None) -> None:
        try:
            answer = self._client.send(request.method, request.path, headers=request.headers)
        except NoAnswer as error:
            return self._fault("failed", path=request.path, why=str(error))
        home = answer.headers.get("strangler-home")
        if answer.status != 200 and not (product and answer.status == 404):
            return self._fault("failed", path=request.path, status=answer.status, code=answer.code)
        if product and (answer.status == 404 or dialect.version_of(answer.data) < product.version):
            return self._fault("stale_read", path=request.path, home=home, wanted=product.version, saw=_brief(answer))
        self._stage.figures.count("read", home=home, latency_s=self._stage.since(arrival))
        return None

    def _fault(self, outcome: str, **details: Any) -> None:
        self._stage.figures.count(outcome)
        self._stage.ledger.complain(outcome=outcome, reader=self._number, at=time.time(), **details)


def _brief(answer: Answer) -> str:
    if answer.status != 200:
        return f"{answer.status} {answer.code}"
    return f"version {answer.data.get('version')}, {answer.data.get('attributes')}"


def _product(answer: Answer, slug: str, mark: str) -> Product:
    data = answer.data
    return Product(str(data["id"]), slug, dialect.version_of(data), mark, answer.headers.get("etag", ""))
