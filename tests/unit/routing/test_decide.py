"""`decide()` against a brute-force reading of its rules that shares no code with it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.routing import CapabilityState, Facts, Route, Table, bucket, decide, explain

SEGMENTS = st.sampled_from(["api", "a", "b", "catalog", "catalogue", "x"])
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
HOSTS = ["shop.example", "bank.example"]
NAMES = ["one", "two", "three"]

routes = st.builds(
    Route,
    capability=st.sampled_from(NAMES),
    prefix=st.lists(SEGMENTS, max_size=3).map(lambda s: "/" + "".join(f"{x}/" for x in s)),
    host=st.none() | st.sampled_from(HOSTS),
    methods=st.none() | st.frozensets(st.sampled_from(METHODS), min_size=1, max_size=3),
    kind=st.none() | st.sampled_from(["read", "write"]),
)
states = st.tuples(
    *(
        st.builds(
            CapabilityState,
            name=st.just(name),
            stage=st.sampled_from(["monolith", "synced", "canary", "extracted"]),
            reads_weight=st.integers(0, 10_000),
            writer=st.sampled_from(["monolith", "service"]),
            epoch=st.integers(1, 9),
        )
        for name in NAMES
    )
)
facts = st.builds(
    Facts,
    method=st.sampled_from([*METHODS, "PURGE"]),
    host=st.sampled_from([*HOSTS, "other.example"]),
    path=st.lists(SEGMENTS, max_size=4).map(lambda s: "/" + "/".join(s)),
    subject=st.none() | st.text(max_size=8),
    override=st.none() | st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["monolith", "service"])),
)


def distinct(found):
    """Keep one route per (prefix, host, method): what the settings' check allows across capabilities."""
    seen, kept = set(), []
    for route in found:
        keys = {(route.prefix, route.host, route.methods is None, m) for m in route.methods or ["*"]}
        if not keys & seen:
            seen |= keys
            kept.append(route)
    return kept


def oracle(found, state_of, asked):
    """Read the rules in the order in which DESIGN states them, trying every route."""
    here = [s for s in asked.path.split("/") if s]
    matching = []
    for route in found:
        wanted = [s for s in route.prefix.split("/") if s]
        if here[: len(wanted)] != wanted or route.host not in (None, asked.host):
            continue
        if route.methods is None or asked.method in route.methods:
            matching.append((len(wanted), route.host is not None, route.methods is not None, route))
    if not matching:
        return None
    route = max(matching, key=lambda m: m[:3])[3]
    state = state_of[route.capability]
    reading = route.kind == "read" or (route.kind is None and asked.method in {"GET", "HEAD", "OPTIONS", "TRACE"})
    home = state.writer
    if reading and state.stage != "monolith":
        if asked.override and route.capability in asked.override:
            home = asked.override[route.capability]
        elif state.writer == "monolith" and asked.subject is not None:
            home = "service" if bucket(state.name, asked.subject) < state.reads_weight else "monolith"
    return route.capability, home, "read" if reading else "write"


@given(st.lists(routes, max_size=12).map(distinct), states, st.lists(facts, min_size=1, max_size=20))
def test_decide_agrees_with_the_oracle(found, capabilities, questions):
    table = Table(1, capabilities, found)
    for asked in questions:
        decision = decide(table, asked)
        assert (decision and decision[:3]) == oracle(found, {c.name: c for c in capabilities}, asked)
        assert explain(table, asked)


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        ("/api/catalog", True),
        ("/api/catalog/", True),
        ("/api/catalog/x/y", True),
        ("/api/catalogue", False),
        ("/api/catalog-old", False),
        ("/API/catalog", False),
        ("//api/catalog", False),
        ("/x/api/catalog", False),
        ("/", False),
    ],
)
def test_a_prefix_ends_on_a_segment_border(path, matches):
    table = Table(1, [CapabilityState("catalog")], [Route("catalog", "/api/catalog/")])
    assert bool(decide(table, Facts("GET", "h", path))) is matches


def test_growing_a_share_moves_nobody_back():
    def served_by_service(weight):
        table = Table(1, [CapabilityState("c", "canary", weight)], [Route("c", "/")])
        subjects = (f"user-{n}" for n in range(2_000))
        return {s for s in subjects if decide(table, Facts("GET", "h", "/", s)).home == "service"}

    shares = [served_by_service(weight) for weight in (0, 100, 500, 2_500, 5_000, 10_000)]
    assert all(smaller < larger for smaller, larger in pairwise(shares))
    assert len(shares[-1]) == 2_000
    assert 800 < len(shares[4]) < 1_200


def test_the_same_people_are_not_first_everywhere():
    """Without a salt per capability the first percent of one would be the first percent of all (R9)."""
    first = {name: {s for s in range(5_000) if bucket(name, str(s)) < 500} for name in ("catalog", "orders")}
    assert len(first["catalog"] & first["orders"]) < 60


@pytest.mark.parametrize(("subject", "expected"), [("user-1", 455), ("user-2", 8_289), ("", 9_115)])
def test_the_bucket_is_pinned(subject, expected):
    """XXH64 of `capability:subject`, seed 0, modulo 10,000: computed from the algorithm's specification, not by us."""
    assert bucket("catalog", subject) == expected


def test_writes_are_never_split():
    table = Table(1, [CapabilityState("c", "canary", 10_000)], [Route("c", "/")])
    assert decide(table, Facts("POST", "h", "/", "me", {"c": "service"})).home == "monolith"


def test_no_subject_means_the_writer():
    table = Table(1, [CapabilityState("c", "canary", 10_000)], [Route("c", "/")])
    assert decide(table, Facts("GET", "h", "/")).reason == "no_subject"


def test_a_route_to_a_capability_without_state_is_nobodys():
    assert decide(Table(1, [], [Route("ghost", "/")]), Facts("GET", "h", "/")) is None
