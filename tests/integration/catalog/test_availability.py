"""Availability on both databases: what the inventory tells decides what lists show, and what is kept of them."""

from __future__ import annotations

import random

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monolith.catalog import selectors, services
from monolith.catalog.facets import facets
from monolith.catalog.selectors import ProductFilter
from monolith.catalog.services import NewProduct, NewVariant
from monolith.kernel.money import Money
from strangler.events import inbox
from tests.unit.catalog.envelopes import stock_event

PRODUCTS = 40
TRUTH = """
SELECT p.slug, max(CASE WHEN v.is_active AND a.in_stock THEN 1 ELSE 0 END)
FROM catalog_product p
JOIN catalog_variant v ON v.product_id = p.id
LEFT JOIN catalog_availability a ON a.sku = v.sku
GROUP BY p.slug
"""


@pytest.fixture
def shop(homes, seed):
    """Products of up to four variants, some of them inactive; what is in stock was told in any order, and changed."""
    rng = random.Random(seed)
    services.category_create(slug="all", name="All")
    for number in range(PRODUCTS):
        make(f"p-{number}", [NewVariant(f"S-{number}-0", Money(100, "USD")), *more(rng, number)])
    skus = [f"S-{number}-{part}" for number in range(PRODUCTS + 5) for part in range(4)]
    told = [
        stock_event(sku, turn, rng.choice((0, 0, rng.randint(1, 9))))
        for sku in rng.sample(skus, len(skus) * 2 // 3)
        for turn in range(1, rng.randint(2, 4))
    ]
    rng.shuffle(told)
    inbox.receive("catalog", told)
    return homes


def more(rng: random.Random, number: int) -> list[NewVariant]:
    """Further variants of a product."""
    return [
        NewVariant(f"S-{number}-{part}", Money(100 + part, "USD"), is_active=rng.random() < 0.6)
        for part in range(1, rng.randint(1, 4))
    ]


def make(slug: str, variants: list[NewVariant]) -> None:
    """Make a published product."""
    new = NewProduct(slug=slug, name=f"Thing {slug}", brand="Brand", category="all", variants=variants)
    services.product_publish(product_id=services.product_create(new=new, actor="a").id, actor="a")


def truth() -> dict[str, bool]:
    """Return each product's slug and whether an active variant of it is in stock, by a statement of our own."""
    with connection.cursor() as cursor:
        cursor.execute(TRUTH)
        return {slug: bool(there) for slug, there in cursor.fetchall()}


def listed(**wanted: object) -> set[str]:
    asked = ProductFilter(**wanted)
    rows = list(selectors.products(asked, selectors.understood(asked)))
    assert len({row.slug for row in rows}) == len(rows)
    return {row.slug for row in rows}


def test_filter_shows_what_is_in_stock_and_its_opposite_the_rest(shop):
    """Alone, and together with a search; without it, everything."""
    expected = truth()
    assert len(expected) == PRODUCTS
    assert 0 < sum(expected.values()) < PRODUCTS
    for wanted in (True, False):
        right = {slug for slug, there in expected.items() if there is wanted}
        assert listed(in_stock=wanted) == listed(in_stock=wanted, search="thing") == right
    assert listed() == set(expected)


def test_every_variant_knows_whether_it_is_in_stock(shop):
    """Within its product, by id and by SKU."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sku FROM catalog_availability WHERE in_stock")
        there = {sku for (sku,) in cursor.fetchall()}
    shown = [variant for row in selectors.products(ProductFilter(), None) for variant in row.variants.all()]
    skus = {variant.sku for variant in shown}
    assert 0 < len(skus & there) < len(skus)
    for rows in (shown, selectors.variants([v.id for v in shown]), selectors.variants_by_sku(skus)):
        assert {row.sku for row in rows if row.in_stock} == skus & there
        assert {row.sku for row in rows} == skus


def test_stock_takes_no_statement_of_its_own(shop):
    """Products, all variants with what is in stock, all media; however many there are."""
    with CaptureQueriesContext(connection) as statements:
        rows = list(selectors.products(ProductFilter(in_stock=True), None))
        assert any(variant.in_stock for row in rows for variant in row.variants.all())
    assert len(statements) == 3


def test_facets_count_what_the_filter_leaves(shop):
    expected = truth()
    (brand,) = facets(["brand"], ProductFilter(in_stock=True), None)["brand"]
    assert brand["count"] == sum(expected.values())


def test_what_is_kept_of_lists_is_forgotten(homes, settings):
    """Facets are kept for others until something changes, and this is a change (R11)."""
    settings.CACHES = {
        **settings.CACHES,
        "owned": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "availability"},
    }
    caches["owned"].clear()
    services.category_create(slug="all", name="All")
    make("mug", [NewVariant("MUG-1", Money(1, "USD"))])

    def brands() -> list[dict[str, object]]:
        return facets(["brand"], ProductFilter(in_stock=True), None)["brand"]

    assert brands() == []
    with CaptureQueriesContext(connection) as statements:
        assert brands() == []
    assert not any("catalog_product" in statement["sql"] for statement in statements)
    inbox.receive("catalog", [stock_event("MUG-1", 1, 3)])
    assert brands() == [{"brand": "Brand", "count": 1}]
    inbox.receive("catalog", [stock_event("MUG-1", 2, 0)])
    assert brands() == []
