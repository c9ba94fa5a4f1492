"""Rules without a database."""

import pytest

from monolith.catalog import domain
from monolith.catalog.domain import TRANSITIONS, Status


@pytest.mark.parametrize(
    ("path", "ancestor", "within"),
    [("a", "a", True), ("a/b", "a", True), ("ab", "a", False), ("a-b/c", "a", False), ("a", "a/b", False)],
)
def test_subtree_ends_at_the_border_of_a_slug(path, ancestor, within):
    assert domain.is_within(path, ancestor) is within
    assert path.startswith(domain.below(ancestor)) is (within and path != ancestor)


def test_path_and_depth():
    assert domain.category_path(None, "a") == "a"
    assert domain.category_path("a/b", "c") == "a/b/c"
    assert [domain.depth_of(path) for path in ("a", "a/b", "a/b/c")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("attributes", "faults"),
    [
        ({"color": "red", "size": 5, "new": True}, 0),
        ({"Color": "red"}, 1),
        ({"color__in": "x", "a b": 1.5}, 2),
        ({"list": [1], "none": None, "long": "x" * 201}, 3),
        ({f"a{n}": n for n in range(51)}, 1),
    ],
)
def test_attributes_are_named_scalars(attributes, faults):
    assert len(domain.attribute_faults(attributes)) == faults


def test_publishing_needs_a_category_and_an_active_variant():
    assert domain.publish_obstacles(has_category=True, active_variants=1) == []
    assert domain.publish_obstacles(has_category=False, active_variants=0) == ["no_category", "no_active_variant"]


def test_nothing_returns_to_draft():
    """A product that was ever seen is never deleted."""
    assert TRANSITIONS.before(Status.DRAFT) == frozenset()
    assert set(TRANSITIONS.table) == set(Status)
