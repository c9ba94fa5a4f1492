"""
What one decision costs with 10, 100 and 1,000 routes and a sticky share, against a flat list and one alternation regex.

All three agree on every question asked. Figures are medians of passes over the same questions.
Run: python -m benchmarks.decide
"""

from __future__ import annotations

import random
import re
import statistics
import time
from collections.abc import Callable, Sequence

from benchmarks.harness import commit, table
from strangler.routing import CapabilityState, Facts, Route, Table, bucket, decide

SIZES = (10, 100, 1_000)
QUESTIONS = 500
PASSES_S = 1.5
Answer = str | None


def routes_of(size: int) -> list[Route]:
    """Return routes of 10 capabilities, some nested in others."""
    found = []
    for n in range(size):
        outer = f"/api/area{n // 5}/"
        prefix = outer if n % 5 == 0 else f"{outer}part{n % 5}/"
        found.append(Route(f"cap{n % 10}", prefix))
    return found


def questions_of(routes: Sequence[Route], random_: random.Random) -> list[Facts]:
    """Return requests below routes, and one in ten below none."""
    found = []
    for n in range(QUESTIONS):
        prefix = random_.choice(routes).prefix if n % 10 else "/static/"
        path = f"{prefix}items/{random_.randrange(10_000)}/detail"
        found.append(Facts("GET", "shop.example", path, str(random_.randrange(100_000))))
    return found


def with_toolkit(routes: Sequence[Route], states: Sequence[CapabilityState]) -> Callable[[Facts], Answer]:
    compiled = Table(1, states, routes)

    def ask(facts: Facts) -> Answer:
        decision = decide(compiled, facts)
        return decision.home if decision else None

    return ask


def with_flat_list(routes: Sequence[Route], states: Sequence[CapabilityState]) -> Callable[[Facts], Answer]:
    """The longest prefix first, tried one after the other."""
    weights = {state.name: state.reads_weight for state in states}
    ordered = sorted(((route.prefix, route.capability) for route in routes), key=lambda r: -len(r[0]))

    def ask(facts: Facts) -> Answer:
        for prefix, capability in ordered:
            if facts.path.startswith(prefix):
                return "service" if bucket(capability, facts.subject or "") < weights[capability] else "monolith"
        return None

    return ask


def with_regex(routes: Sequence[Route], states: Sequence[CapabilityState]) -> Callable[[Facts], Answer]:
    """One alternation of all prefixes, the longest first."""
    weights = {state.name: state.reads_weight for state in states}
    ordered = sorted(routes, key=lambda route: -len(route.prefix))
    capabilities = [route.capability for route in ordered]
    pattern = re.compile("|".join(f"({re.escape(route.prefix)})" for route in ordered))

    def ask(facts: Facts) -> Answer:
        match = pattern.match(facts.path)
        if match is None or match.lastindex is None:
            return None
        capability = capabilities[match.lastindex - 1]
        return "service" if bucket(capability, facts.subject or "") < weights[capability] else "monolith"

    return ask


def nothing(facts: Facts) -> Answer:
    """What the loop and a call cost by themselves."""
    return None


def ns_per_call(ask: Callable[[Facts], Answer], questions: Sequence[Facts]) -> float:
    """Return the median over short passes of the mean of one pass."""
    passes: list[float] = []
    until = time.monotonic() + PASSES_S
    while time.monotonic() < until:
        began = time.perf_counter_ns()
        for facts in questions:
            ask(facts)
        passes.append((time.perf_counter_ns() - began) / len(questions))
    return statistics.median(passes)


def main() -> None:
    rows = []
    for size in SIZES:
        routes = routes_of(size)
        states = [CapabilityState(f"cap{n}", stage="canary", reads_weight=2_500) for n in range(10)]
        questions = questions_of(routes, random.Random(size))
        asks = [make(routes, states) for make in (with_toolkit, with_flat_list, with_regex)]
        for facts in questions:
            assert len({ask(facts) for ask in asks}) == 1, facts
        empty = ns_per_call(nothing, questions)
        rows.append([f"{size:,}", *(f"{ns_per_call(ask, questions) - empty:,.0f}" for ask in asks)])
    print(f"commit {commit()}, ns per decision less the empty loop, medians of passes of {QUESTIONS} questions\n")
    print(table(["routes", "decide()", "flat list", "alternation regex"], rows))


if __name__ == "__main__":
    main()
