"""Writes the seed, in batches that each assert ownership; it publishes no events, for nothing has happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from monolith.catalog.models import Category, Media, PriceHistory, Product, ProductStatusHistory, Variant
from monolith.catalog.search.vocabulary import learn
from monolith.catalog.seed.goods import Goods, categories, goods
from strangler.fence import owning
from strangler.hosting.batches import Progress
from strangler.hosting.remember import forget

DEFAULT_SEED = 1
# Short enough that a switch which waits for a batch does not notice.
_BATCH = 250
_CAPABILITY = "catalog"


def fill(*, products: int, seed: int = DEFAULT_SEED) -> Iterator[Progress]:
    """
    Make the categories and the first *products* products of the seed; what is there already stays as it is.

    Yields:
        After each batch.

    Raises:
        Moved: this home does not own the catalog, or no longer; the batches before are kept.
    """
    with owning(_CAPABILITY):
        category_ids = _fill_categories(seed)
    made = 0
    for start in range(0, products, _BATCH):
        batch = [goods(seed, number, category_ids) for number in range(start, min(start + _BATCH, products))]
        with owning(_CAPABILITY):
            made += _insert(batch)
        yield Progress(start + len(batch), made)


def _fill_categories(seed: int) -> Mapping[str, UUID]:
    """A tree that somebody has changed meanwhile is filled up, not put back."""
    there = {row.slug: row for row in Category.objects.all()}
    for row in categories(seed):
        if row.slug not in there:
            if row.parent is not None:
                row.parent = there[row.parent.slug]
                row.path = f"{row.parent.path}/{row.slug}"
            row.save(force_insert=True)
            there[row.slug] = row
    return {slug: row.id for slug, row in there.items()}


def _insert(batch: list[Goods]) -> int:
    there = set(Product.objects.filter(id__in=[one.product.id for one in batch]).values_list("id", flat=True))
    new = [one for one in batch if one.product.id not in there]
    Product.objects.bulk_create([one.product for one in new])
    Variant.objects.bulk_create([row for one in new for row in one.variants])
    PriceHistory.objects.bulk_create([row for one in new for row in one.prices])
    ProductStatusHistory.objects.bulk_create([row for one in new for row in one.history])
    Media.objects.bulk_create([row for one in new for row in one.media])
    learn(*(text for one in new for text in (one.product.name, one.product.brand)))
    forget(_CAPABILITY)
    return len(new)
