"""People who write by SQL, and probes that only ask, by writing, whether a home admits writers."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from . import dialect
from .actors import Stage
from .plan import Arrival, raw_arrivals
from .raw import NoOutcome, RawHome, Refused, Taken

BETWEEN_HOMES_S = 0.002
AFTER_A_FAILURE_S = 0.1


@dataclass(slots=True)
class Held:
    """A product of one raw writer, at the version that it last heard of."""

    id: str
    slug: str
    version: int


class RawWriter(threading.Thread):
    """A program that keeps its own connections, writes where it wrote last, and goes where a refusal sends it."""

    def __init__(self, stage: Stage, number: int) -> None:
        super().__init__(name=f"raw-{number}", daemon=True)
        self._stage, self._number, self._load = stage, number, stage.load
        self._homes = _homes(stage)
        self._home = next(iter(self._homes))
        self._epoch = 0
        self._held: Held | None = None
        self._count = 0
        self.steady = threading.Event()

    def run(self) -> None:
        """Keep the appointments until the horizon or the stop."""
        for arrival in raw_arrivals(self._load, self._number):
            if not self._stage.reached(arrival):
                return
            self._write(arrival)

    def _write(self, arrival: Arrival) -> None:
        self._count += 1
        mark = f"{self._load.run}-r{self._number}-{self._count}"
        old = self._held
        create = arrival.act == "create" or old is None or old.version > self._load.changes_per_product
        held = Held(_id(mark, "product"), mark, 0) if create or old is None else old
        self._stage.ledger.intend(key=mark, act="create" if create else "change", slug=held.slug, mark=mark)
        taken, uncertain = self._settle(mark, held)
        if taken is None:
            self._held = None  # its version is unknown: start afresh, the judge looks at the old one
            return None
        version, found = taken.rows[0] if taken.rows else (0, None)
        if found != mark or version != held.version + 1:
            self._held = None
            return self._fault("own_write_lost", key=mark, expected=held.version + 1, saw=[version, found])
        if not taken.counts[0]:
            self._stage.figures.count("raw_found_done" if uncertain else "raw_wrong_count")
        latency_s = self._stage.since(arrival)
        self._stage.ledger.acknowledge(
            key=mark, version=held.version + 1, id=held.id, at=time.time() - latency_s, done=time.time(),
            witness=asdict(taken.witness),
        )  # fmt: skip
        self._stage.figures.count("raw_acknowledged", home=taken.witness.home, latency_s=latency_s)
        self._held = Held(held.id, held.slug, held.version + 1)
        self.steady.set()
        return None

    def _settle(self, mark: str, held: Held) -> tuple[Taken | None, bool]:
        """Write until it is committed, and say whether an earlier attempt may have been; None when patience ends."""
        statements = (dialect.RAW_CHANGE if held.version else dialect.RAW_CREATE) + dialect.RAW_STATE
        values = {
            "id": held.id, "slug": held.slug, "name": f"Checked {held.slug}", "mark": mark, "version": held.version,
            "variant": _id(mark, "variant"), "price": _id(mark, "price"),
        }  # fmt: skip
        uncertain, deadline = False, time.monotonic() + self._load.patience_s
        while time.monotonic() < deadline:
            try:
                return self._homes[self._home].write(statements, values), uncertain
            except Refused as refusal:
                self._stage.figures.count("raw_refused")
                self._follow(refusal)
            except NoOutcome as error:
                uncertain = True
                _lost_connection(self._stage, error, key=mark)
                self._stage.stopping.wait(AFTER_A_FAILURE_S)
        self._fault("gave_up", key=mark)
        return None, uncertain

    def _follow(self, refusal: Refused) -> None:
        """Go to the owner; a home that says less than is known already has not been opened yet."""
        if refusal.epoch < self._epoch or refusal.owner == self._home:
            self._stage.figures.count("raw_waited")
            time.sleep(BETWEEN_HOMES_S)
        else:
            self._home, self._epoch = refusal.owner, refusal.epoch

    def _fault(self, outcome: str, **details: Any) -> None:
        self._stage.figures.count(outcome)
        self._stage.ledger.complain(outcome=outcome, raw_writer=self._number, at=time.time(), **details)


class Probe(threading.Thread):
    """Asks one home all the time, whoever owns the rows: each success is a witness."""

    def __init__(self, stage: Stage, home: str) -> None:
        super().__init__(name=f"probe-{home}", daemon=True)
        self._stage, self._load = stage, stage.load
        self._home = _homes(stage)[home]

    def run(self) -> None:
        """Try at the load's rate, or as fast as the home answers; stop with the run."""
        slug = f"{self._load.run}-probe-{self._home.home}"
        values = {"id": _id(slug, "product"), "slug": slug}
        every_s = 1 / self._load.probes_per_s
        while not self._stage.stopping.wait(every_s):
            asked = time.monotonic()
            try:
                witness = self._home.write(dialect.RAW_PROBE, values).witness
            except Refused:
                self._stage.figures.count("probe_refused")
            except NoOutcome as error:
                _lost_connection(self._stage, error, probe=self._home.home)
                self._stage.stopping.wait(AFTER_A_FAILURE_S)
            else:
                self._stage.ledger.witness(**asdict(witness))
                self._stage.figures.count("probe_admitted", latency_s=time.monotonic() - asked)


def _homes(stage: Stage) -> dict[str, RawHome]:
    load = stage.load
    return {home: RawHome(home, dsn, timeout_s=load.timeout_s) for home, dsn in load.homes.items()}


def _lost_connection(stage: Stage, error: NoOutcome, **details: Any) -> None:
    if stage.load.servers_die:
        stage.figures.count("raw_waited")
        return
    stage.figures.count("failed")
    stage.ledger.complain(outcome="failed", at=time.time(), why=str(error), **details)


def _id(mark: str, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{mark}/{what}"))
