"""Writes of products: their content, their media and the steps of their life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from monolith.catalog.contract import (
    InvalidTransition,
    ProductArchived,
    ProductCreated,
    ProductNotPublishable,
    ProductPublished,
    ProductUpdated,
)
from monolith.catalog.domain import TRANSITIONS, Status, publish_obstacles
from monolith.catalog.models import Media, Product, ProductStatusHistory
from monolith.catalog.search.vocabulary import learn
from monolith.catalog.services.inputs import NewMedia, NewProduct
from monolith.catalog.services.rows import (
    category_to_refer_to,
    search_fields,
    skus_of,
    tell,
    unique,
    update_product,
    writing,
)
from monolith.catalog.services.variants import insert_variants


@writing
def product_create(*, new: NewProduct, actor: str) -> Product:
    """
    Make a draft with its variants.

    Raises:
        SlugTaken, SkuTaken, UnknownCategory, CurrencyMismatch: nothing was made.
    """
    product = Product(
        slug=new.slug,
        name=new.name,
        description=new.description,
        category=None if new.category is None else category_to_refer_to(new.category),
        brand=new.brand,
        attributes=dict(new.attributes),
        **search_fields(new, [variant.sku for variant in new.variants]),
    )
    if new.variants:
        product.currency = new.variants[0].price.currency
        active = [variant.price.amount for variant in new.variants if variant.is_active]
        product.lowest_price_minor = min(active, default=None)
    with unique():
        product.save(force_insert=True)
    insert_variants(product, new.variants, actor)
    learn(product.name, product.brand)
    tell(ProductCreated, product)
    return product


@writing
def product_update(*, product: Product, changes: Mapping[str, Any]) -> Product:
    """
    Change slug, name, description, category (a slug or None), brand or attributes.

    Raises:
        SlugTaken, UnknownCategory, ProductNotPublishable: nothing was changed.
        VersionConflict: *product* is no longer as it was read.
    """
    fields = {n: changes[n] for n in ("slug", "name", "description", "brand", "attributes") if n in changes}
    if "category" in changes:
        fields["category"] = None if changes["category"] is None else category_to_refer_to(changes["category"])
        if fields["category"] is None and product.status == Status.PUBLISHED:
            raise ProductNotPublishable("A published product needs a category.", reasons=["no_category"])
    for name, value in fields.items():
        setattr(product, name, value)
    if fields.keys() & {"name", "brand", "description"}:
        fields |= search_fields(product, skus_of(product))
    with unique():
        update_product(product, fields)
    if fields.keys() & {"name", "brand"}:
        learn(product.name, product.brand)
    tell(ProductUpdated, product)
    return product


@writing
def product_illustrate(*, product: Product, media: Sequence[NewMedia]) -> Product:
    """Replace the product's media by *media*, in this order. Raises VersionConflict."""
    update_product(product, {})
    Media.objects.filter(product=product).delete()
    Media.objects.bulk_create(
        Media(product=product, url=one.url, alt=one.alt, position=position) for position, one in enumerate(media)
    )
    tell(ProductUpdated, product)
    return product


@writing
def product_delete(*, product: Product) -> None:
    """
    Forget a draft. What was once published is archived instead: old orders refer to it.

    Raises:
        InvalidTransition: it is no draft.
        VersionConflict: *product* is no longer as it was read.
    """
    if product.status != Status.DRAFT:
        raise _not_allowed(product.status, "deleted")
    update_product(product, {})
    product.delete()


@writing
def product_publish(*, product_id: UUID, actor: str, reason: str = "") -> Product:
    """Show a product to everybody. Raises InvalidTransition, ProductNotPublishable."""
    product = _locked_for(product_id, Status.PUBLISHED)
    obstacles = publish_obstacles(
        has_category=product.category_id is not None,
        active_variants=product.variants.filter(is_active=True).count(),
    )
    if obstacles:
        raise ProductNotPublishable(f"The product is not ready: {', '.join(obstacles)}.", reasons=obstacles)
    return tell(ProductPublished, _step(product, Status.PUBLISHED, actor, reason))


@writing
def product_archive(*, product_id: UUID, actor: str, reason: str = "") -> Product:
    """Take a product out of every list; it stays readable by id. Raises InvalidTransition."""
    product = _locked_for(product_id, Status.ARCHIVED)
    return tell(ProductArchived, _step(product, Status.ARCHIVED, actor, reason))


def _locked_for(product_id: UUID, target: Status) -> Product:
    product = Product.objects.select_for_update().get(id=product_id)
    if product.status not in TRANSITIONS.before(target):
        raise _not_allowed(product.status, target)
    return product


def _step(product: Product, target: Status, actor: str, reason: str) -> Product:
    """Where nothing locks rows, the condition of the UPDATE decides between two that want the same step."""
    before, now = product.status, timezone.now()
    moved = Product.objects.filter(id=product.id, status__in=TRANSITIONS.before(target))
    if not moved.update(status=target, version=F("version") + 1, updated_at=now):
        raise _not_allowed(before, target)
    ProductStatusHistory.objects.create(
        product=product, actor=actor, from_status=before, to_status=target, reason=reason, at=now
    )
    product.refresh_from_db()
    return product


def _not_allowed(status: str, target: str) -> InvalidTransition:
    allowed = sorted(TRANSITIONS.after(Status(status)) | ({"deleted"} if status == Status.DRAFT else set()))
    return InvalidTransition(
        f"A {status} product cannot become {target}.", **{"from": str(status), "to": str(target), "allowed": allowed}
    )
