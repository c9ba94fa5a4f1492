"""The table as objects of Istio: VirtualService, DestinationRule, AuthorizationPolicy, each v1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from strangler.edge.kubernetes.cluster import Cluster, Service
from strangler.edge.kubernetes.notes import HEAD, limits
from strangler.edge.kubernetes.objects import Objects
from strangler.edge.kubernetes.owned import metadata
from strangler.edge.kubernetes.rules import STRIPPED, Rule, hidden_from, own_hosts, rules_for
from strangler.edge.kubernetes.yaml import Manifest
from strangler.edge.sessions import session_pattern
from strangler.routing import Table

KIND = "istio"
_LIMITS = (
    *HEAD,
    "Rules are tried one after the other: their cost grows with their number.",
    "Istio repeats requests by itself, in older releases even those that were answered with 503: here only what never",
    "reached a home is sent again. Only pods that take no connection are ejected: homes say 503 while writes move.",
    "Who asks is not checked here: homes verify tokens and refuse in their own words, so no RequestAuthentication.",
)
# A pod that does not take connections is left alone; what a home answers, even 503 while rows move, is an answer.
_EJECTION = {
    "splitExternalLocalOriginErrors": True,
    "consecutiveLocalOriginFailures": 3,
    "consecutive5xxErrors": 0,
    "consecutiveGatewayErrors": 0,
    "interval": "2s",
    "baseEjectionTime": "5s",
    "maxEjectionPercent": 50,
}
_RETRIES = {"attempts": 2, "retryOn": "connect-failure,refused-stream"}


def manifests(table: Table, cluster: Cluster) -> list[Manifest]:
    """Return the objects: routes of every host, of hosts with rules of their own, then how Services are reached."""
    own = own_hosts(table)
    common = [host for host in cluster.hosts if host not in own]
    routes = [_routes(table, cluster, host, [host]) for host in own]
    if common or not cluster.hosts:
        routes.insert(0, _routes(table, cluster, None, common or ["*"]))
    reached = [_reached(service, table, cluster) for service in cluster.services_in_use(table)]
    return [*routes, *reached, *_inside(table, cluster)]


# -- routes -----------------------------------------------------------------------------------------------------


def _routes(table: Table, cluster: Cluster, host: str | None, names: Sequence[str]) -> Manifest:
    """All rules of a host in one object: between objects there is no order."""
    rules = rules_for(table, host)
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": metadata(KIND, f"strangler.{host}" if host else "strangler", cluster.namespace, table.version),
        "spec": {
            "hosts": list(names),
            "gateways": [f"{cluster.gateway_namespace}/{cluster.gateway_name}"],
            "http": [
                *(_hidden(path) for path in hidden_from(rules)),
                *(entry for rule in rules for entry in _entries(rule, table, cluster)),
            ],
        },
    }
    reachable = dict.fromkeys(rule.route.capability for rule in rules if rule.route)
    return Manifest(body, [line for name in reachable for line in limits(table.capabilities[name], table)])


def _hidden(path: str) -> dict[str, Any]:
    return {"name": f"hide {path}", "match": [{"uri": {"exact": path}}], "directResponse": {"status": 404}}


def _entries(rule: Rule, table: Table, cluster: Cluster) -> Iterator[dict[str, Any]]:
    """Who has a session goes to the monolith, which alone can say who that is (R22)."""
    if rule.route is None:
        yield _entry("monolith", rule, [(cluster.monolith, 100)], cluster)
        return
    state = table.capabilities[rule.route.capability]
    if state.writer == "service" and cluster.session_cookie:
        pattern = session_pattern(cluster.session_cookie)
        yield _entry(f"{state.name} of sessions", rule, [(cluster.monolith, 100)], cluster, cookie=pattern)
    yield _entry(state.name, rule, cluster.homes_of(state), cluster)


def _entry(
    name: str, rule: Rule, homes: Sequence[tuple[Service, int]], cluster: Cluster, cookie: str | None = None
) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": f"{name} {rule.path}"}
    if rule.path != "/" or rule.methods or cookie:
        entry["match"] = [_match(uri, rule, cookie) for uri in _on_segment_borders(rule.path)]
    entry["route"] = [_destination(service, weight) for service, weight in homes]
    if rule.route:
        entry["timeout"] = f"{cluster.patience_s(rule.route):g}s"
    entry["retries"] = dict(_RETRIES)
    entry["headers"] = {"request": {"remove": list(STRIPPED)}}
    return entry


def _on_segment_borders(path: str) -> list[dict[str, str]]:
    """Istio's prefixes end anywhere, so that `/a` would take `/ab`."""
    return [{"prefix": "/"}] if path == "/" else [{"exact": path}, {"prefix": f"{path}/"}]


def _match(uri: dict[str, str], rule: Rule, cookie: str | None) -> dict[str, Any]:
    match: dict[str, Any] = {"uri": uri}
    if rule.methods:
        match["method"] = {"regex": "|".join(rule.methods)} if rule.methods[1:] else {"exact": rule.methods[0]}
    if cookie:
        match["headers"] = {"cookie": {"regex": cookie}}
    return match


def _destination(service: Service, weight: int) -> dict[str, Any]:
    return {"destination": {"host": service.fqdn, "port": {"number": service.port}}, "weight": weight}


# -- services ---------------------------------------------------------------------------------------------------


def _reached(service: Service, table: Table, cluster: Cluster) -> Manifest:
    """It lives beside its Service, where a gateway of any namespace finds it; TLS stays the mesh's own choice."""
    spread: dict[str, Any] = {"simple": "LEAST_REQUEST"}
    if cluster.affinity_header:
        spread = {"consistentHash": {"httpHeaderName": cluster.affinity_header}}
    pool = {
        "tcp": {"maxConnections": cluster.max_connections, "connectTimeout": f"{cluster.connect_timeout_s:g}s"},
        "http": {"http1MaxPendingRequests": cluster.max_connections},
    }
    body = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": metadata(KIND, f"strangler-{service.name}", service.namespace, table.version),
        "spec": {
            "host": service.fqdn,
            "trafficPolicy": {"loadBalancer": spread, "connectionPool": pool, "outlierDetection": dict(_EJECTION)},
        },
    }
    return Manifest(body)


def _inside(table: Table, cluster: Cluster) -> Iterator[Manifest]:
    """Nobody but the platform's own namespaces reaches an internal port, not even the gateway (R21)."""
    services = dict.fromkeys([cluster.monolith, *cluster.services.values()])
    namespaces = sorted({service.namespace for service in services})
    for service in services:
        if service.internal_port is None:
            continue
        operation = {"operation": {"ports": [str(service.internal_port)]}}
        body = {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": metadata(KIND, f"strangler-{service.name}-internal", service.namespace, table.version),
            "spec": {
                "selector": {"matchLabels": {"app.kubernetes.io/name": service.name}},
                "action": "DENY",
                "rules": [{"from": [{"source": {"notNamespaces": namespaces}}], "to": [operation]}],
            },
        }
        notes = [f"Port {service.internal_port} of the pods labelled app.kubernetes.io/name: {service.name}."]
        yield Manifest(body, [*notes, "Without mutual TLS nobody has a namespace, and everybody is denied."])


OBJECTS = Objects(
    kind=KIND,
    title="Istio's routes, destinations and guards of internal ports",
    resources=(
        "virtualservices.networking.istio.io",
        "destinationrules.networking.istio.io",
        "authorizationpolicies.security.istio.io",
    ),
    limits=_LIMITS,
    manifests=manifests,
)
