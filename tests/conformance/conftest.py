"""One Envoy for all tables: only its routes change, as in life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from strangler.conf import get_conf
from strangler.edge.envoy.renderer import render, routes_of, version_of
from strangler.edge.renderer import write
from strangler.routing import Table
from tests.conformance.planes import Keys, settings_of, table_of
from tests.conformance.world import CAPABILITIES
from tests.support.envoy import Envoy, Home, running_envoy, running_homes
from tests.support.fixtures import unwound_by_sigterm

__all__ = ["unwound_by_sigterm"]
EMPTY = {"routes": [], "capabilities": {}}


@dataclass
class World:
    """Homes, an issuer and an Envoy."""

    homes: dict[str, Home]
    keys: Keys
    envoy: Envoy

    def obey(self, table: Table) -> None:
        """Let Envoy obey *table*, under the settings of the moment."""
        self.envoy.take(routes_of(table, get_conf()), version_of(table, get_conf()))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("edge")
    keys = Keys(folder)
    with running_homes("monolith", *CAPABILITIES) as homes:

        def put(options: dict[str, object]) -> None:
            with settings_of(EMPTY, homes, keys):
                write(render(table_of(EMPTY, 0), get_conf(), options), folder)

        with running_envoy(folder, put) as envoy:
            yield World(homes, keys, envoy)
