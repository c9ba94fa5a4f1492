"""Two PostgreSQL servers, one for each home: on this host, or each in a namespace with a network to be cut between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.cluster import Cluster, running_cluster
from tests.support.networks import Network, running_network

HOMES = ("monolith", "service")


@contextmanager
def two_servers(programs: Mapping[str, Path | None] | None = None) -> Iterator[dict[str, Cluster]]:
    """Run a server for each home until the block ends; *programs* are the folders of other versions', by home."""
    folders = programs or {}
    with (
        running_cluster(programs=folders.get("monolith")) as monolith,
        running_cluster(programs=folders.get("service")) as service,
    ):
        yield {"monolith": monolith, "service": service}


@contextmanager
def parted_servers() -> Iterator[tuple[dict[str, Cluster], Network]]:
    """Run a server for each home, with a network between them and to us; its members are called as the homes are."""
    with running_network(HOMES) as network:
        monolith, service = (running_cluster(network.addresses[home], network.entry(home)) for home in HOMES)
        with monolith as one, service as other:
            yield {"monolith": one, "service": other}, network
