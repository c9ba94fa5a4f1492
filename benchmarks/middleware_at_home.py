"""
What the middleware costs a request that stays at home: a trivial view under granian, with it and without it.

Three servers run at once and are loaded in turn: one without the middleware, the same once more, and one with it. The
second tells how far two equal servers differ on this machine, which is what the third has to be read against; figures
are medians over rounds, ratios and differences are taken within each round. The second table runs Django's handler
without a server, in one process, with and without the middleware in turn: that is blurred least.
Run: python -m benchmarks.middleware_at_home [--rounds 15] [--seconds 1]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from statistics import median as middle

from benchmarks.harness import ROOT, Run, alternate, commit, load, median, need, site, table, workplace

SERVERS = {"without": "without", "again": "without", "with": "with"}
CASES = {"no route matches": "/plain/", "a route of this home": "/routed/"}


def compare(place: dict[str, str], stack: str, rounds: int, seconds: int) -> list[list[str]]:
    """Return a row per case for one stack of middleware."""
    with ExitStack() as servers:
        runs = {}
        for name, router in SERVERS.items():
            environment = {"BENCH_STACK": stack, "BENCH_ROUTER": router}
            process, port = servers.enter_context(site(place, name=f"{stack}_{name}", **environment))
            for case, path in CASES.items():
                url = f"http://127.0.0.1:{port}{path}"
                runs[f"{case} {name}"] = partial(load, url, process, seconds=seconds, connections=8)
        results = alternate(runs, rounds)
    return [row(f"{stack}, {case}", *(results[f"{case} {name}"] for name in SERVERS)) for case in CASES]


def row(what: str, without: list[Run], again: list[Run], with_it: list[Run]) -> list[str]:
    """Return the figures of one comparison."""
    assert not sum(run.errors for run in [*without, *again, *with_it])
    return [
        what,
        f"{median(without, 'per_s'):,.0f}",
        *(f"{middle(a.per_s / b.per_s for a, b in zip(runs, without, strict=True)):.3f}" for runs in (again, with_it)),
        f"{median(without, 'cpu_us'):.0f}",
        *(
            f"{middle(a.cpu_us - b.cpu_us for a, b in zip(runs, without, strict=True)):+.1f}"
            for runs in (again, with_it)
        ),
    ]


def alone(place: dict[str, str], stack: str) -> list[list[str]]:
    """Return a row per case: the handler without the router, and what the router adds."""
    found = handler_us({**place, "BENCH_NAME": f"{stack}_with", "BENCH_STACK": stack})
    return [
        [f"{stack}, {case}", f"{without:.1f}", f"{more:+.1f}", f"{more / without:+.1%}"]
        for case, path in CASES.items()
        for without, more in [found[path]]
    ]


def handler_us(environment: dict[str, str]) -> dict[str, tuple[float, float]]:
    """Return the microseconds of the handler alone per path, in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "benchmarks.site.alone"]
    said = subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found: dict[str, tuple[float, float]] = json.loads(said)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=1)
    given = parser.parse_args()
    need("wrk")
    rows, alone_rows = [], []
    stacks = ("bare", "startproject")
    with workplace(*(f"{stack}_{name}" for stack in stacks for name in SERVERS)) as place:
        for stack in stacks:
            rows += compare(place, stack, given.rounds, given.seconds)
            alone_rows += alone(place, stack)
    print(f"commit {commit()}, {given.rounds} rounds of {given.seconds} s each, medians\n")
    header = ["middleware, request", "req/s without", "again", "with it", "CPU us without", "again", "with it"]
    print(table(header, rows))
    print("\nDjango's handler alone, us of CPU per request, medians of passes that take turns\n")
    print(table(["middleware, request", "without", "the router adds", "of the handler"], alone_rows))


if __name__ == "__main__":
    main()
