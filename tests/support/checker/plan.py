"""When which actor does what: fixed before the first request, from a seed."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

Act = Literal["create", "change", "repeat", "read", "list"]


@dataclass(frozen=True, slots=True)
class Load:
    """
    One run of traffic; rates are of the whole run, shares are of a writer's arrivals.

    Attributes:
        homes: address of each home's database, for raw writers and probes.
        raw_writers: how many write by SQL, past every router, and go where a refusal sends them.
        probes_per_s: at each home; each is a write whose success proves that the home admitted writers then.
        servers_die: a lost connection to a database is what the run is about, and no fault.
    """

    doors: tuple[str, ...]
    token: str
    ledger: str
    run: str = "chk"
    seed: int = 1
    writers: int = 12
    readers: int = 8
    writes_per_s: float = 24.0
    reads_per_s: float = 40.0
    horizon_s: float = 120.0
    create_share: float = 0.1
    repeat_share: float = 0.1
    changes_per_product: int = 25
    timeout_s: float = 30.0
    patience_s: float = 90.0
    homes: dict[str, str] = field(default_factory=dict)
    raw_writers: int = 0
    raw_writes_per_s: float = 0.0
    probes_per_s: float = 0.0
    servers_die: bool = False

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Load:
        """Build a load from its JSON form; unknown names are refused."""
        known = {f.name for f in fields(cls)}
        if unknown := set(raw) - known:
            raise ValueError(f"unknown load settings: {sorted(unknown)}")
        return cls(**{**raw, "doors": tuple(raw["doors"])})

    def to_json(self) -> dict[str, Any]:
        """Return the form that `from_json` reads."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One intended request: *at_s* seconds after the start, whatever happened to the one before."""

    at_s: float
    act: Act
    dice: float = field(compare=False)


def writer_arrivals(load: Load, number: int) -> list[Arrival]:
    """Return one writer's arrivals up to the horizon: exponential gaps, the first act a create."""
    rng = random.Random(f"{load.seed}/writer/{number}")
    times = _times(rng, load.writes_per_s / load.writers, load.horizon_s)
    acts = [_write_act(rng, load) if index else "create" for index in range(len(times))]
    return [Arrival(at_s, act, rng.random()) for at_s, act in zip(times, acts, strict=True)]


def raw_arrivals(load: Load, number: int) -> list[Arrival]:
    """Return one raw writer's arrivals up to the horizon: exponential gaps, the first act a create."""
    rng = random.Random(f"{load.seed}/raw/{number}")
    times = _times(rng, load.raw_writes_per_s / load.raw_writers, load.horizon_s)
    acts: list[Act] = [
        "create" if not index or rng.random() < load.create_share else "change" for index in range(len(times))
    ]
    return [Arrival(at_s, act, rng.random()) for at_s, act in zip(times, acts, strict=True)]


def reader_arrivals(load: Load, number: int) -> list[Arrival]:
    """Return one reader's arrivals up to the horizon: nine details to one list."""
    rng = random.Random(f"{load.seed}/reader/{number}")
    times = _times(rng, load.reads_per_s / load.readers, load.horizon_s)
    return [Arrival(at_s, "list" if rng.random() < 0.1 else "read", rng.random()) for at_s in times]


def _times(rng: random.Random, rate: float, horizon_s: float) -> list[float]:
    times, at_s = [], rng.random() / rate / 4
    while at_s < horizon_s:
        times.append(at_s)
        at_s += rng.expovariate(rate)
    return times


def _write_act(rng: random.Random, load: Load) -> Act:
    dice = rng.random()
    if dice < load.create_share:
        return "create"
    return "repeat" if dice < load.create_share + load.repeat_share else "change"
