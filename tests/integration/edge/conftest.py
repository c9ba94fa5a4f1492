"""A real Envoy before two homes that say who they are, and an agent that keeps it in step with this process's table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from strangler.conf import get_conf
from strangler.edge.agent import Agent
from strangler.edge.envoy.renderer import render, routes_of, version_of
from strangler.edge.figures import Figures
from strangler.edge.renderer import write
from strangler.routing import Table
from strangler.state import load_table
from strangler.state.store import build_table
from tests.support.envoy import Envoy, Home, running_envoy, running_homes
from tests.support.fixtures import servers, two_server_platform, unwound_by_sigterm, valkey
from tests.support.processes import eventually

__all__ = ["servers", "two_server_platform", "unwound_by_sigterm", "valkey"]


@dataclass
class Edge:
    """An Envoy and its homes; the capability is `sample`."""

    envoy: Envoy
    homes: dict[str, Home]
    capabilities: dict[str, Any] = field(default_factory=dict)

    def obey(self, *states: Any) -> None:
        """Let Envoy obey a table of these states, without an agent."""
        table = build_table(1, {state.name: state for state in states})
        self.take(Table(hash(states) % 10**9, table.capabilities.values(), table.routes))

    def take(self, table: Table) -> None:
        """Let Envoy obey *table*."""
        self.envoy.take(routes_of(table, get_conf()), version_of(table, get_conf()))


def strangler_settings(homes: dict[str, Home], **more: Any) -> dict[str, Any]:
    """Return the settings of the monolith behind the edge."""
    from django.conf import settings

    sample = {
        **settings.STRANGLER["CAPABILITIES"]["sample"],
        "service_url": homes["sample"].url,
        "internal_url": homes["sample-internal"].url,
        "routes": [{"prefix": "/sample/", "stale_ok": True}, {"prefix": "/strict/"}],
    }
    own = {
        "CAPABILITIES": {"sample": sample},
        "MONOLITH_URL": homes["monolith"].url,
        "MONOLITH_INTERNAL_URL": homes["monolith-internal"].url,
    }
    return {**settings.STRANGLER, **own, **more}


@contextmanager
def running_edge(folder: Path, homes: dict[str, Home], **options: Any) -> Iterator[Edge]:
    """Run an Envoy of its own until the block ends; the settings of the moment name the homes."""

    def put(given: dict[str, object]) -> None:
        write(render(build_table(0, {}), get_conf(), {**given, **options}), folder)

    with running_envoy(folder, put) as envoy:
        yield Edge(envoy, homes)


@pytest.fixture(scope="session")
def homes() -> Iterator[dict[str, Home]]:
    with running_homes("monolith", "sample", "monolith-internal", "sample-internal") as running:
        yield running


@pytest.fixture(scope="session")
def started(homes: dict[str, Home], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    from django.test import override_settings

    with ExitStack() as stack:
        with override_settings(STRANGLER=strangler_settings(homes)):  # of this suite: others' tests run while it lives
            edge = stack.enter_context(running_edge(tmp_path_factory.mktemp("edge"), homes))
        yield edge


@pytest.fixture
def edge(started: Edge, settings: Any) -> Edge:
    """The one Envoy of this suite, alive, under settings that a test may change."""
    settings.STRANGLER = strangler_settings(started.homes)
    if not started.envoy.process.alive():
        started.envoy.start()
    for home in started.homes.values():
        home.received.clear()
    return started


StartAgent = Callable[[], Agent]


@pytest.fixture
def start_agent(edge: Edge, transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[StartAgent]:
    """A function that starts an agent in a thread, which ends with the test."""
    settings.STRANGLER = {**settings.STRANGLER, "STATE_DIR": tmp_path}
    running: list[tuple[Agent, threading.Thread]] = []

    def start() -> Agent:
        agent = Agent(edge.envoy.folder, edge.envoy.admin, SILENT)
        thread = threading.Thread(target=agent.run)
        thread.start()
        running.append((agent, thread))
        newest = load_table().version
        eventually(lambda: agent.table.version == newest and agent.leased_until, what="the agent is in step")
        return agent

    yield start
    for agent, thread in running:
        agent.stopping.set()
        thread.join(10)


class _Silent(Figures):
    """Figures of which there may be many in one process."""

    def __init__(self) -> None:
        self._version = None
        self.refused = 0
        self.took_s: list[float] = []

    def obeyed(self, version: int, took_s: float) -> None:
        self.took_s.append(took_s)

    def not_obeyed(self, *, refused: bool) -> None:
        self.refused += refused


SILENT = _Silent()
