"""The catalog's values as other apps see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from monolith.kernel.money import Money


class ProductStatus(StrEnum):
    """Where a product is in its life; only what is published is for sale."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dims:
    """How large something is, packed, in millimetres."""

    length: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A picture or film; the URL is absolute or a path of the platform."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductName:
    """What a product is called."""

    id: UUID
    slug: str
    name: str
    status: ProductStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """
    What is sold: one SKU with its price now.

    Attributes:
        for_sale: it is active, and its product published.
        version: grows with every change of the variant; what is in stock is no change of it.
        in_stock: as the inventory last told; a moment behind, and False for what it has never told of. Whoever promises
            units asks the inventory.
    """

    id: UUID
    sku: str
    name: str
    product: ProductName
    price: Money
    compare_at_price: Money | None
    weight_g: int | None
    dims_mm: Dims | None
    is_active: bool
    for_sale: bool
    version: int
    in_stock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """
    A thing for sale.

    Attributes:
        category: its slug.
        price_from: of the cheapest active variant.
        picture: path of an SVG that the platform serves.
        variants: by SKU.
        version: grows with every change of the product, its variants or its category's name.
    """

    id: UUID
    slug: str
    name: str
    description: str
    brand: str
    category: str | None
    status: ProductStatus
    price_from: Money | None
    picture: str
    media: tuple[Medium, ...]
    variants: tuple[Variant, ...]
    version: int
