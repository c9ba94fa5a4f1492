"""The rows of the seed, in memory: what a product is depends on the seed and its number, not on how many there are."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.text import slugify

from monolith.catalog.domain import Status, category_path
from monolith.catalog.models import Category, Media, PriceHistory, Product, ProductStatusHistory, Variant
from monolith.catalog.seed.vocabulary import COLORS, ROOTS, SERIES, Leaf, Root
from monolith.catalog.services import search_fields
from monolith.kernel.ids import uuid7_at

ACTOR = "seed"
_OPENED = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
_BETWEEN_PRODUCTS = timedelta(minutes=61, seconds=7)
_HOW_MANY_VARIANTS = (45, 30, 17, 8)
_LEAVES = [(root, leaf) for root in ROOTS for leaf in root.leaves]


@dataclass(frozen=True)
class Goods:
    """One product with all its rows."""

    product: Product
    variants: list[Variant]
    prices: list[PriceHistory]
    history: list[ProductStatusHistory]
    media: list[Media]


def categories(seed: int) -> Iterator[Category]:
    """Yield the two-level tree, parents first."""
    rng = random.Random(f"{seed}:categories")  # noqa: S311  repeats on purpose
    for position, root in enumerate(ROOTS):
        parent = Category(
            id=_id(rng, _OPENED), slug=root.slug, name=root.name, path=category_path(None, root.slug), position=position
        )
        yield parent
        for below, leaf in enumerate(root.leaves):
            path = category_path(parent.path, leaf.slug)
            yield Category(
                id=_id(rng, _OPENED), slug=leaf.slug, name=leaf.name, path=path, position=below, parent=parent
            )


def goods(seed: int, number: int, category_ids: Mapping[str, UUID]) -> Goods:
    """Make product *number*; *category_ids* maps the slugs of the tree."""
    rng = random.Random(f"{seed}:{number}")  # noqa: S311  repeats on purpose
    root, leaf = _LEAVES[rng.randrange(len(_LEAVES))]
    created_at = _OPENED + number * _BETWEEN_PRODUCTS
    product = _product(rng, root, leaf, number, created_at)
    product.category_id = category_ids[leaf.slug]
    variants = list(_variants(rng, root, leaf, number, product))
    product.lowest_price_minor = min(variant.price_minor for variant in variants)
    for column, words in search_fields(product, [variant.sku for variant in variants]).items():
        setattr(product, column, words)
    prices = [
        PriceHistory(
            id=_id(rng, created_at),
            variant=variant,
            price_minor=variant.price_minor,
            currency=variant.currency,
            actor=ACTOR,
            valid_from=created_at,
        )
        for variant in variants
    ]
    return Goods(product, variants, prices, list(_history(rng, product)), list(_media(rng, product)))


def _product(rng: random.Random, root: Root, leaf: Leaf, number: int, created_at: datetime) -> Product:
    brand, series = rng.choice(root.brands), rng.choice(SERIES)
    trait, noun, color = rng.choice(leaf.traits), rng.choice(leaf.nouns), rng.choice(COLORS)
    name = f"{series} {trait} {noun}"
    return Product(
        id=_id(rng, created_at),
        slug=slugify(f"{series} {trait} {noun} {number + 1}"),
        name=name,
        description=_description(rng, brand, series, trait, noun),
        brand=brand,
        status=rng.choices((Status.PUBLISHED, Status.DRAFT, Status.ARCHIVED), (94, 3, 3))[0].value,
        attributes={"color": color.lower(), "series": series.lower(), "gift_wrap": rng.random() < 0.6},
        created_at=created_at,
        updated_at=created_at,
    )


def _variants(rng: random.Random, root: Root, leaf: Leaf, number: int, product: Product) -> Iterator[Variant]:
    _, values = leaf.axis
    first = rng.randrange(len(values))
    price = round(rng.triangular(*leaf.price, leaf.price[0]), -2) - 1
    for step in range(rng.choices((1, 2, 3, 4), _HOW_MANY_VARIANTS)[0]):
        price_minor = int(price * (100 + 12 * step) // 100)
        yield Variant(
            id=_id(rng, product.created_at),
            product=product,
            sku=f"{root.slug[:2]}{leaf.slug[:3]}-{number + 1:05d}-{step + 1}".upper(),
            name=values[(first + step) % len(values)],
            price_minor=price_minor,
            compare_at_price_minor=price_minor * 5 // 4 if rng.random() < 0.15 else None,
            weight_g=rng.randint(*leaf.weight_g),
            barcode=_ean13(rng),
            **_dims(sum(leaf.weight_g) // 2, step),
        )


def _dims(weight_g: int, step: int) -> dict[str, int]:
    """A parcel of about half the density of water; without dice, so that the same seed keeps its ids and prices."""
    side = round((weight_g * 2_000) ** (1 / 3)) + 5 * step
    return {"length_mm": side * 3 // 2, "width_mm": side, "height_mm": max(10, side * 2 // 3)}


def _media(rng: random.Random, product: Product) -> Iterator[Media]:
    drawing = f"/api/catalog/products/{product.id}/picture.svg"
    yield Media(id=_id(rng, product.created_at), product=product, url=drawing, alt=product.name, position=0)


def _history(rng: random.Random, product: Product) -> Iterator[ProductStatusHistory]:
    steps = {
        Status.DRAFT: (),
        Status.PUBLISHED: ((Status.DRAFT, Status.PUBLISHED),),
        Status.ARCHIVED: ((Status.DRAFT, Status.PUBLISHED), (Status.PUBLISHED, Status.ARCHIVED)),
    }
    for days, (before, after) in enumerate(steps[Status(product.status)]):
        at = product.created_at + timedelta(days=30 * days)
        fields: dict[str, Any] = {"from_status": before.value, "to_status": after.value}
        yield ProductStatusHistory(id=_id(rng, at), product=product, actor=ACTOR, at=at, **fields)


def _description(rng: random.Random, brand: str, series: str, trait: str, noun: str) -> str:
    openings = (
        f"The {noun.lower()} of our {series} line.",
        f"{brand} made this {noun.lower()} to be used every day.",
        f"A {noun.lower()} that gets better with the years.",
    )
    middles = (f"{trait} through and through.", "Made in small batches.", "Tested for a year before we sold the first.")
    endings = ("Two years of warranty.", "Packed without plastic.", "Spare parts on request.", "Repairs are on us.")
    return " ".join(rng.choice(sentences) for sentences in (openings, middles, endings))


def _ean13(rng: random.Random) -> str:
    digits = "20" + "".join(str(rng.randrange(10)) for _ in range(10))  # 20: for use within a shop
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def _id(rng: random.Random, at: datetime) -> UUID:
    return uuid7_at(unix_ms=int(at.timestamp() * 1000), randomness=rng.getrandbits(74))
