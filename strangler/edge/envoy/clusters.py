"""The clusters: where the homes are, how their health is known, and how much of them one Envoy may take."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from strangler.conf import Conf
from strangler.edge.envoy import names
from strangler.edge.envoy.names import type_url
from strangler.edge.envoy.options import Options

Json = dict[str, Any]
_LOOK_S = 1
_CONNECTIONS_MAX, _WAITING_MAX, _RETRIES_MAX = 1024, 4096, 256
_IDLE_S = 20
_EJECTED_S, _EJECTED_MAX_S = 2, 10


def clusters(conf: Conf, options: Options) -> list[Json]:
    """Return the clusters of every home that the settings know, and of what a listener needs beside them."""
    return [_trusting(cluster, options.authorities) for cluster in (*_homes(conf), *_others(conf, options))]


def _trusting(cluster: Json, authorities: str) -> Json:
    """Let a cluster that speaks TLS believe nobody but *authorities*."""
    if socket := cluster.get("transport_socket"):
        context = socket["typed_config"]["common_tls_context"]["validation_context"]
        context["trusted_ca"] = {"filename": authorities}
    return cluster


def _homes(conf: Conf) -> Iterator[Json]:
    yield _home(conf, "monolith", conf.monolith_url)
    yield _internal(conf, "monolith", conf.monolith_internal_url)
    for name, capability in conf.capabilities.items():
        yield _home(conf, name, capability.service_url)
        yield _internal(conf, name, capability.internal_url)
        yield _aggregate(conf, names.fallback_cluster(name), [name, "monolith"])


def _home(conf: Conf, name: str, url: str | None) -> Json:
    """
    Return the cluster of a home's public address.

    A home that says it is not ready is still asked when nobody else could answer (panic routing): a cluster of one
    must not fail a whole site because a broker is away. Behind it, in an aggregate, somebody else can.
    """
    cluster = _cluster(conf, name, url)
    if url is not None:
        cluster |= {"health_checks": [_readiness(urlsplit(url))], "outlier_detection": _OUTLIERS}
    return cluster


def _internal(conf: Conf, name: str, url: str | None) -> Json:
    return _cluster(conf, f"{name}-internal", url)


def _cluster(conf: Conf, name: str, url: str | None) -> Json:
    parts = urlsplit(url or "")
    endpoints = [_endpoint(parts)] if url else []
    cluster: Json = {
        "name": name,
        "type": "STATIC" if not url or _is_address(parts.hostname or "") else "STRICT_DNS",
        "connect_timeout": f"{conf.connect_timeout_s}s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        "circuit_breakers": {"thresholds": [_LIMITS]},
        "typed_extension_protocol_options": {_HTTP: _PROTOCOL},
    }
    if parts.scheme == "https":
        tls: Json = {"@type": type_url(f"{_TLS}.UpstreamTlsContext"), "sni": parts.hostname}
        tls["common_tls_context"] = {"validation_context": _named(parts.hostname or "")}
        cluster["transport_socket"] = {"name": "tls", "typed_config": tls}
    return cluster


_TLS = "envoy.extensions.transport_sockets.tls.v3"
_HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
# An idle connection is ended by us and not by the home: a request must not meet one that is just closing.
_PROTOCOL = {
    "@type": type_url(_HTTP),
    "explicit_http_config": {"http_protocol_options": {}},
    "common_http_protocol_options": {"idle_timeout": f"{_IDLE_S}s"},
}
_LIMITS = {
    "max_connections": _CONNECTIONS_MAX,
    "max_pending_requests": _WAITING_MAX,
    "max_requests": _WAITING_MAX,
    "max_retries": _RETRIES_MAX,
}
_OUTLIERS = {
    "consecutive_gateway_failure": 5,
    "enforcing_consecutive_gateway_failure": 100,
    "enforcing_consecutive_5xx": 0,  # a view that always fails is a bug, and no reason to leave a home alone
    "enforcing_success_rate": 0,
    "split_external_local_origin_errors": True,
    "consecutive_local_origin_failure": 5,
    "enforcing_consecutive_local_origin_failure": 100,
    "enforcing_local_origin_success_rate": 0,
    "interval": "0.5s",
    "base_ejection_time": f"{_EJECTED_S}s",
    "max_ejection_time": f"{_EJECTED_MAX_S}s",
    "max_ejection_percent": 100,
}


def _readiness(parts: SplitResult) -> Json:
    return {
        "timeout": f"{_LOOK_S}s",
        "interval": f"{_LOOK_S}s",
        "no_traffic_interval": f"{_LOOK_S}s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {"path": "/readyz", "host": parts.netloc},
    }


def _aggregate(conf: Conf, name: str, members: list[str]) -> Json:
    return {
        "name": name,
        "connect_timeout": f"{conf.connect_timeout_s}s",
        "lb_policy": "CLUSTER_PROVIDED",
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "circuit_breakers": {"thresholds": [_LIMITS]},
        "cluster_type": {
            "name": "envoy.clusters.aggregate",
            "typed_config": {
                "@type": type_url("envoy.extensions.clusters.aggregate.v3.ClusterConfig"),
                "clusters": members,
            },
        },
    }


def _others(conf: Conf, options: Options) -> Iterator[Json]:
    if options.traces:
        yield _cluster(conf, names.TRACES, options.traces)
    if conf.subject_jwks and conf.subject_jwks.startswith(("http://", "https://")):
        yield _cluster(conf, names.KEYS, conf.subject_jwks)


def _endpoint(parts: SplitResult) -> Json:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {"endpoint": {"address": address(parts.hostname or "", port)}}


def address(host: str, port: int) -> Json:
    """Return a socket's address as Envoy reads it."""
    return {"socket_address": {"address": host.strip("[]"), "port_value": port}}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _named(host: str) -> Json:
    return {"match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": host}}]}
