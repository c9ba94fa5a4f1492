"""A table and a cluster that the tests of both kinds of objects share."""

from __future__ import annotations

from typing import Any

import yaml

from strangler.edge.kubernetes import OBJECTS
from strangler.edge.kubernetes.cluster import Cluster, Service
from strangler.routing import CapabilityState, Route, Table

CLUSTER = Cluster(
    namespace="shop",
    gateway="infra/public",
    hosts=(),
    monolith=Service("monolith", "shop", 8000, 9000),
    services={"catalog": Service("catalog", "shop", 8101, 9101), "orders": Service("orders", "sales", 8103)},
)
EXTRACTED = CapabilityState("catalog", "extracted", 0, "service", 3)
CANARY = CapabilityState("orders", "canary", 2_500)


def table(*routes: Route, version: int = 41, states: tuple[CapabilityState, ...] = (EXTRACTED, CANARY)) -> Table:
    """Return a table; by default the catalog has left and a quarter of the subjects read orders from its service."""
    usual = Route("catalog", "/api/catalog", timeout_s=2.5), Route("orders", "/api/orders", stale_ok=True)
    return Table(version, states, routes or usual)


def rendered(kind: str, of: Table, cluster: Cluster = CLUSTER) -> list[dict[str, Any]]:
    """Return the objects as whoever reads the text finds them."""
    return [one for one in yaml.safe_load_all(OBJECTS[kind].render(of, cluster)) if one]
