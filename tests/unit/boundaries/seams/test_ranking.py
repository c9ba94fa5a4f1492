"""The score, computed by hand."""

import pytest

from strangler.boundaries.seams.bonds import bond
from strangler.boundaries.seams.cycles import Cycle
from strangler.boundaries.seams.ranking import burdens_of, order_of, readiness_of, reasons_of

BONDS = [
    bond("a", "hub", "import", "", "a.py", 1),
    bond("b", "hub", "foreign-key", "", "b.py", 1),
    bond("b", "hub", "foreign-key", "", "b.py", 2),
    bond("c", "hub", "model", "", "c.py", 1),
    bond("c", "b", "model", "", "c.py", 2),
    bond("a", "auth", "background", "", "a.py", 2),
]


@pytest.mark.parametrize(("burden", "readiness"), [(0, 100), (10, 80), (40, 50), (360, 10), (10_000, 0)])
def test_readiness_falls_with_the_burden(burden, readiness):
    assert readiness_of(burden) == readiness


def test_a_burden_counts_both_directions_and_the_cycle():
    cycle = Cycle(("b", "hub"), ("b", "hub"), ("b", "hub", "b"), 16.0)
    assert burdens_of("abc", BONDS, []) == {"a": 4, "b": 18, "c": 4}
    assert burdens_of(["b", "hub"], BONDS, [cycle]) == {"b": 38, "hub": 39}


def test_each_app_goes_when_it_has_the_least_left():
    """The hub goes when those that hung on it have gone, although it has the most bonds of all."""
    order = order_of({"a", "b", "c", "hub"}, BONDS)
    assert order == [("a", 4.0), ("c", 4.0), ("b", 16.0), ("hub", 0.0)]


def test_reasons_name_kind_direction_and_apps():
    cycle = Cycle(("b", "hub"), ("b", "hub"), ("b", "hub", "b"), 16.0)
    assert reasons_of("b", BONDS, [cycle]) == (
        "2 foreign keys → hub",
        "1 use of models ← c",
        "in a cycle of 2 apps",
    )
    assert reasons_of("free", BONDS, []) == ("nothing binds it",)


def test_a_bound_app_of_the_sample_goes_later_than_a_free_one(survey):
    assert survey["apps"][0]["label"] == "lonely"
    assert survey["apps"][0]["readiness"] == 100
    orders = next(app for app in survey["apps"] if app["label"] == "orders")
    assert "in a cycle of 3 apps" in orders["reasons"]
    assert orders["burden"] == sum(b["weight"] for b in survey["bonds"] if "orders" in (b["source"], b["target"])) + 20
