"""What somebody who has begun to type may be looking for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db.models import QuerySet

from monolith.catalog.domain import Status
from monolith.catalog.models import Category, Product
from monolith.catalog.search.matching import NAME, matching, ranked
from monolith.catalog.search.query import Query, parse
from monolith.catalog.search.vocabulary import corrected
from monolith.catalog.search.words import searchable
from strangler.hosting.remember import remembered

# Each kind leaves room for the next.
_CATEGORIES_MAX, _BRANDS_MAX = 3, 2


@dataclass(frozen=True)
class Suggestion:
    """A category, brand or product by its name; `slug` is None for brands."""

    kind: str
    text: str
    slug: str | None


def suggestions(text: str, *, limit: int) -> list[Suggestion]:
    """
    Return at most *limit* suggestions: categories, then brands, then products whose names have the words.

    When there are none, words that nobody uses are corrected.
    """
    query = parse(text)
    found = list(islice(_all(query, limit), limit))
    if not found:
        correction = corrected(query, _published())
        found = list(islice(_all(correction.query, limit), limit)) if correction.replaced else []
    return found


def _all(query: Query, limit: int) -> Iterator[Suggestion]:
    categories, brands = remembered("catalog", "names to suggest", _names)
    yield from islice((one for one, words in categories if query.finds(words)), _CATEGORIES_MAX)
    yield from islice((one for one, words in brands if query.finds(words)), _BRANDS_MAX)
    named = ranked(matching(_published(), query, where=NAME), query).order_by("rank", "created_at", "id")
    # Products may have the same name; whoever wants the second one searches.
    slugs: dict[str, str] = {}
    for name, slug in named.values_list("name", "slug")[: 3 * limit]:
        slugs.setdefault(name, slug)
    yield from (Suggestion("product", name, slug) for name, slug in slugs.items())


def _names() -> tuple[list[tuple[Suggestion, str]], list[tuple[Suggestion, str]]]:
    """Active categories and brands in use, with their words."""
    categories = Category.objects.filter(is_active=True).order_by("path").values_list("name", "slug")
    brands = _published().exclude(brand="").order_by("brand").values_list("brand", flat=True).distinct()
    return (
        [(Suggestion("category", name, slug), searchable(name)) for name, slug in categories],
        [(Suggestion("brand", brand, None), searchable(brand)) for brand in brands],
    )


def _published() -> QuerySet[Product]:
    return Product.objects.filter(status=Status.PUBLISHED)
