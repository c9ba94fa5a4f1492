"""What every write does: one transaction, the version it changes, and refusals that the database makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from monolith.catalog.contract import (
    ProductArchived,
    ProductCreated,
    ProductPublished,
    ProductUpdated,
    SkuTaken,
    SlugTaken,
    UnknownCategory,
    VersionConflict,
)
from monolith.catalog.models import Category, Product, Variant
from monolith.catalog.search.words import searchable
from monolith.catalog.services.inputs import NewProduct
from strangler.events import publish
from strangler.hosting.remember import forget

CAPABILITY = "catalog"
W = TypeVar("W", bound=Callable[..., Any])
ProductEvent = ProductCreated | ProductUpdated | ProductPublished | ProductArchived


def writing(function: W) -> W:
    """Run *function* as one transaction; once it is committed, nobody reads from a cache what was there before."""

    @wraps(function)
    def atomic_function(*args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            done = function(*args, **kwargs)
            forget(CAPABILITY)
            return done

    return cast(W, atomic_function)


def category_to_refer_to(slug: str) -> Category:
    """Return a category, which stays until the end of the transaction. Raises UnknownCategory."""
    held = " FOR KEY SHARE" if connection.features.has_select_for_update else ""
    found = Category.objects.raw(f"SELECT * FROM catalog_category WHERE slug = %s{held}", [slug])
    row = next(iter(found), None)
    if row is None:
        raise UnknownCategory(f"There is no category {slug!r}.")
    return row


def skus_of(product: Product) -> list[str]:
    """Return the SKUs of a product, in order."""
    return list(Variant.objects.filter(product=product).order_by("sku").values_list("sku", flat=True))


def search_fields(of: Product | NewProduct, skus: Sequence[str]) -> dict[str, str]:
    """Return what a search looks at, by column."""
    return {
        "search_name": searchable(of.name),
        "search_brand": searchable(of.brand),
        "search_text": searchable(of.name, of.brand, of.description, *skus),
    }


def update_product(product: Product, fields: Mapping[str, Any]) -> None:
    """Like `update`; the product has changed now."""
    update(Product, product, {**fields, "updated_at": timezone.now()})


def tell(what: type[ProductEvent], product: Product) -> Product:
    """Publish what has become of *product*, as it is now, and return it."""
    publish(what(product_id=product.id, slug=product.slug, version=product.version))
    return product


def update(model: Any, row: Any, fields: Mapping[str, Any]) -> None:
    """Write *fields* if the row still has the version that was read, and count the version up."""
    same = model.objects.filter(Q(id=row.id) & Q(version=row.version))
    if not same.update(**fields, version=F("version") + 1):
        raise VersionConflict("The resource has changed since it was read.")
    row.version += 1
    for name, value in fields.items():
        setattr(row, name, value)


# PostgreSQL names the constraint, SQLite the column.
_TAKEN = {
    "catalog_product_slug_unique": SlugTaken("Another product has this slug."),
    "UNIQUE constraint failed: catalog_product.slug": SlugTaken("Another product has this slug."),
    "catalog_category_slug_unique": SlugTaken("Another category has this slug."),
    "UNIQUE constraint failed: catalog_category.slug": SlugTaken("Another category has this slug."),
    "catalog_variant_sku_unique": SkuTaken("Another variant has this SKU."),
    "UNIQUE constraint failed: catalog_variant.sku": SkuTaken("Another variant has this SKU."),
}


@contextmanager
def unique() -> Iterator[None]:
    """Turn a violated unique constraint into its refusal: only the database can see two inserts at once."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        for name, refusal in _TAKEN.items():
            if name in str(error):
                raise type(refusal)(str(refusal)) from error
        raise
