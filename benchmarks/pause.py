"""
What a move costs those who write: how long a switch keeps them waiting, and what a stream takes of their rate.

Two PostgreSQL servers, the monolith and the catalog's service beside them. The first table is of writers at a steady
rate, by SQL and past every router, each going where a refusal sends it; a switch is made every few seconds. "Nobody"
is the longest time between two accepted writes of anybody in the second around a switch, "slowest" the longest that
one write of that second took from when it was meant to begin; both are given for seconds without a switch as well,
taken from between the switches of the same run. The second is of writers without a pause, by pgbench, each
changing one product in a transaction of its own; the copy that follows is kept by the same cores.
Run: python -m benchmarks.pause [--rows 100000] [--rate 500] [--switches 20] [--seconds 5] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from benchmarks.harness import commit, table
from monolith.config.run.account import server_binaries
from tests.support.checking import traffic
from tests.support.platform import Platform, running_platform
from tests.support.processes import eventually
from tests.support.servers import two_servers
from tests.support.state import digests
from tests.support.valkey import running_valkey

ROWS_OF_A_PRODUCT = 3
WRITERS = 8
CALM_S = 4.0
"""Between two switches, so that there are seconds without one to compare with."""
CHANGE = r"""
\set number random(0, {last})
UPDATE catalog_product SET version = version + 1, updated_at = now() WHERE slug = 'lamp-' || :number;
"""
KINDS = ("logical", "keylog")


class Rate(NamedTuple):
    """What pgbench found: transactions per second, and how long one took on average."""

    per_s: float
    latency_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=500, help="writes per second during the switches")
    parser.add_argument("--switches", type=int, default=20, help="of each mover, there and back taken together")
    parser.add_argument("--seconds", type=int, default=5, help="of each pass of pgbench")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    products = given.rows // ROWS_OF_A_PRODUCT
    with (
        two_servers() as servers,
        running_valkey() as cache,
        running_platform(servers, products=products, CACHE_URL=cache) as platform,
    ):
        pauses = {kind: _switch(platform, kind, given) for kind in KINDS}
        rates = _compare(platform, products, given)
    print(f"commit {commit()}, {given.rows:,} rows, {WRITERS} writers\n")
    print(f"{given.switches} switches of each mover at {given.rate} writes/s; milliseconds.\n")
    print(table(["mover, what was waited", "p50", "p99", "max"], list(_pause_rows(pauses))))
    print(f"\nWriters without a pause, medians of {given.rounds} rounds of {given.seconds} s.\n")
    print(table(["rows flow", "writes/s", "of none", "ms per write"], list(_rate_rows(rates))))


# -- the pause ------------------------------------------------------------------------------------------------------


def _switch(platform: Platform, kind: str, given: argparse.Namespace) -> dict[str, Any]:
    """Switch there and back under load; return what the switches said and what the writers saw."""
    said = []
    platform.strangler("prepare", "catalog", "--yes", "--mover", kind)
    with (
        tempfile.TemporaryDirectory() as folder,
        traffic(
            Path(folder), [], platform.token, homes=platform.homes, writers=0, readers=0, raw_writers=WRITERS,
            raw_writes_per_s=given.rate, probes_per_s=100, horizon_s=3_600.0, seed=1,
        ) as load,
    ):  # fmt: skip
        load.wait_until_steady()
        for turn in range(given.switches):
            said.append(platform.toggle_until_done("monolith" if turn % 2 else "service").figures["paused_ms"])
            time.sleep(CALM_S)
        report, verdict = load.stop(), load.judge(platform.homes)
        if report["faults"] or not verdict["innocent"]:
            raise SystemExit(f"the figures are worth nothing: {report['faults']} {verdict}")
        seen = load.pauses()
    _back_to_nothing(platform)
    said.sort()
    return {"said": {"p50": said[len(said) // 2], "p99": said[int(0.99 * len(said))], "max": said[-1]}, **seen}


def _pause_rows(pauses: Mapping[str, dict[str, Any]]) -> Iterator[list[str]]:
    for kind, of_one in pauses.items():
        figures = {
            "the switch itself, as it says": of_one["said"],
            "nobody wrote, at a switch": of_one["with_a_switch"]["nobody"],
            "nobody wrote, without one": of_one["without"]["nobody"],
            "slowest write, at a switch": of_one["with_a_switch"]["slowest_sql"],
            "slowest write, without one": of_one["without"]["slowest_sql"],
        }
        for name, waited in figures.items():
            yield [f"{kind}: {name}", *(f"{waited[part]:,.1f}" for part in ("p50", "p99", "max"))]


# -- the rate -------------------------------------------------------------------------------------------------------


def _compare(platform: Platform, products: int, given: argparse.Namespace) -> dict[str, list[Rate]]:
    """Measure all states in turn, in each round, so that a busy moment meets everybody."""
    rates: dict[str, list[Rate]] = {}

    def measure(name: str, home: str) -> None:
        rates.setdefault(name, []).append(_pgbench(platform.homes[home], products, given.seconds))

    for _ in range(given.rounds):
        measure("nowhere", "monolith")
        for kind in KINDS:
            platform.strangler("prepare", "catalog", "--yes", "--mover", kind)
            measure(f"{kind}, to the service", "monolith")
            _catch_up(platform)
            platform.toggle_until_done("service")
            measure(f"{kind}, back to the monolith", "service")
            _catch_up(platform)
            _back_to_nothing(platform)
    return rates


def _pgbench(dsn: str, products: int, seconds: int) -> Rate:
    address = urlsplit(dsn)
    with _script(CHANGE.format(last=products - 1)) as script:
        command = [
            str(server_binaries(script.parent) / "pgbench"), "--no-vacuum", "--protocol=prepared", f"--file={script}",
            f"--client={WRITERS}", "--jobs=1", f"--time={seconds}", f"--host={address.hostname}",
            f"--port={address.port}", f"--username={address.username}", address.path.strip("/"),
        ]  # fmt: skip
        environment = {**os.environ, "PGPASSWORD": address.password or ""}
        said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return Rate(_found(r"tps = ([\d.]+)", said), _found(r"latency average = ([\d.]+) ms", said))


@contextmanager
def _script(text: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "change.sql"
        script.write_text(text)
        yield script


def _found(pattern: str, text: str) -> float:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"pgbench said something unexpected:\n{text}")
    return float(match.group(1))


def _rate_rows(rates: Mapping[str, list[Rate]]) -> Iterator[list[str]]:
    none = statistics.median(rate.per_s for rate in rates["nowhere"])
    for name, of_one in rates.items():
        per_s = statistics.median(rate.per_s for rate in of_one)
        latency_ms = statistics.median(rate.latency_ms for rate in of_one)
        yield [name, f"{per_s:,.0f}", f"{100 * per_s / none:.0f} %", f"{latency_ms:.2f}"]


def _catch_up(platform: Platform) -> None:
    """Return once both homes have the same rows: what follows is not to pay for what was measured."""
    homes = platform.homes
    eventually(
        lambda: digests(homes["monolith"]) == digests(homes["service"]),
        what="the other home has caught up", timeout_s=300, every_s=0.5,
    )  # fmt: skip


def _back_to_nothing(platform: Platform) -> None:
    platform.toggle_until_done("monolith")
    platform.strangler("cancel", "catalog", "--yes")


if __name__ == "__main__":
    main()
