"""The rules of the catalog; no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from monolith.kernel.money import EXPONENTS
from monolith.kernel.transitions import Transitions

CATEGORY_DEPTH_MAX = 10
ATTRIBUTES_MAX = 50
VARIANTS_MAX = 100
MEDIA_MAX = 20
DIM_MAX_MM = 100_000
DEFAULT_CURRENCY = "USD"
CURRENCIES = tuple(EXPONENTS)
ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SEPARATOR = "/"


class Status(StrEnum):
    """Where a product is in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Dims:
    """How large something is, in millimetres."""

    length: int
    width: int
    height: int


TRANSITIONS = Transitions(
    {
        Status.DRAFT: frozenset({Status.PUBLISHED, Status.ARCHIVED}),
        Status.PUBLISHED: frozenset({Status.ARCHIVED}),
        Status.ARCHIVED: frozenset({Status.PUBLISHED}),
    }
)


def publish_obstacles(*, has_category: bool, active_variants: int) -> list[str]:
    """Return why a product may not be published, as stable words; empty when it may."""
    obstacles = []
    if not has_category:
        obstacles.append("no_category")
    if active_variants == 0:
        obstacles.append("no_active_variant")
    return obstacles


def category_path(parent_path: str | None, slug: str) -> str:
    """Return the materialised path: the slugs from the root, "home/kitchen"."""
    return slug if parent_path is None else f"{parent_path}{_SEPARATOR}{slug}"


def depth_of(path: str) -> int:
    """Return how many categories a path names; a root has depth 1."""
    return path.count(_SEPARATOR) + 1


def is_within(path: str, ancestor_path: str) -> bool:
    """Whether *path* is *ancestor_path* or lies below it."""
    return path == ancestor_path or path.startswith(ancestor_path + _SEPARATOR)


def below(ancestor_path: str) -> str:
    """Return the prefix that every path below *ancestor_path* has, and no other."""
    return ancestor_path + _SEPARATOR


def attribute_faults(attributes: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a product's attributes: names are words, values are text, whole numbers or booleans."""
    faults = []
    if len(attributes) > ATTRIBUTES_MAX:
        faults.append(f"at most {ATTRIBUTES_MAX} attributes")
    for name, value in attributes.items():
        if not ATTRIBUTE_NAME.fullmatch(name):
            faults.append(f"{name[:40]!r}: a name is a lower-case word of at most 40 characters")
        if not (_is_short_text(value) if isinstance(value, str) else _is_safe_integer(value)):
            faults.append(f"{name[:40]!r}: a value is text of at most 200 characters, a whole number or a boolean")
    return faults


def _is_short_text(value: str) -> bool:
    """What every database and every JSON reader can hold: no NUL and no half of a surrogate pair."""
    return len(value) <= 200 and not re.search("[\x00\ud800-\udfff]", value)


def _is_safe_integer(value: object) -> bool:
    """What survives a reader that keeps numbers as doubles (RFC 8259 6); booleans are integers in Python."""
    return isinstance(value, int) and abs(value) < 2**53
