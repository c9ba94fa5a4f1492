"""What HTTPRoutes and grants say; that they lead requests right is proven in tests/conformance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from strangler.edge.kubernetes import OBJECTS
from strangler.edge.kubernetes.cluster import Service
from strangler.errors import SetupError
from strangler.routing import CapabilityState, Route
from tests.unit.edge.kubernetes.samples import CLUSTER, EXTRACTED, rendered, table

KIND = "gateway-api"


def by_name(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in objects}


def test_objects_say_whose_they_are_and_of_which_version() -> None:
    for one in rendered(KIND, table(version=7)):
        assert one["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "django-strangler"
        assert one["metadata"]["annotations"] == {"django-strangler/version": "7"}


def test_the_same_table_makes_the_same_text() -> None:
    routes = [Route("catalog", "/a", methods=frozenset({"PUT", "GET", "POST", "HEAD"})), Route("orders", "/b")]
    again = [Route("catalog", "/a", methods=frozenset({"HEAD", "POST", "GET", "PUT"})), Route("orders", "/b")]
    assert OBJECTS[KIND].render(table(*routes), CLUSTER) == OBJECTS[KIND].render(table(*again), CLUSTER)


def test_the_writer_has_all_the_weight() -> None:
    """Reads that are split stay with the writer, whose middleware knows subjects; a weight would not stick (R9)."""
    routes = by_name(rendered(KIND, table()))
    assert [(ref["name"], ref["weight"]) for ref in routes["strangler-catalog"]["spec"]["rules"][0]["backendRefs"]] == [
        ("monolith", 0), ("catalog", 100),
    ]  # fmt: skip
    assert [(ref["name"], ref["weight"]) for ref in routes["strangler-orders"]["spec"]["rules"][0]["backendRefs"]] == [
        ("monolith", 100), ("orders", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(("stage", "writer", "names"), [
    ("monolith", "monolith", ["monolith"]),
    ("synced", "monolith", ["monolith", "catalog"]),
    ("extracted", "service", ["monolith", "catalog"]),
    ("complete", "service", ["catalog"]),
])  # fmt: skip
def test_only_homes_that_exist_are_named(stage: str, writer: Any, names: list[str]) -> None:
    """A reference to a Service that is missing would leave the route unresolved, weight or no weight."""
    state = CapabilityState("catalog", stage, 0, writer)
    rule = by_name(rendered(KIND, table(Route("catalog", "/a"), states=(state,))))["strangler-catalog"]["spec"]["rules"]
    assert [ref["name"] for ref in rule[0]["backendRefs"]] == names


def test_limits_stand_where_they_are_read() -> None:
    text = OBJECTS[KIND].render(table(), CLUSTER)
    assert "# Limits. Weights are drawn per request" in text
    assert (
        "# orders: stage canary, the monolith writes (epoch 1).\n# 25 % of the subjects read from the service" in text
    )


def test_stale_ok_is_said_to_have_no_fallback_once_the_service_writes() -> None:
    stale = Route("catalog", "/a", stale_ok=True)
    assert "Its routes with `stale_ok` do not fall back" in OBJECTS[KIND].render(table(stale), CLUSTER)
    assert "Its routes with `stale_ok`" not in OBJECTS[KIND].render(table(Route("catalog", "/a")), CLUSTER)


def test_the_gateway_waits_longer_than_a_home_does() -> None:
    routes = by_name(rendered(KIND, table()))
    assert routes["strangler-catalog"]["spec"]["rules"][0]["timeouts"] == {"request": "3s500ms"}
    assert routes["strangler-orders"]["spec"]["rules"][0]["timeouts"] == {"request": "31s"}
    assert "timeouts" not in routes["strangler-monolith"]["spec"]["rules"][-1]


def test_sessions_go_to_the_monolith_while_tokens_go_straight_to_the_service() -> None:
    found = by_name(rendered(KIND, table(), replace(CLUSTER, session_cookie="sid+x")))
    first, second = found["strangler-catalog"]["spec"]["rules"]
    assert first["matches"][0]["headers"] == [
        {"type": "RegularExpression", "name": "Cookie", "value": r"^(.*; *)?sid\+x=.*$"}
    ]
    assert [ref["name"] for ref in first["backendRefs"]] == ["monolith"]
    assert "headers" not in second["matches"][0]
    assert len(found["strangler-orders"]["spec"]["rules"]) == 1  # it is the monolith's anyway


def test_another_namespace_grants_what_routes_refer_to() -> None:
    (grant,) = (one for one in rendered(KIND, table()) if one["kind"] == "ReferenceGrant")
    assert (grant["apiVersion"], grant["metadata"]["namespace"]) == ("gateway.networking.k8s.io/v1beta1", "sales")
    assert grant["spec"] == {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}],
        "to": [{"group": "", "kind": "Service", "name": "orders"}],
    }


def test_one_namespace_needs_no_grant() -> None:
    here = replace(CLUSTER, services={**CLUSTER.services, "orders": Service("orders", "shop", 80)})
    assert {one["kind"] for one in rendered(KIND, table(), here)} == {"HTTPRoute"}


def test_a_host_with_routes_of_its_own_has_all_rules() -> None:
    """No gateway falls back from a host's routes to those of every host."""
    found = by_name(rendered(KIND, table(Route("catalog", "/a"), Route("orders", "/b", host="b.example"))))
    assert set(found) >= {"strangler-catalog", "strangler-catalog.b.example", "strangler-orders.b.example"}
    assert "strangler-orders" not in found
    assert found["strangler-catalog.b.example"]["spec"]["hostnames"] == ["b.example"]


def test_public_hosts_bound_what_is_served() -> None:
    public = replace(CLUSTER, hosts=("a.example", "b.example"))
    found = by_name(rendered(KIND, table(Route("orders", "/b", host="b.example")), public))
    assert found["strangler-monolith"]["spec"]["hostnames"] == ["a.example"]
    assert found["strangler-monolith.b.example"]["spec"]["hostnames"] == ["b.example"]
    only = replace(CLUSTER, hosts=("b.example",))
    assert not {"strangler-monolith"} & set(
        by_name(rendered(KIND, table(Route("orders", "/b", host="b.example")), only))
    )


def test_routes_beyond_sixteen_go_on_in_another_object() -> None:
    found = by_name(rendered(KIND, table(*(Route("catalog", f"/{n}") for n in range(40)))))
    assert [len(found[f"strangler-catalog{part}"]["spec"]["rules"]) for part in ("", "-part-2", "-part-3")] == [
        16,
        16,
        8,
    ]


def test_internal_ports_are_never_named() -> None:
    """R21: calls, trials and snapshots are on a port that no route refers to."""
    text = OBJECTS[KIND].render(table(), CLUSTER)
    assert "8101" in text
    assert "9101" not in text
    assert "9000" not in text


def test_a_service_without_an_address_is_a_fault() -> None:
    with pytest.raises(SetupError, match=r"\['catalog'\]\['service_url'\]: is not set"):
        rendered(KIND, table(), replace(CLUSTER, services={}))


def test_a_name_that_kubernetes_cannot_have_is_a_fault() -> None:
    state = replace(EXTRACTED, name="été")
    cluster = replace(CLUSTER, services={"été": Service("ete", "shop", 80)})
    with pytest.raises(SetupError, match="cannot be a name in Kubernetes"):
        rendered(KIND, table(Route("été", "/a"), states=(state,)), cluster)


def test_more_public_hosts_than_a_route_can_name_are_a_fault() -> None:
    with pytest.raises(SetupError, match=r"PUBLIC_HOSTS.*at most 16"):
        rendered(KIND, table(), replace(CLUSTER, hosts=tuple(f"h{n}.example" for n in range(17))))
