"""
What a call between apps costs: a local query beside a plain call, remote calls beside a bare round trip.

The service is a process of its own that takes calls as every host does; the bare round trip uses the same client, the
same connections and the same server. Both take turns in short rounds. The CPU is that of the two processes.
Run: python -m benchmarks.calls [--rounds 15] [--seconds 0.3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psutil

from benchmarks.harness import commit, cpu_s, free_port, running, table, workplace
from benchmarks.passes import best_us

if TYPE_CHECKING:
    from benchmarks.shelf.caller import Action


@contextmanager
def hosts() -> Iterator[psutil.Process]:
    """Let this process be the monolith; run the service beside it and yield its process."""
    with workplace("monolith", "service") as place, ExitStack() as stack:
        port = free_port()
        place |= {"DJANGO_SETTINGS_MODULE": "benchmarks.shelf.settings", "BENCH_INTERNAL": str(port)}
        os.environ.update(place, BENCH_HOST="monolith")
        import django

        django.setup()
        from django.core.management import call_command

        from strangler.state import follower

        for alias in ("default", "other"):
            call_command("migrate", database=alias, verbosity=0)
        service = [sys.executable, "-m", "benchmarks.shelf.serve"]
        yield stack.enter_context(running(service, port, **place, BENCH_HOST="shelf"))
        follower.stop()


def local_rows() -> list[list[str]]:
    """Return a row per way of calling a query that is at home: nanoseconds, and what is added to a plain call."""
    from benchmarks.shelf import caller

    actions = caller.local_actions()
    found = best_us(actions)
    with caller.in_a_request():
        found["through the port, in a request"] = best_us(actions)["through the port"]
    with caller.looped_back() as action:
        found["loopback, which runs it twice"] = best_us({"it": action})["it"]
    plain = found["a plain call"]
    return [[name, f"{us * 1e3:,.0f}", f"{(us - plain) * 1e3:+,.0f}"] for name, us in found.items()]


class Figures:
    """What one kind of call took, over all rounds."""

    def __init__(self) -> None:
        self.took_us: list[float] = []
        self.caller_s = 0.0
        self.service_s = 0.0

    def round(self, action: Action, service: psutil.Process, seconds: float) -> None:
        """Call again and again for a while."""
        cpu = time.process_time(), cpu_s(service)
        until = time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            action()
            self.took_us.append((time.perf_counter() - began) * 1e6)
        self.caller_s += time.process_time() - cpu[0]
        self.service_s += cpu_s(service) - cpu[1]

    def row(self, name: str, bare: Figures) -> list[str]:
        """Return the line of the table; *bare* is what it is compared with."""
        p50, p90 = (statistics.quantiles(self.took_us, n=10)[n] for n in (4, 8))
        bare_p50 = statistics.median(bare.took_us)
        each = 1e6 / len(self.took_us)
        return [name, f"{p50:,.0f}", f"{p90:,.0f}", f"{p50 / bare_p50:.2f}", f"{self.caller_s * each:,.0f}",
                f"{self.service_s * each:,.0f}"]  # fmt: skip


def remote_rows(service: psutil.Process, rounds: int, seconds: float) -> list[list[str]]:
    """Return a row per kind of call."""
    from benchmarks.shelf import caller

    actions = caller.remote_actions()
    figures = {name: Figures() for name in actions}
    for turn in range(rounds + 1):
        for name, action in actions.items():
            (figures[name] if turn else Figures()).round(action, service, seconds)
    bare, effect = figures["a bare round trip"], figures["a bare round trip that writes a row"]
    compared = dict(zip(figures, (bare, bare, bare, effect, effect), strict=True))
    return [found.row(name, compared[name]) for name, found in figures.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.3)
    given = parser.parse_args()
    with hosts() as service:
        at_home = local_rows()
        from benchmarks.shelf import caller

        caller.move()
        elsewhere = remote_rows(service, given.rounds, given.seconds)
    print(f"commit {commit()}\n\nA query at home, ns of CPU, best pass\n")
    print(table(["way", "ns", "more than a plain call"], at_home))
    print(f"\nA call to a service, {given.rounds} rounds of {given.seconds} s each, one caller\n")
    print(table(["call", "p50 us", "p90 us", "p50 to bare", "CPU us, caller", "CPU us, service"], elsewhere))


if __name__ == "__main__":
    main()
