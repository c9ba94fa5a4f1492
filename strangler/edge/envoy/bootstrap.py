"""The bootstrap: everything that stays as it is while Envoy runs, where the homes are above all."""

from __future__ import annotations

import json
from typing import Any

from strangler.conf import Conf
from strangler.edge.envoy.clusters import address, clusters
from strangler.edge.envoy.listeners import listeners
from strangler.edge.envoy.names import type_url
from strangler.edge.envoy.options import Options

_CONNECTIONS_MAX = 50_000


def bootstrap_document(conf: Conf, options: Options) -> str:
    """Return the file that Envoy is started with."""
    host, _, port = options.admin.rpartition(":")
    document: dict[str, Any] = {
        "node": {"id": "edge", "cluster": "strangler"},
        "admin": {"address": address(host, int(port))},
        "static_resources": {"listeners": listeners(conf, options), "clusters": clusters(conf, options)},
        "overload_manager": {"resource_monitors": [_connections()]},
    }
    return json.dumps(document, indent=1)


def _connections() -> dict[str, Any]:
    monitor = "downstream_connections.v3.DownstreamConnectionsConfig"
    return {
        "name": "envoy.resource_monitors.global_downstream_max_connections",
        "typed_config": {
            "@type": type_url(f"envoy.extensions.resource_monitors.{monitor}"),
            "max_active_downstream_connections": _CONNECTIONS_MAX,
        },
    }
