"""Cycles by hand-drawn graphs."""

from strangler.boundaries.seams.bonds import Bond, bond
from strangler.boundaries.seams.cycles import Cycle, cycles_of, edges_of, way_through


def test_two_cycles_and_a_tail():
    edges = {
        "a": {"b": 5.0},
        "b": {"c": 1.0},
        "c": {"a": 2.0, "x": 1.0},
        "x": {"y": 3.0},
        "y": {"x": 4.0},
        "tail": {"a": 1.0},
    }
    assert cycles_of(edges) == [
        Cycle(("a", "b", "c"), ("b", "c"), ("b", "c", "a", "b"), 1.0),
        Cycle(("x", "y"), ("x", "y"), ("x", "y", "x"), 3.0),
    ]


def test_no_cycle_without_a_way_back():
    assert cycles_of({"a": {"b": 1.0, "c": 1.0}, "b": {"c": 1.0}}) == []


def test_the_shortest_way_back_is_shown():
    edges = {"a": {"b": 1.0}, "b": {"c": 2.0, "d": 2.0}, "c": {"d": 2.0}, "d": {"a": 2.0}}
    (cycle,) = cycles_of(edges)
    assert cycle.way == ("a", "b", "d", "a")


def test_a_shortest_cycle_through_one_app():
    edges = {"a": {"b": 1.0, "c": 1.0}, "b": {"c": 1.0}, "c": {"a": 1.0}, "tail": {"a": 1.0}}
    assert way_through(edges, "a") == ("a", "c", "a")
    assert way_through(edges, "b") == ("b", "c", "a", "b")
    assert way_through(edges, "tail") == ()


def test_what_needs_no_cut_or_has_no_direction_makes_no_cycle():
    """A habit is no dependency, and the contract of another app may be used from both sides."""
    bonds = [
        bond("a", "b", "contract", "", "", 0),
        bond("b", "a", "import", "", "", 0),
        Bond("a", "b", "co-change", "", "", 0, 5.0),
        bond("a", "b", "shared-table", "", "", 0),
        bond("a", "auth", "background", "", "", 0),
    ]
    assert edges_of(bonds) == {"b": {"a": 1.0}}


def test_the_sample_projects_cycle_is_named(survey):
    assert survey["cycles"] == [
        {
            "apps": ["billing", "catalog", "orders"],
            "weakest": ["orders", "billing"],
            "way": ["orders", "billing", "orders"],
            "weight": 0.5,
        }
    ]
