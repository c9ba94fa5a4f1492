"""The seed repeats, and what it makes keeps the catalog's rules."""

import uuid

import pytest

from monolith.catalog.domain import Status, attribute_faults
from monolith.catalog.search.words import words_of
from monolith.catalog.seed.goods import categories, goods
from monolith.kernel.skus import SKU_PATTERN

IDS = {row.slug: uuid.uuid5(uuid.NAMESPACE_DNS, row.slug) for row in categories(1)}


@pytest.fixture(scope="module")
def shop():
    return [goods(1, number, IDS) for number in range(1_000)]


def test_same_seed_makes_the_same_shop(shop):
    """Ids, names, prices: a second run finds them all there."""
    for number in (0, 999):
        again = goods(1, number, IDS)
        assert (again.product.id, again.product.name) == (shop[number].product.id, shop[number].product.name)
        assert [v.price_minor for v in again.variants] == [v.price_minor for v in shop[number].variants]
    assert goods(2, 0, IDS).product.id != shop[0].product.id


def test_ids_slugs_and_skus_are_unique(shop):
    for values in (
        [row.id for one in shop for row in (one.product, *one.variants, *one.prices, *one.history, *one.media)],
        [one.product.slug for one in shop],
        [variant.sku for one in shop for variant in one.variants],
    ):
        assert len(set(values)) == len(values)


def test_goods_keep_the_rules(shop):
    import re

    for one in shop:
        assert 1 <= len(one.variants) <= 4
        assert one.product.category_id in IDS.values()
        assert one.product.lowest_price_minor == min(variant.price_minor for variant in one.variants)
        assert attribute_faults(one.product.attributes) == []
        assert all(re.fullmatch(SKU_PATTERN, variant.sku) and variant.price_minor >= 0 for variant in one.variants)
        assert [price.price_minor for price in one.prices] == [variant.price_minor for variant in one.variants]
        assert all(f" {word} " in one.product.search_text for word in words_of(one.product.name))
        assert all(min(v.length_mm, v.width_mm, v.height_mm) >= 10 for v in one.variants)
        assert [(row.position, row.alt) for row in one.media] == [(0, one.product.name)]
        assert (one.history[-1].to_status if one.history else Status.DRAFT) == one.product.status


def test_barcodes_have_their_check_digit(shop):
    for variant in (variant for one in shop[:50] for variant in one.variants):
        digits = [int(digit) for digit in variant.barcode]
        assert len(digits) == 13
        assert sum(digits[0::2] + [3 * digit for digit in digits[1::2]]) % 10 == 0


def test_tree_has_two_levels_and_about_forty_leaves():
    rows = list(categories(1))
    leaves = [row for row in rows if row.parent is not None]
    assert 38 <= len(leaves) <= 50
    assert all(row.path == f"{row.parent.slug}/{row.slug}" for row in leaves)
