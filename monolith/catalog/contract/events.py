"""
What the catalog says has happened, and what it wants to hear.

An event tells that something is so now, and which one: whoever needs more asks for it. The seed publishes nothing: what
it makes was always there.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from monolith.kernel.money import Money
from strangler.contract import Events, Moment, Subscriptions

events = Events("catalog")
subscriptions = Subscriptions("catalog", {"inventory": ("shop.stock.out.v1", "shop.stock.back_in_stock.v1")})


@events.declare("shop.product.created.v1", aggregate="product", key="product_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCreated:
    """A draft was made. One that is deleted again goes without a word: nobody has ever seen it."""

    product_id: UUID
    slug: str
    version: int


@events.declare("shop.product.updated.v1", aggregate="product", key="product_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProductUpdated:
    """
    A product's content or media were changed, or a variant added or changed.

    A price has an event of its own, and a category's new name is no event of the products in it; so versions may jump.
    """

    product_id: UUID
    slug: str
    version: int


@events.declare("shop.product.published.v1", aggregate="product", key="product_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPublished:
    """Everybody may see and buy a product."""

    product_id: UUID
    slug: str
    version: int


@events.declare("shop.product.archived.v1", aggregate="product", key="product_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProductArchived:
    """A product is no longer for sale; it stays readable."""

    product_id: UUID
    slug: str
    version: int


@events.declare("shop.variant.price_changed.v1", aggregate="variant", key="variant_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class VariantPriceChanged:
    """
    A variant costs something else; orders placed before are not altered.

    Attributes:
        effective_at: since when, as the price history has it.
    """

    variant_id: UUID
    sku: str
    old: Money
    new: Money
    effective_at: Moment


@events.declare("shop.category.moved.v1", aggregate="category", key="category_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryMoved:
    """
    A category has another path: it was moved, or one above it.

    Each category of a moved subtree has an event of its own, for only the events of one category are in order: whoever
    was told of the subtree's root alone could apply two moves the wrong way round.
    """

    category_id: UUID
    slug: str
    old_path: str
    new_path: str
