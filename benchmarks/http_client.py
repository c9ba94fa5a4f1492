"""
One call over HTTP: a JSON document there and back on a kept connection, by our client and by others, to one server.

The server is a trivial WSGI callable under granian, in a process of its own. Clients take turns in short rounds;
figures are medians over rounds. The CPU is that of the caller's process. "a socket" sends ready bytes and looks for
nothing but the length of the answer: what the kernel and the server cost whoever calls.
Run: python -m benchmarks.http_client [--rounds 9] [--seconds 0.5]
The peers: pip install urllib3 httpx aiohttp; one that is missing is said to be missing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.clients import ASKED, CLIENTS, Call
from benchmarks.harness import commit, free_port, running, table

CONCURRENCY = (1, 16)
SERVER_THREADS = 16


@dataclass(frozen=True)
class Round:
    """What one client did in one round: latencies, and CPU per call."""

    p50_us: float
    p90_us: float
    cpu_us: float


def loaded(call: Call, callers: int, seconds: float) -> Round:
    """Let *callers* threads call one after another for a while."""
    call()
    ready, took_ns = threading.Barrier(callers + 1), [list[int]() for _ in range(callers)]
    until = 0.0

    def caller(mine: list[int]) -> None:
        call()
        ready.wait()
        ready.wait()
        while (began := time.perf_counter_ns()) < until:
            call()
            mine.append(time.perf_counter_ns() - began)

    threads = [threading.Thread(target=caller, args=(mine,)) for mine in took_ns]
    for thread in threads:
        thread.start()
    ready.wait()
    began_cpu, until = time.process_time(), time.perf_counter_ns() + seconds * 1e9
    ready.wait()
    for thread in threads:
        thread.join()
    spent, every = time.process_time() - began_cpu, sorted(ns for mine in took_ns for ns in mine)
    return Round(every[len(every) // 2] / 1e3, every[len(every) * 9 // 10] / 1e3, spent / len(every) * 1e6)


def compare(port: int, callers: int, rounds: int, seconds: float) -> list[list[str]]:
    """Return a row per client."""
    had = {name: make(port) for name, (module, make) in CLIENTS.items() if find_spec(module)}
    found = measured(had, callers, rounds, seconds)
    floor = statistics.median(one.cpu_us for one in found["a socket"])
    rows = []
    for name in CLIENTS:
        if name not in found:
            rows.append([f"{name}, {callers}", *["missing"] * 4])
            continue
        cpu, p50, p90 = (statistics.median(getattr(r, f) for r in found[name]) for f in ("cpu_us", "p50_us", "p90_us"))
        rows.append([f"{name}, {callers}", f"{p50:,.0f}", f"{p90:,.0f}", f"{cpu:,.0f}", f"{cpu - floor:+,.0f}"])
    return rows


def measured(calls: dict[str, Call], callers: int, rounds: int, seconds: float) -> dict[str, list[Round]]:
    """Load all in turn, after one round of warming up."""
    found: dict[str, list[Round]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            result = loaded(call, callers, seconds)
            if turn:
                found[name].append(result)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5)
    given = parser.parse_args()
    port = free_port()
    server = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--workers", "1",
        "--blocking-threads", str(SERVER_THREADS), "--port", str(port), "benchmarks.clients.echo:application",
    ]  # fmt: skip
    rows = []
    with running(server, port):
        for callers in CONCURRENCY:
            rows += compare(port, callers, given.rounds, given.seconds)
    print(f"commit {commit()}, {given.rounds} rounds of {given.seconds} s each, medians, {len(ASKED)} bytes each way\n")
    print(table(["client, threads", "p50 us", "p90 us", "CPU us per call", "more than a socket"], rows))


if __name__ == "__main__":
    main()
