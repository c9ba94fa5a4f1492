"""The rendered routes; what they mean to a real Envoy is for the conformance suite."""

from __future__ import annotations

import json

import pytest

from strangler.conf import get_conf
from strangler.edge.envoy import names
from strangler.edge.envoy.renderer import routes_of, version_of
from strangler.edge.envoy.routes import routes_document
from strangler.routing import CapabilityState, Route, Table


def rendered(*states, routes, listener=names.PUBLIC):
    table = Table(7, states, routes)
    return json.loads(routes_document(listener, table, get_conf(), version="7"))["resources"][0]


def lists(configuration, host="any"):
    """Return the lists of routes of a virtual host, by prefix."""
    found = next(one for one in configuration["virtual_hosts"] if one["name"] == host)
    tree = found["matcher"]["on_no_match"]["matcher"]["matcher_tree"]["prefix_match_map"]["map"]
    return {prefix: entry["action"]["typed_config"]["routes"] for prefix, entry in tree.items()}


def clusters(routes):
    return [route["route"].get("cluster") or "split" for route in routes]


def test_prefixes_hang_in_a_tree_and_each_list_goes_on_with_those_around_it():
    found = rendered(
        CapabilityState("sample", "extracted", 0, "service"),
        CapabilityState("catalog"),
        routes=[Route("sample", "/api/"), Route("catalog", "/api/cat/")],
    )
    tree = lists(found)
    assert set(tree) == {"/api", "/api/cat"}
    assert clusters(tree["/api/cat"]) == ["monolith", "monolith", "sample", "sample", "monolith"]
    assert [r["match"].get("path_separated_prefix") for r in tree["/api/cat"]] == ["/api/cat"] * 2 + ["/api"] * 2 + [
        None
    ]


def test_length_of_a_list_does_not_grow_with_the_table():
    states = [CapabilityState("sample", "extracted", 0, "service")]
    few, many = (
        lists(rendered(*states, routes=[Route("sample", f"/p{n}/") for n in range(count)])) for count in (10, 1_000)
    )
    assert len(many) == 1_000
    assert {len(one) for one in few.values()} == {len(one) for one in many.values()} == {3}


def test_share_has_weights_of_ten_thousand_and_is_salted():
    found = rendered(CapabilityState("sample", "canary", 2_500), routes=[Route("sample", "/s/")])
    split = next(r["route"] for r in lists(found)["/s"] if "weighted_clusters" in r["route"])
    assert [(c["name"], c["weight"]) for c in split["weighted_clusters"]["clusters"]] == [
        ("sample-else-monolith", 2_500),
        ("monolith", 7_500),
    ]
    (hashed,) = split["hash_policy"]
    assert hashed["header"]["regex_rewrite"]["substitution"] == "sample:\\1"


@pytest.mark.parametrize(("stale_ok", "cluster"), [(True, "sample-else-monolith"), (False, "sample")])
def test_monolith_stands_behind_reads_that_may_be_old_and_behind_no_write(stale_ok, cluster):
    route = Route("sample", "/s/", stale_ok=stale_ok)
    reads, writes, _ = lists(rendered(CapabilityState("sample", "extracted", 0, "service"), routes=[route]))["/s"]
    assert reads["route"]["cluster"] == cluster
    assert writes["route"]["cluster"] == "sample"
    assert "reset," not in writes["route"]["retry_policy"]["retry_on"]


def test_home_without_an_address_is_reached_through_the_monolith():
    found = rendered(CapabilityState("catalog", "extracted", 0, "service"), routes=[Route("catalog", "/c/")])
    assert set(clusters(lists(found)["/c"])) == {"monolith"}


def test_calls_are_taken_by_the_internal_listener_alone():
    states = [CapabilityState("sample", "extracted", 0, "service")]
    routes = [Route("sample", "/s/")]
    assert set(lists(rendered(*states, routes=routes))) == {"/s"}
    internal = lists(rendered(*states, routes=routes, listener=names.INTERNAL))
    assert clusters(internal["/calls/sample"])[0] == clusters(internal["/events/sample"])[0] == "sample-internal"


def test_hosts_that_no_request_can_name_get_no_virtual_host():
    routes = [Route("catalog", "/c/", host=host) for host in ("a.example", "B.example", "a.example:80")]
    found = rendered(CapabilityState("catalog"), routes=routes)
    assert [one["name"] for one in found["virtual_hosts"]] == ["any", "a.example"]


@pytest.mark.parametrize(("prefix", "escape"), [("/plain/", "%(2["), ("/a:b/", "[^?]*%.*")])
def test_escapes_that_may_hide_a_segment_are_left_to_the_monolith(prefix, escape):
    found = rendered(CapabilityState("catalog"), routes=[Route("catalog", prefix)])
    (guard,) = found["virtual_hosts"][0]["matcher"]["matcher_list"]["matchers"]
    assert escape in guard["predicate"]["single_predicate"]["value_match"]["safe_regex"]["regex"]


def test_version_names_the_table_and_what_the_settings_add(settings):
    table = Table(7, [CapabilityState("catalog")], [Route("catalog", "/c/")])
    before = version_of(table, get_conf())
    assert before.startswith("7-")
    settings.STRANGLER = {**settings.STRANGLER, "UPSTREAM_TIMEOUT_S": 5.0}
    assert version_of(table, get_conf()) != before
    assert {json.loads(made.text)["version_info"] for made in routes_of(table, get_conf())} == {
        version_of(table, get_conf())
    }
