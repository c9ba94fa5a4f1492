"""The bootstrap: where the homes are, and what guards the listeners."""

from __future__ import annotations

import json

import pytest

from strangler.conf import get_conf
from strangler.edge import RENDERERS
from strangler.edge.envoy import names
from strangler.edge.envoy.bootstrap import bootstrap_document
from strangler.edge.envoy.options import Options
from strangler.edge.envoy.routes import clusters_of
from strangler.routing import CapabilityState
from strangler.state.store import build_table


def bootstrap(settings, **options):
    known = settings.STRANGLER["CAPABILITIES"]
    sample = {**known["sample"], "service_url": options.pop("service_url", "http://127.0.0.1:9")}
    settings.STRANGLER = {
        **settings.STRANGLER,
        "MONOLITH_URL": "http://127.0.0.1:8",
        "CAPABILITIES": {**known, "sample": sample},
    }
    return json.loads(bootstrap_document(get_conf(), Options(**options)))["static_resources"]


def cluster(document, name):
    return next(one for one in document["clusters"] if one["name"] == name)


def filters(listener):
    return listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]


def test_monolith_stands_behind_each_service(settings):
    found = bootstrap(settings)
    behind = cluster(found, names.fallback_cluster("sample"))
    assert behind["cluster_type"]["typed_config"]["clusters"] == ["sample", "monolith"]
    assert behind["common_lb_config"]["healthy_panic_threshold"] == {"value": 0}


@pytest.mark.parametrize(
    ("url", "kind", "tls"),
    [
        ("http://127.0.0.1:9", "STATIC", False),
        ("http://[::1]:9", "STATIC", False),
        ("http://catalog:8000", "STRICT_DNS", False),
        ("https://catalog.example", "STRICT_DNS", True),
    ],
)
def test_home_is_reached_as_its_address_says(settings, url, kind, tls):
    found = cluster(bootstrap(settings, service_url=url), "sample")
    (endpoint,) = found["load_assignment"]["endpoints"][0]["lb_endpoints"]
    port = endpoint["endpoint"]["address"]["socket_address"]["port_value"]
    assert (found["type"], "transport_socket" in found) == (kind, tls)
    assert port == {"https://catalog.example": 443, "http://catalog:8000": 8000}.get(url, 9)


def test_routes_name_no_cluster_that_the_bootstrap_lacks(settings):
    """Envoy would take them, and answer 503."""
    bootstrap(settings)
    states = {name: CapabilityState(name, "canary", 5_000) for name in get_conf().capabilities}
    made = RENDERERS["envoy"].render(build_table(1, states), get_conf(), {})
    known = {one["name"] for one in json.loads(made[0].text)["static_resources"]["clusters"]}
    for document in made[1:]:
        assert clusters_of(document.text) <= known
        assert clusters_of(document.text)


def test_limit_is_off_until_it_is_asked_for_and_tls_is_public_alone(settings):
    plain, _ = bootstrap(settings)["listeners"]
    assert names.LIMIT not in [one["name"] for one in filters(plain)]
    public, internal = bootstrap(settings, requests_per_s=9, certificate="c", private_key="k")["listeners"]
    assert filters(internal)[0]["name"] == names.LIMIT
    assert "transport_socket" in public["filter_chains"][0]
    assert "transport_socket" not in internal["filter_chains"][0]


def test_keys_are_taken_from_the_issuers_file_or_asked_for(settings, tmp_path):
    file = tmp_path / "jwks.json"
    for source, kind in ((str(file), "local_jwks"), ("https://issuer.example/jwks", "remote_jwks")):
        settings.STRANGLER = {**settings.STRANGLER, "SUBJECT_JWKS": source}
        (public, _), clusters = (lambda d: (d["listeners"], d["clusters"]))(bootstrap(settings))
        provider = next(one for one in filters(public) if one["name"] == names.JWT)["typed_config"]["providers"]
        assert kind in provider["issuer"]
        assert (names.KEYS in [one["name"] for one in clusters]) is (kind == "remote_jwks")
