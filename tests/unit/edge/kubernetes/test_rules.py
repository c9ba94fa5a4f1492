"""The table as rules; that they lead where the table leads is proven in tests/conformance."""

from __future__ import annotations

from strangler.bindings.tokens import CALL
from strangler.edge.kubernetes.rules import STRIPPED, hidden_from, own_hosts, rules_for
from strangler.events.direct import ERRAND
from strangler.proxy.hops import HOP
from strangler.proxy.identity import IDENTITY
from strangler.routing import CapabilityState, Route, Table

CATALOG, ORDERS = CapabilityState("catalog"), CapabilityState("orders")
READS = frozenset({"GET", "HEAD"})


def written(*routes: Route, host: str | None = None) -> list[str]:
    """Return the rules as `path methods capability`."""
    rules = rules_for(Table(1, [CATALOG, ORDERS], routes), host)
    return [" ".join((r.path, ",".join(r.methods) or "*", r.route.capability if r.route else "-")) for r in rules]


def test_longer_prefixes_come_first_and_what_is_left_is_nobodys() -> None:
    routes = Route("catalog", "/api/"), Route("orders", "/api/orders/"), Route("orders", "/b")
    assert written(*routes) == ["/api/orders * orders", "/api * catalog", "/b * orders", "/ * -"]


def test_named_methods_come_before_all_methods() -> None:
    routes = Route("catalog", "/api"), Route("orders", "/api", methods=frozenset({"POST", "GET"}))
    assert written(*routes) == ["/api GET,POST orders", "/api * catalog", "/ * -"]


def test_methods_that_no_route_names_fall_to_the_shorter_prefix() -> None:
    assert written(Route("catalog", "/a/b", methods=READS), Route("orders", "/a")) == [
        "/a/b GET,HEAD catalog", "/a * orders", "/ * -",
    ]  # fmt: skip


def test_a_hosts_own_routes_shadow_those_of_every_host_at_the_same_prefix() -> None:
    everywhere = Route("catalog", "/a"), Route("catalog", "/b", methods=READS), Route("catalog", "/c")
    own = Route("orders", "/a", host="x.example"), Route("orders", "/b", host="x.example", methods=frozenset({"GET"}))
    assert written(*everywhere, *own, host="x.example") == [
        "/a * orders", "/b GET orders", "/b HEAD catalog", "/c * catalog", "/ * -",
    ]  # fmt: skip
    assert written(*everywhere, *own) == ["/a * catalog", "/b GET,HEAD catalog", "/c * catalog", "/ * -"]


def test_a_route_of_everything_leaves_nothing_to_nobody() -> None:
    assert written(Route("catalog", "/")) == ["/ * catalog"]
    assert written(Route("catalog", "/", methods=READS)) == ["/ GET,HEAD catalog", "/ * -"]


def test_paths_are_written_as_they_stand_in_a_request() -> None:
    assert written(Route("catalog", "/café/a b/50%/c+d/"))[0] == "/caf%C3%A9/a%20b/50%25/c+d * catalog"


def test_routes_of_unknown_capabilities_are_left_out() -> None:
    unknown = Route("gone", "/a", host="gone.example")
    assert written(unknown) == ["/ * -"]
    assert own_hosts(Table(1, [CATALOG], [unknown, Route("catalog", "/a", host="b.example")])) == ["b.example"]


def test_figures_are_hidden_unless_a_route_claims_the_path() -> None:
    assert hidden_from(rules_for(Table(1, [CATALOG], [Route("catalog", "/")]), None)) == ["/metrics"]
    assert hidden_from(rules_for(Table(1, [CATALOG], [Route("catalog", "/metrics/")]), None)) == []


def test_every_field_that_routers_add_is_stripped() -> None:
    """Their rooms stand beside the edge, which may not import them: so the names are written twice, and compared."""
    assert set(STRIPPED) == {CALL, ERRAND, HOP, IDENTITY}
