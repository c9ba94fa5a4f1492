"""The agent keeps Envoy in step, and an Envoy without it goes on."""

from __future__ import annotations

import json
import os
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from strangler.cutover import live_routers
from strangler.edge.envoy import names
from strangler.models import PROCESS_MAX
from strangler.state import Change, publish
from tests.integration.edge.conftest import SILENT, Edge, StartAgent
from tests.support.envoy import Connection
from tests.support.evidence import record
from tests.support.fixtures import long_version
from tests.support.openloop import open_loop
from tests.support.processes import eventually

READ = b"GET /sample/x HTTP/1.1\r\nHost: shop.example\r\n\r\n"
WRITE = b"POST /sample/x HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\n{}"


def move(home: str, epoch: int, capability: str = "sample") -> int:
    stage = "extracted" if home == "service" else "monolith"
    values: dict[str, Any] = {"stage": stage, "writer": home, "epoch": epoch}
    return publish(Change(capability, values, verb="test", actor="test"))


def home_now(edge: Edge, request: bytes = READ) -> str:
    connection = Connection(edge.envoy.listen)
    try:
        return connection.ask(request)[1].get("x-home", "")
    finally:
        connection.close()


@pytest.mark.parametrize("changes", [100, long_version(1_000, timeout_s=1_800)])
def test_no_request_fails_while_routes_change(edge: Edge, start_agent: StartAgent, changes: int, seed: int) -> None:
    """From the commit of a change until a request meets the other home, under open-loop load; none fails."""
    start_agent()
    prober = Connection(edge.envoy.listen)
    took_ms = []
    kinds = {"reads": lambda: READ, "more reads": lambda: READ, "writes": lambda: WRITE}
    with open_loop(edge.envoy.listen, kinds, per_s=66) as loops:
        for n in range(changes):
            home = ("service", "monolith")[n % 2]
            wanted = "sample" if home == "service" else "monolith"
            move(home, n + 2)
            began = time.monotonic()
            eventually(lambda w=wanted: prober.ask(READ)[1]["x-home"] == w, what=f"change {n} is obeyed", every_s=0.002)
            took_ms.append((time.monotonic() - began) * 1000)
    prober.close()
    failed = [one for loop in loops.values() for one in loop.failed]
    assert failed == []
    homes = sum((loop.homes for loop in loops.values()), Counter[str]())
    assert min(homes["monolith"], homes["sample"]) > 0
    known_ms = [took_s * 1000 for took_s in SILENT.took_s[-changes:]]
    figures = {
        "changes": changes,
        "requests": sum(homes.values()),
        "failed": len(failed),
        "control_database": "sqlite, looked at every 20 ms",
        "load_average": [round(x, 1) for x in os.getloadavg()],
        "commit_to_obedience_ms": distribution(took_ms),
        "of_it_from_knowing_ms": distribution(known_ms),
    }
    print(json.dumps(figures))
    if changes >= 1_000:
        record("edge-changes", seed=seed, **figures)


def distribution(took_ms: list[float]) -> dict[str, float]:
    ordered = sorted(took_ms)
    found = {"p50": statistics.median(ordered), "p90": ordered[int(len(ordered) * 0.9)]}
    found |= {"p99": ordered[int(len(ordered) * 0.99)], "max": ordered[-1]}
    return {name: round(value, 1) for name, value in found.items()}


def test_agent_acknowledges_what_envoy_obeys(edge: Edge, start_agent: StartAgent) -> None:
    """R20: the row of a router follows Envoy, and goes with the agent."""
    agent = start_agent()
    version = move("service", 2)
    eventually(lambda: [r.version for r in edges()] == [version], what="acknowledged")
    assert home_now(edge) == "sample"
    agent.stopping.set()
    eventually(lambda: not edges(), what="the agent has signed off")
    assert home_now(edge) == "sample"


def edges() -> list[Any]:
    """Return the edges that a switch would wait for."""
    return [router for router in live_routers() if router.host == "edge"]


def told(version: int) -> bool:
    """Whether the agent says that it stays at *version* because Envoy refused the next."""
    return any("refused version" in r.process and r.version == version for r in edges())


GHOST = f"ghost_{'o' * 50}"


def unknown_to_envoy(known: dict[str, Any]) -> dict[str, Any]:
    """A capability that Envoy was not started with: it has no cluster there."""
    ghost = {"databases": {"monolith": "default"}, "service_url": "http://127.0.0.1:9", "routes": [{"prefix": "/g/"}]}
    return {"CAPABILITIES": {**known["CAPABILITIES"], GHOST: ghost}}


def impossible(known: dict[str, Any]) -> dict[str, Any]:
    """A timeout that Envoy cannot read."""
    return {"UPSTREAM_TIMEOUT_S": 1e15}


@pytest.mark.parametrize("broken", [unknown_to_envoy, impossible])
def test_refused_routes_are_told_and_the_last_good_ones_stay(
    edge: Edge, start_agent: StartAgent, settings: Any, broken: Callable[[Any], Any]
) -> None:
    start_agent()
    before = move("service", 2)
    eventually(lambda: [r.version for r in edges()] == [before], what="acknowledged")
    files = [edge.envoy.folder / names.routes_file(name) for name in names.LISTENERS]
    good = [file.read_text() for file in files]
    settings.STRANGLER = {**settings.STRANGLER, **broken(settings.STRANGLER)}
    move("service", 3, capability=GHOST if broken is unknown_to_envoy else "sample")
    eventually(lambda: told(before), what="the refusal is told")
    assert all(len(router.process) <= PROCESS_MAX for router in edges())  # PostgreSQL refuses what is longer
    assert [file.read_text() for file in files] == good
    assert home_now(edge) == "sample"
    out = StringIO()
    call_command("strangler", "status", "--json", stdout=out)
    assert "refused version" in out.getvalue()
    edge.envoy.process.kill()
    edge.envoy.start()
    assert home_now(edge) == "sample"


def test_envoy_that_starts_anew_without_anybody_obeys_the_last_good_routes(
    edge: Edge, start_agent: StartAgent, tmp_path: Path
) -> None:
    agent = start_agent()
    move("service", 2)
    eventually(lambda: home_now(edge) == "sample", what="the change is obeyed")
    agent.stopping.set()
    edge.envoy.process.kill()
    edge.envoy.start()
    assert home_now(edge) == "sample"


def test_change_while_envoy_is_down_is_obeyed_from_its_start(edge: Edge, start_agent: StartAgent) -> None:
    start_agent()
    edge.envoy.process.kill()
    version = move("service", 2)
    eventually(lambda: [r.version for r in edges()] == [version], what="acknowledged")
    edge.envoy.start()
    assert home_now(edge) == "sample"


def test_envoy_that_hangs_is_not_taken_for_one_that_obeys(edge: Edge, start_agent: StartAgent) -> None:
    """R20: who is not there disobeys nobody; but who is there and says nothing may serve by the old routes."""
    before = start_agent().table.version
    os.kill(edge.envoy.process.pid, signal.SIGSTOP)
    try:
        version = move("service", 2)
        eventually(lambda: [r for r in edges() if "does not answer" in r.process], what="the agent says so")
        assert [r.version for r in edges()] == [before]
    finally:
        os.kill(edge.envoy.process.pid, signal.SIGCONT)
    eventually(lambda: [r.version for r in edges()] == [version], what="acknowledged")
    assert home_now(edge) == "sample"


def test_agent_takes_back_what_somebody_else_wrote(edge: Edge, start_agent: StartAgent) -> None:
    """Files of an older version, put there by hand, do not stay."""
    start_agent()
    file = edge.envoy.folder / names.routes_file(names.PUBLIC)
    old = file.read_text()
    move("service", 2)
    eventually(lambda: home_now(edge) == "sample", what="the change is obeyed")
    fresh = file.with_suffix(".fresh")
    fresh.write_text(old)
    fresh.replace(file)
    eventually(lambda: file.read_text() != old, what="the agent has written its own again")
    eventually(lambda: home_now(edge) == "sample", what="Envoy obeys it")
