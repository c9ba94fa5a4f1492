"""The table as objects of the Gateway API: HTTPRoute v1, and ReferenceGrant where namespaces differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from strangler.edge.kubernetes.cluster import Cluster, Service, label_of
from strangler.edge.kubernetes.notes import HEAD, limits
from strangler.edge.kubernetes.objects import Objects
from strangler.edge.kubernetes.owned import metadata
from strangler.edge.kubernetes.rules import STRIPPED, Rule, hidden_from, own_hosts, rules_for
from strangler.edge.kubernetes.yaml import Manifest
from strangler.edge.sessions import session_pattern
from strangler.errors import SetupError
from strangler.routing import CapabilityState, Table

KIND = "gateway-api"
GROUP = "gateway.networking.k8s.io"
_RULES_MAX = 16  # HTTPRouteSpec.rules and .hostnames: MaxItems=16
_LIMITS = (
    *HEAD,
    "A rule without backendRefs hides a path; the Gateway API has no answer of its own, so gateways say 500.",
    "The session's cookie is matched by a regular expression, which an implementation may lack: look for Accepted.",
    "Retries, ejection of outliers and limits of connections are not in the standard channel: set them at the gateway.",
)


def manifests(table: Table, cluster: Cluster) -> list[Manifest]:
    """Return the objects: routes of every host first, then those of hosts with rules of their own, then grants."""
    hosts: list[str | None] = list(own_hosts(table))
    common = [host for host in cluster.hosts if host not in hosts]
    if len(common) > _RULES_MAX:
        raise SetupError([f"STRANGLER['PUBLIC_HOSTS']: at most {_RULES_MAX}; use names such as '*.example.com'."])
    if common or not cluster.hosts:
        hosts.insert(0, None)
    routes = [one for host in hosts for one in _of_host(table, cluster, host, [host] if host else common)]
    return [*routes, *_grants(table, cluster)]


def _of_host(table: Table, cluster: Cluster, host: str | None, names: Sequence[str]) -> Iterator[Manifest]:
    """One HTTPRoute for each capability; their order means nothing, for no two matches are equally specific."""
    rules = rules_for(table, host)
    of: dict[str, list[dict[str, Any]]] = {"": [_hidden(path) for path in hidden_from(rules)]}
    for rule in rules:
        state = table.capabilities[rule.route.capability] if rule.route else None
        of.setdefault(state.name if state else "", []).extend(_rules(rule, state, cluster))
    for capability, found in of.items():
        state, label = table.capabilities.get(capability), label_of(capability) if capability else ""
        for n in range(0, len(found), _RULES_MAX):
            part = "" if n == 0 else f"-part-{n // _RULES_MAX + 1}"
            name = f"strangler-{label or 'monolith'}{part}{f'.{host}' if host else ''}"
            yield Manifest(
                {
                    "apiVersion": f"{GROUP}/v1",
                    "kind": "HTTPRoute",
                    "metadata": metadata(KIND, name, cluster.namespace, table.version, label),
                    "spec": {
                        "parentRefs": [_parent(cluster)],
                        **({"hostnames": list(names)} if names else {}),
                        "rules": found[n : n + _RULES_MAX],
                    },
                },
                limits(state, table) if state else [],
            )


def _parent(cluster: Cluster) -> dict[str, Any]:
    elsewhere = cluster.gateway_namespace != cluster.namespace
    return {"name": cluster.gateway_name, **({"namespace": cluster.gateway_namespace} if elsewhere else {})}


def _rules(rule: Rule, state: CapabilityState | None, cluster: Cluster) -> Iterator[dict[str, Any]]:
    """Who has a session goes to the monolith, which alone can say who that is (R22)."""
    if state is None or rule.route is None:
        yield _rule(rule, [(cluster.monolith, 100)], cluster)
        return
    if state.writer == "service" and cluster.session_cookie:
        yield _rule(rule, [(cluster.monolith, 100)], cluster, cookie=session_pattern(cluster.session_cookie))
    yield _rule(rule, cluster.homes_of(state), cluster)


def _rule(
    rule: Rule, homes: Sequence[tuple[Service, int]], cluster: Cluster, cookie: str | None = None
) -> dict[str, Any]:
    """What routes nowhere else has no timeout: downloads and websockets of the monolith's own."""
    headers = {"headers": [{"type": "RegularExpression", "name": "Cookie", "value": cookie}]} if cookie else {}
    path = {"path": {"type": "PathPrefix", "value": rule.path}}
    written: dict[str, Any] = {
        "matches": [{**path, **({"method": method} if method else {}), **headers} for method in rule.methods or ("",)],
        "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": list(STRIPPED)}}],
        "backendRefs": [_backend(service, weight, cluster) for service, weight in homes],
    }
    if rule.route:
        written["timeouts"] = {"request": _duration(cluster.patience_s(rule.route))}
    return written


def _hidden(path: str) -> dict[str, Any]:
    return {"matches": [{"path": {"type": "Exact", "value": path}}]}


def _backend(service: Service, weight: int, cluster: Cluster) -> dict[str, Any]:
    elsewhere = service.namespace != cluster.namespace
    where = {"namespace": service.namespace} if elsewhere else {}
    return {"name": service.name, **where, "port": service.port, "weight": weight}


def _duration(seconds: float) -> str:
    """GEP-2257: whole numbers of at most five digits, each with its unit."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole}s{milliseconds}ms" if milliseconds else f"{whole}s"


def _grants(table: Table, cluster: Cluster) -> Iterator[Manifest]:
    """A route may name a Service of another namespace only where that namespace agrees."""
    there: dict[str, list[Service]] = {}
    for service in cluster.services_in_use(table):
        if service.namespace != cluster.namespace:
            there.setdefault(service.namespace, []).append(service)
    for namespace, services in sorted(there.items()):
        body: Mapping[str, Any] = {
            "apiVersion": f"{GROUP}/v1beta1",
            "kind": "ReferenceGrant",
            "metadata": metadata(KIND, f"strangler-from-{cluster.namespace}", namespace, table.version),
            "spec": {
                "from": [{"group": GROUP, "kind": "HTTPRoute", "namespace": cluster.namespace}],
                "to": [{"group": "", "kind": "Service", "name": name} for name in sorted({s.name for s in services})],
            },
        }
        yield Manifest(body)


OBJECTS = Objects(
    kind=KIND,
    title="Routes and grants of the Gateway API",
    resources=("httproutes.gateway.networking.k8s.io", "referencegrants.gateway.networking.k8s.io"),
    limits=_LIMITS,
    manifests=manifests,
)
