"""
Rendered Gateway API and Istio objects lead every request where it belongs.

Expectations come from the oracle that all planes share; what a gateway makes of the objects comes from models of the
two specifications. Neither imports a renderer.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest
import yaml

from strangler.edge.kubernetes import gateway_api, istio
from strangler.edge.kubernetes.cluster import Cluster, Service
from strangler.routing import CapabilityState, Route, Table
from tests.conformance import gateway_api_model, istio_model
from tests.conformance.kubernetes_requests import (
    Answer,
    Request,
    expected_home,
    expected_route,
    random_request,
    random_table,
)
from tests.conformance.kubernetes_schemas import faults_of
from tests.support.evidence import record
from tests.support.fixtures import long_version

SEED = 20_261_123
PER_TABLE = 100
CLUSTER = Cluster(
    namespace="shop",
    gateway="infra/public",
    hosts=(),
    monolith=Service("monolith", "shop", 8000, 9000),
    services={
        "catalog": Service("catalog", "shop", 8101, 9101),
        "stock_levels": Service("stock-levels", "stock", 80),
        "orders": Service("orders", "stock", 8103, 9103),
        "payments": Service("payments", "bank", 8104),
    },
    session_cookie="sessionid",
)
ROUTER_ONLY = {"strangler-hop", "strangler-identity"}
Objects = list[dict[str, Any]]
EDGES = {"gateway-api": (gateway_api.OBJECTS, gateway_api_model, 500), "istio": (istio.OBJECTS, istio_model, 404)}


@pytest.fixture(params=sorted(EDGES))
def edge(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def objects_of(edge: str, table: Table, cluster: Cluster = CLUSTER) -> Objects:
    """Return what a cluster would read: the text, not the values that it was made of."""
    return [one for one in yaml.load_all(EDGES[edge][0].render(table, cluster), Loader=yaml.CSafeLoader) if one]


def expected(table: Table, request: Request, edge: str) -> Answer:
    """Return the answer that is right; `/metrics` is hidden unless a route of the host claims it."""
    host = request.host.partition(":")[0]
    claimed = any(r.prefix.strip("/") == "metrics" and r.host in (None, host) for r in table.routes)
    if request.path == "/metrics" and not claimed:
        return Answer(status=EDGES[edge][2])
    found, route = expected_home(table, request), expected_route(table, request)
    assert (found and found[0]) == (route and route.capability)
    service = CLUSTER.services[found[0]] if found and found[1] == "service" else CLUSTER.monolith
    return Answer(
        backend=(service.name, service.namespace, service.port),
        headers=frozenset(request.headers) - ROUTER_ONLY,
        timeout_s=(route.timeout_s or 30.0) + 1.0 if route else None,
    )


def disagreements(edge: str, number: int, breaking: Callable[[Objects], Any] = lambda objects: None) -> int:
    """Return how many of *number* random requests are led astray by what *breaking* has left of the objects."""
    rng, wrong = random.Random(SEED), 0
    for _ in range(number // PER_TABLE):
        table = random_table(rng)
        objects = objects_of(edge, table)
        breaking(objects)
        for _ in range(PER_TABLE):
            request = random_request(rng, table)
            try:
                answer = EDGES[edge][1].serve(objects, request)
            except gateway_api_model.Ambiguous:
                answer = None
            wrong += answer != expected(table, request, edge)
    return wrong


@pytest.mark.parametrize("number", [10_000, long_version(100_000, timeout_s=900)])
def test_requests_go_where_the_oracle_says(edge: str, number: int) -> None:
    """Host, prefix on segment borders, method, session; timeouts; router's own fields taken away."""
    assert disagreements(edge, number) == 0
    if number > 10_000:
        record(f"conformance-{edge}", seed=SEED, requests=number, tables=number // PER_TABLE, disagreements=0)


# -- broken samples: each proves that the comparison bites ------------------------------------------------------


def _http_rules(objects: Objects) -> list[list[dict[str, Any]]]:
    return [one["spec"].get("rules") or one["spec"].get("http") or [] for one in objects
            if one["kind"] in ("HTTPRoute", "VirtualService")]  # fmt: skip


def without_segment_borders(objects: Objects) -> None:
    """Istio: `/a/` becomes `/a`, which takes `/ab`."""
    for rules in _http_rules(objects):
        for match in (match for rule in rules for match in rule.get("match", [])):
            if len(match["uri"].get("prefix", "")) > 1:
                match["uri"]["prefix"] = match["uri"]["prefix"].rstrip("/")


def in_reverse(objects: Objects) -> None:
    """Istio: the shortest prefix first."""
    for rules in _http_rules(objects):
        rules.reverse()


def without_methods(objects: Objects) -> None:
    for rules in _http_rules(objects):
        for match in (m for rule in rules for m in rule.get("matches", rule.get("match", []))):
            match.pop("method", None)


def without_sessions(objects: Objects) -> None:
    for rules in _http_rules(objects):
        rules[:] = [
            rule for rule in rules if not any("headers" in m for m in rule.get("matches", rule.get("match", [])))
        ]


def without_own_hosts(objects: Objects) -> None:
    objects[:] = [one for one in objects if "hostnames" not in one["spec"] and one["spec"].get("hosts", ["*"]) == ["*"]]


def without_grants(objects: Objects) -> None:
    objects[:] = [one for one in objects if one["kind"] != "ReferenceGrant"]


def by_weight(objects: Objects) -> None:
    """A share at the edge: another home with each request."""
    for rules in _http_rules(objects):
        for ref in (ref for rule in rules for ref in rule.get("backendRefs", [])):
            ref["weight"] = 50


def with_router_fields(objects: Objects) -> None:
    for rules in _http_rules(objects):
        for rule in rules:
            rule.pop("filters", None)
            rule.pop("headers", None)


@pytest.mark.parametrize(
    ("edge", "breaking"),
    [
        ("istio", without_segment_borders),
        ("istio", in_reverse),
        ("istio", without_methods),
        ("istio", without_sessions),
        ("istio", without_own_hosts),
        ("istio", with_router_fields),
        ("gateway-api", without_methods),
        ("gateway-api", without_sessions),
        ("gateway-api", without_own_hosts),
        ("gateway-api", without_grants),
        ("gateway-api", by_weight),
        ("gateway-api", with_router_fields),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_broken_objects_are_found(edge: str, breaking: Callable[[Objects], Any]) -> None:
    assert disagreements(edge, 1_000, breaking) > 0


def test_precedence_by_prefix_is_what_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that took the first rule in order, as Istio does, would lead requests astray: the order is none."""
    numbers = count()
    monkeypatch.setattr(gateway_api_model, "_precedence", _ranked_by_order(gateway_api_model._precedence, numbers))
    assert disagreements("gateway-api", 1_000) > 0


def _ranked_by_order(fits: Callable[..., Any], numbers: count[int]) -> Callable[..., Any]:
    def precedence(match: dict[str, Any], request: Request) -> Any:
        return (False, -next(numbers), False, 0, 0) if fits(match, request) is not None else None

    return precedence


# -- what is rendered is what the specifications allow ----------------------------------------------------------


def test_objects_have_no_fault(edge: str) -> None:
    """Every field is known, every value within its bounds, every name unique."""
    rng = random.Random(SEED)
    for _ in range(40):
        assert faults_of(objects_of(edge, random_table(rng))) == []


def test_a_table_of_a_thousand_routes_has_no_fault(edge: str) -> None:
    routes = [Route("catalog", f"/api/{n}/x", methods=frozenset({"GET", "POST", "PUT"})) for n in range(1_000)]
    table = Table(1, [CapabilityState("catalog", "extracted", 0, "service")], routes)
    objects = objects_of(edge, table)
    assert faults_of(objects) == []
    for n in (0, 15, 16, 999):
        answer = EDGES[edge][1].serve(objects, Request("POST", "shop.example", f"/api/{n}/x/1", f"/api/{n}/x/1"))
        assert answer.backend == ("catalog", "shop", 8101)


def _misspell(objects: Objects) -> None:
    objects[0]["spec"]["hostname"] = ["shop.example"]


def _overfill(objects: Objects) -> None:
    first: Sequence[dict[str, Any]] = next(iter(_http_rules(objects)))
    objects[0]["spec"]["rules" if "rules" in objects[0]["spec"] else "http"] = [*first, *[{"name": "UPPER"}] * 20]


@pytest.mark.parametrize("breaking", [_misspell, _overfill], ids=lambda breaking: breaking.__name__)
def test_faults_are_found(edge: str, breaking: Callable[[Objects], Any]) -> None:
    objects = copy.deepcopy(objects_of(edge, random_table(random.Random(SEED))))
    breaking(objects)
    assert faults_of(objects)
