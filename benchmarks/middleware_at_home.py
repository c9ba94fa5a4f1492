"""
What the middleware costs a request that stays at home: a trivial view under granian, with it and without it.

Two servers run at once and are loaded in turn; figures are medians, and ratios are of medians. As a busy machine blurs
differences of a few microseconds, the second table runs Django's handler without a server and takes the best of many
passes, which hardly depends on what else runs.
Run: python -m benchmarks.middleware_at_home [--rounds 7] [--seconds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from functools import partial

from benchmarks.harness import ROOT, Run, alternate, commit, load, median, need, site, table, workplace

CASES = {"no route matches": "/plain/", "a route of this home": "/routed/"}


def compare(place: dict[str, str], stack: str, rounds: int, seconds: int) -> list[list[str]]:
    """Return a row per case for one stack of middleware."""
    shared = {"BENCH_STACK": stack}
    with (
        site(place, name=f"{stack}_with", BENCH_ROUTER="with", **shared) as (with_process, with_port),
        site(place, name=f"{stack}_without", BENCH_ROUTER="without", **shared) as (without_process, without_port),
    ):
        measure = partial(load, seconds=seconds, connections=8)
        runs = {}
        for case, path in CASES.items():
            runs[f"{case} without"] = partial(measure, f"http://127.0.0.1:{without_port}{path}", without_process)
            runs[f"{case} with"] = partial(measure, f"http://127.0.0.1:{with_port}{path}", with_process)
        results = alternate(runs, rounds)
    return [row(stack, case, results[f"{case} without"], results[f"{case} with"]) for case in CASES]


def row(stack: str, case: str, without: list[Run], with_it: list[Run]) -> list[str]:
    """Return the figures of one comparison."""
    assert not sum(run.errors for run in [*without, *with_it])
    throughput = median(with_it, "per_s") / median(without, "per_s")
    cpu = median(with_it, "cpu_us") - median(without, "cpu_us")
    return [
        f"{stack}, {case}",
        f"{median(without, 'per_s'):,.0f}",
        f"{median(with_it, 'per_s'):,.0f}",
        f"{throughput:.3f}",
        f"{median(without, 'cpu_us'):.0f}",
        f"{median(with_it, 'cpu_us'):.0f}",
        f"{cpu:+.1f} ({cpu / median(without, 'cpu_us'):+.1%})",
    ]


def alone(place: dict[str, str], stack: str) -> list[list[str]]:
    """Return a row per case: the handler without and with the middleware, and what that is of a request."""
    found = {}
    for router in ("without", "with"):
        env = {**place, "BENCH_NAME": f"{stack}_{router}", "BENCH_STACK": stack, "BENCH_ROUTER": router}
        found[router] = handler_us(env)
    return [
        [f"{stack}, {case}", f"{without:.1f}", f"{with_it:.1f}", f"{with_it - without:+.1f}"]
        for case, path in CASES.items()
        for without, with_it in [(found["without"][path], found["with"][path])]
    ]


def handler_us(environment: dict[str, str]) -> dict[str, float]:
    """Return microseconds per path of the handler alone, in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "benchmarks.site.alone"]
    said = subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(said)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    given = parser.parse_args()
    need("wrk")
    rows, alone_rows = [], []
    stacks = ("bare", "startproject")
    with workplace(*(f"{stack}_{router}" for stack in stacks for router in ("with", "without"))) as place:
        for stack in stacks:
            rows += compare(place, stack, given.rounds, given.seconds)
            alone_rows += alone(place, stack)
    print(f"commit {commit()}, {given.rounds} rounds of {given.seconds} s each, medians\n")
    header = ["middleware, request", "req/s without", "with", "ratio", "CPU us without", "with", "difference"]
    print(table(header, rows))
    print("\nDjango's handler alone, us per request, best of 1,500 passes of 10 requests\n")
    print(table(["middleware, request", "without", "with", "difference"], alone_rows))


if __name__ == "__main__":
    main()
