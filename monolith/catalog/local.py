"""The contract over this app's own rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from monolith.catalog import selectors, services
from monolith.catalog.contract import (
    Dims,
    Medium,
    OutOfBounds,
    Product,
    ProductName,
    ProductStatus,
    UnknownProduct,
    Variant,
)
from monolith.catalog.domain import Status
from monolith.catalog.models import Product as ProductRow
from monolith.catalog.models import Variant as VariantRow
from monolith.catalog.representations import picture_path
from monolith.catalog.search.query import TEXT_LENGTH_MAX
from monolith.kernel.money import Money

VARIANTS_MAX, PRODUCTS_MAX, SKUS_MAX = 200, 50, 1_000
_EVERY = frozenset(Status)


class LocalCatalog:
    """Implements `Catalog`."""

    def variants(self, *, ids: tuple[UUID, ...]) -> tuple[Variant, ...]:
        _bounded("ids", len(ids), VARIANTS_MAX)
        return tuple(_variant(row, row.product) for row in selectors.variants(ids, statuses=_EVERY))

    def variants_by_sku(self, *, skus: tuple[str, ...]) -> tuple[Variant, ...]:
        _bounded("skus", len(skus), VARIANTS_MAX)
        return tuple(_variant(row, row.product) for row in selectors.variants_by_sku(skus))

    def product(self, *, ref: str) -> Product:
        row = selectors.product(ref, statuses=_EVERY)
        if row is None:
            raise UnknownProduct(f"There is no product {ref[:200]!r}.")
        return _product(row)

    def products(self, *, ids: tuple[UUID, ...]) -> tuple[Product, ...]:
        _bounded("ids", len(ids), PRODUCTS_MAX)
        return _products(selectors.products_by_id(ids))

    def search(self, *, text: str, limit: int = 20) -> tuple[Product, ...]:
        _bounded("text", len(text), TEXT_LENGTH_MAX)
        _bounded("limit", limit, PRODUCTS_MAX)
        wanted = selectors.ProductFilter(search=text)
        rows = selectors.products(wanted, selectors.understood(wanted))
        return _products(list(rows.order_by("rank", "created_at", "id")[:limit]))

    def skus(self, *, after: str = "", limit: int = 200) -> tuple[str, ...]:
        _bounded("limit", limit, SKUS_MAX)
        return tuple(selectors.skus(after=after, limit=limit))

    def set_price(self, *, key: str, variant_id: UUID, price: Money, actor: str) -> Variant:
        _bounded("key", len(key), 100)
        _bounded("actor", len(actor), 255)
        if price.amount < 0:
            raise OutOfBounds("price: must be zero or more")
        services.variant_set_price(variant_id=variant_id, price=price, actor=actor)
        (changed,) = self.variants(ids=(variant_id,))
        return changed


implementation = LocalCatalog()


def _bounded(name: str, number: int, most: int) -> None:
    if not 1 <= number <= most:
        raise OutOfBounds(f"{name}: 1 to {most}, not {number}")


def _products(rows: Sequence[ProductRow]) -> tuple[Product, ...]:
    return tuple(_product(row) for row in rows)


def _product(row: ProductRow) -> Product:
    lowest = row.lowest_price_minor
    return Product(
        id=row.id,
        slug=row.slug,
        name=row.name,
        description=row.description,
        brand=row.brand,
        category=None if row.category is None else row.category.slug,
        status=ProductStatus(row.status),
        price_from=None if lowest is None else Money(lowest, row.currency),
        picture=picture_path(row),
        media=tuple(Medium(url=one.url, alt=one.alt) for one in row.media.all()),
        variants=tuple(_variant(variant, row) for variant in row.variants.all()),
        version=row.version,
    )


def _variant(row: VariantRow, product: ProductRow) -> Variant:
    status = ProductStatus(product.status)
    return Variant(
        id=row.id,
        sku=row.sku,
        name=row.name,
        product=ProductName(id=product.id, slug=product.slug, name=product.name, status=status),
        price=row.price,
        compare_at_price=row.compare_at_price,
        weight_g=row.weight_g,
        dims_mm=None if row.dims_mm is None else Dims(**asdict(row.dims_mm)),
        is_active=row.is_active,
        for_sale=row.is_active and status is ProductStatus.PUBLISHED,
        version=row.version,
        in_stock=row.in_stock,
    )
