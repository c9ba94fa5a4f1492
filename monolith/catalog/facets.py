"""How many products each choice of a filter would leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Count, Q

from monolith.catalog.models import Category
from monolith.catalog.search.vocabulary import Correction
from monolith.catalog.selectors import ProductFilter, filtered
from monolith.kernel.money import EXPONENTS
from strangler.hosting.remember import remembered

CHOICES_MAX = 100
# Where a price class ends, for currencies with up to two decimals; nobody shops by the yen.
_PRICES_MINOR = (1_000, 2_500, 5_000, 10_000, 25_000, 50_000)


def facets(names: Collection[str], wanted: ProductFilter, meant: Correction | None) -> dict[str, list[dict[str, Any]]]:
    """
    Return the choices of each facet among *names* (see `FACETS`), each with its `count`.

    All filters count but the facet's own: whoever has chosen one brand sees what the others would give.
    """
    if not names:
        return {}
    key = f"facets {sorted(names)} {wanted} {meant}"
    return remembered("catalog", key, lambda: {name: FACETS[name](wanted, meant) for name in FACETS if name in names})


def _categories(wanted: ProductFilter, meant: Correction | None) -> list[dict[str, Any]]:
    """Active categories; a product counts in its own and in all above it."""
    rows = filtered(replace(wanted, category=None), meant).order_by().values_list("category_id").annotate(Count("id"))
    direct = dict(rows)
    tree = list(Category.objects.filter(is_active=True).values("id", "slug", "name", "path"))
    counts: Counter[str] = Counter()
    for node in Category.objects.filter(id__in=direct).values_list("id", "path"):
        for above in _and_above(node[1]):
            counts[above] += direct[node[0]]
    shown = [
        {"slug": node["slug"], "name": node["name"], "path": node["path"], "count": counts[node["path"]]}
        for node in tree
        if counts[node["path"]]
    ]
    return sorted(shown, key=lambda choice: (-choice["count"], choice["path"]))[:CHOICES_MAX]


def _brands(wanted: ProductFilter, meant: Correction | None) -> list[dict[str, Any]]:
    rows = filtered(replace(wanted, brand=None), meant).exclude(brand="").order_by()
    counted = rows.values("brand").annotate(count=Count("id")).order_by("-count", "brand")[:CHOICES_MAX]
    return [{"brand": row["brand"], "count": row["count"]} for row in counted]


def _prices(wanted: ProductFilter, meant: Correction | None) -> list[dict[str, Any]]:
    """Price classes of the wanted currency, in order; both ends belong to a class."""
    factor = 10 ** max(0, EXPONENTS[wanted.currency] - 2)
    ends = [end * factor for end in _PRICES_MINOR]
    classes = list(zip([0, *ends], [*(end - 1 for end in ends), None], strict=True))
    rows = filtered(replace(wanted, min_price=None, max_price=None), meant).filter(currency=wanted.currency)
    counts = rows.aggregate(
        **{
            f"class{number}": Count("id", filter=Q(lowest_price_minor__gte=low, **_at_most(high)))
            for number, (low, high) in enumerate(classes)
        }
    )
    return [
        {"min_price": low, "max_price": high, "count": counts[f"class{number}"]}
        for number, (low, high) in enumerate(classes)
        if counts[f"class{number}"]
    ]


def _at_most(high: int | None) -> dict[str, int]:
    return {} if high is None else {"lowest_price_minor__lte": high}


def _and_above(path: str) -> list[str]:
    slugs = path.split("/")
    return ["/".join(slugs[: depth + 1]) for depth in range(len(slugs))]


FACETS: Mapping[str, Callable[[ProductFilter, Correction | None], list[dict[str, Any]]]] = {
    "category": _categories,
    "brand": _brands,
    "price": _prices,
}
