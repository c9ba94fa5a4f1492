"""Writes of variants and their prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Min
from django.utils import timezone

from monolith.catalog.contract import (
    CurrencyMismatch,
    ProductNotPublishable,
    ProductUpdated,
    SkuImmutable,
    UnknownVariant,
    VariantPriceChanged,
)
from monolith.catalog.domain import Dims, Status
from monolith.catalog.models import PriceHistory, Product, Variant
from monolith.catalog.services.inputs import NewVariant
from monolith.catalog.services.rows import search_fields, skus_of, tell, unique, update, update_product, writing
from monolith.kernel.money import Money
from strangler.events import publish


@writing
def variant_add(*, product: Product, new: NewVariant, actor: str) -> Variant:
    """Add a variant. Raises SkuTaken, CurrencyMismatch, VersionConflict."""
    if not product.variants.exists():
        product.currency = new.price.currency
    (variant,) = insert_variants(product, [new], actor)
    words = search_fields(product, skus_of(product))
    update_product(product, {**words, "currency": product.currency, **_lowest_price(product)})
    tell(ProductUpdated, product)
    return variant


@writing
def variant_update(*, variant: Variant, changes: Mapping[str, Any]) -> Variant:
    """
    Change name, compare_at_price, weight_g, dims_mm, barcode or is_active.

    Raises:
        SkuImmutable: the changes name another SKU.
        ProductNotPublishable: the last active variant of a published product stays active.
        CurrencyMismatch, VersionConflict: nothing was changed.
    """
    if changes.get("sku", variant.sku) != variant.sku:
        raise SkuImmutable("A SKU stays what it was; add another variant instead.")
    fields = {n: changes[n] for n in ("name", "weight_g", "barcode", "is_active") if n in changes}
    if "compare_at_price" in changes:
        fields["compare_at_price_minor"] = _amount_in(variant.currency, changes["compare_at_price"])
    if "dims_mm" in changes:
        fields |= _dim_fields(changes["dims_mm"])
    product = Product.objects.select_for_update().get(id=variant.product_id)
    update(Variant, variant, fields)
    lowest = _lowest_price(product)
    if lowest["lowest_price_minor"] is None and product.status == Status.PUBLISHED:
        raise ProductNotPublishable("A published product needs an active variant.", reasons=["no_active_variant"])
    update_product(product, lowest)
    tell(ProductUpdated, product)
    variant.refresh_from_db()
    return variant


@writing
def variant_reprice(*, variant: Variant, price: Money, actor: str) -> Variant:
    """
    Set the price and keep the old one in the history; the same price changes nothing.

    Raises:
        CurrencyMismatch: the product is priced in another currency.
        VersionConflict: *variant* is no longer as it was read.
    """
    amount = _amount_in(variant.currency, price)
    if amount == variant.price_minor:
        return variant
    product = Product.objects.select_for_update().get(id=variant.product_id)
    old, now = variant.price, timezone.now()
    update(Variant, variant, {"price_minor": amount})
    PriceHistory.objects.filter(variant=variant, valid_to__isnull=True).update(valid_to=now)
    _price_history([variant], actor, now)
    update_product(product, _lowest_price(product))
    publish(VariantPriceChanged(variant_id=variant.id, sku=variant.sku, old=old, new=price, effective_at=now))
    return variant


@writing
def variant_set_price(*, variant_id: UUID, price: Money, actor: str) -> Variant:
    """
    Set the price whatever it was, and keep the old one in the history; the same price changes nothing.

    Raises:
        UnknownVariant, CurrencyMismatch: nothing was changed.
    """
    found = Variant.objects.filter(id=variant_id).first()
    if found is None:
        raise UnknownVariant(f"There is no variant {variant_id}.")
    # Whoever changes a variant locks its product first: what is read now stays as it is.
    Product.objects.select_for_update().get(id=found.product_id)
    current = Variant.objects.select_related("product").get(id=variant_id)
    return variant_reprice(variant=current, price=price, actor=actor)


def insert_variants(product: Product, new: Sequence[NewVariant], actor: str) -> list[Variant]:
    """Insert variants with their first prices, in the currency of the product. Raises SkuTaken, CurrencyMismatch."""
    rows = [
        Variant(
            product=product,
            sku=item.sku,
            name=item.name,
            price_minor=_amount_in(product.currency, item.price),
            compare_at_price_minor=_amount_in(product.currency, item.compare_at_price),
            currency=product.currency,
            weight_g=item.weight_g,
            **_dim_fields(item.dims_mm),
            barcode=item.barcode,
            is_active=item.is_active,
        )
        for item in new
    ]
    with unique():
        Variant.objects.bulk_create(rows)
    _price_history(rows, actor, timezone.now())
    return rows


def _price_history(variants: Sequence[Variant], actor: str, at: Any) -> None:
    PriceHistory.objects.bulk_create(
        PriceHistory(variant=v, price_minor=v.price_minor, currency=v.currency, actor=actor, valid_from=at)
        for v in variants
    )


def _amount_in(currency: str, price: Money | None) -> Any:
    if price is None:
        return None
    if price.currency != currency:
        raise CurrencyMismatch(f"The product is priced in {currency}, not {price.currency}.")
    return price.amount


def _dim_fields(dims: Dims | None) -> dict[str, int | None]:
    return {
        "length_mm": dims and dims.length,
        "width_mm": dims and dims.width,
        "height_mm": dims and dims.height,
    }


def _lowest_price(product: Product) -> dict[str, Any]:
    active = Variant.objects.filter(product=product, is_active=True)
    return {"lowest_price_minor": active.aggregate(lowest=Min("price_minor"))["lowest"]}
