"""What Istio's objects say; that they lead requests right is proven in tests/conformance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from strangler.edge.kubernetes import OBJECTS
from strangler.errors import SetupError
from strangler.routing import Route
from tests.unit.edge.kubernetes.samples import CLUSTER, rendered, table

KIND = "istio"


def of_kind(kind: str, objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def test_objects_say_whose_they_are_and_of_which_version() -> None:
    for one in rendered(KIND, table(version=7)):
        assert one["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "django-strangler"
        assert one["metadata"]["annotations"] == {"django-strangler/version": "7"}


def test_rules_of_a_host_are_in_one_object_longest_first() -> None:
    """Istio takes the first that fits, and says nothing of the order of objects."""
    routes = (
        Route("orders", "/a"),
        Route("catalog", "/a/b/c"),
        Route("catalog", "/a/b", methods=frozenset({"GET", "PUT"})),
    )
    (found,) = of_kind("VirtualService", rendered(KIND, table(*routes))).values()
    assert [entry["name"] for entry in found["spec"]["http"]] == [
        "hide /metrics", "catalog /a/b/c", "catalog /a/b", "orders /a", "monolith /",
    ]  # fmt: skip
    assert found["spec"]["http"][2]["match"] == [
        {"uri": {"exact": "/a/b"}, "method": {"regex": "GET|PUT"}},
        {"uri": {"prefix": "/a/b/"}, "method": {"regex": "GET|PUT"}},
    ]
    assert "match" not in found["spec"]["http"][-1]


def test_only_what_never_reached_a_home_is_sent_again() -> None:
    """Istio's own policy repeats writes that were answered with 503."""
    (found,) = of_kind("VirtualService", rendered(KIND, table())).values()
    retries = [entry["retries"]["retryOn"] for entry in found["spec"]["http"] if "route" in entry]
    assert set(retries) == {"connect-failure,refused-stream"}


def test_an_answer_ejects_nobody() -> None:
    """Homes answer 503 while writes move: pods that say so are well."""
    for rule in of_kind("DestinationRule", rendered(KIND, table())).values():
        ejection = rule["spec"]["trafficPolicy"]["outlierDetection"]
        assert ejection["splitExternalLocalOriginErrors"] is True
        assert (ejection["consecutive5xxErrors"], ejection["consecutiveGatewayErrors"]) == (0, 0)
        assert ejection["consecutiveLocalOriginFailures"] > 0


def test_destinations_stand_beside_their_services() -> None:
    found = of_kind("DestinationRule", rendered(KIND, table()))
    assert {name: (one["metadata"]["namespace"], one["spec"]["host"]) for name, one in found.items()} == {
        "strangler-monolith": ("shop", "monolith.shop.svc.cluster.local"),
        "strangler-catalog": ("shop", "catalog.shop.svc.cluster.local"),
        "strangler-orders": ("sales", "orders.sales.svc.cluster.local"),
    }


def test_connections_are_bounded_as_the_settings_say() -> None:
    bounded = replace(CLUSTER, max_connections=7, connect_timeout_s=0.25)
    pool = of_kind("DestinationRule", rendered(KIND, table(), bounded))["strangler-catalog"]["spec"]["trafficPolicy"]
    assert pool["connectionPool"] == {
        "tcp": {"maxConnections": 7, "connectTimeout": "0.25s"}, "http": {"http1MaxPendingRequests": 7},
    }  # fmt: skip


@pytest.mark.parametrize(("header", "spread"), [
    (None, {"simple": "LEAST_REQUEST"}),
    ("X-Tenant", {"consistentHash": {"httpHeaderName": "X-Tenant"}}),
])  # fmt: skip
def test_a_field_can_keep_requests_together(header: str | None, spread: dict[str, Any]) -> None:
    found = of_kind("DestinationRule", rendered(KIND, table(), replace(CLUSTER, affinity_header=header)))
    assert found["strangler-catalog"]["spec"]["trafficPolicy"]["loadBalancer"] == spread


def test_internal_ports_are_for_the_platforms_own_namespaces() -> None:
    """R21: not even the gateway comes in."""
    found = of_kind("AuthorizationPolicy", rendered(KIND, table()))
    assert set(found) == {"strangler-monolith-internal", "strangler-catalog-internal"}  # the others say no port
    assert found["strangler-catalog-internal"]["spec"] == {
        "selector": {"matchLabels": {"app.kubernetes.io/name": "catalog"}},
        "action": "DENY",
        "rules": [
            {
                "from": [{"source": {"notNamespaces": ["sales", "shop"]}}],
                "to": [{"operation": {"ports": ["9101"]}}],
            }
        ],
    }


def test_no_route_names_an_internal_port() -> None:
    for one in of_kind("VirtualService", rendered(KIND, table())).values():
        ports = [to["destination"]["port"]["number"] for entry in one["spec"]["http"] for to in entry.get("route", ())]
        assert set(ports) == {8000, 8101, 8103}


def test_limits_stand_where_they_are_read() -> None:
    text = OBJECTS[KIND].render(table(), CLUSTER)
    assert "# Limits. Weights are drawn per request" in text
    assert "# 25 % of the subjects read from the service: split by the monolith's middleware, not here.\n" in text


def test_the_gateway_and_the_hosts_are_those_of_the_settings() -> None:
    public = replace(CLUSTER, hosts=("a.example",), gateway="edge")
    found = of_kind("VirtualService", rendered(KIND, table(Route("orders", "/b", host="b.example")), public))
    assert {name: one["spec"]["hosts"] for name, one in found.items()} == {
        "strangler": ["a.example"], "strangler.b.example": ["b.example"],
    }  # fmt: skip
    assert found["strangler"]["spec"]["gateways"] == ["shop/edge"]


def test_a_service_without_an_address_is_a_fault() -> None:
    with pytest.raises(SetupError, match=r"\['catalog'\]\['service_url'\]: is not set"):
        rendered(KIND, table(), replace(CLUSTER, services={}))
