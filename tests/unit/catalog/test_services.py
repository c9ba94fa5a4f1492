"""What holds however requests interleave: here one of two is simply given an older row."""

import pytest
from django.db import IntegrityError

from monolith.catalog import selectors, services
from monolith.catalog.contract import (
    CategoryCycle,
    CategoryNotEmpty,
    InvalidTransition,
    ProductNotPublishable,
    SkuTaken,
    SlugTaken,
    VersionConflict,
)
from monolith.catalog.domain import Status
from monolith.catalog.facets import FACETS, facets
from monolith.catalog.models import Category, PriceHistory, Product, ProductStatusHistory, SearchWord, Variant
from monolith.catalog.search.vocabulary import learn
from monolith.catalog.services import NewMedia, NewProduct, NewVariant, products
from monolith.catalog.suggestions import suggestions
from monolith.kernel.money import Money

pytestmark = pytest.mark.django_db


@pytest.fixture
def category():
    return services.category_create(slug="mugs", name="Mugs")


@pytest.fixture
def product(category):
    made = services.product_create(
        new=NewProduct(
            slug="mug",
            name="Café Mug",
            category="mugs",
            variants=[NewVariant("MUG-1", Money(900, "USD")), NewVariant("MUG-2", Money(700, "USD"))],
        ),
        actor="a",
    )
    return services.product_publish(product_id=made.id, actor="a")


def older(row):
    """The row as somebody else read it before it changed."""
    return type(row).objects.get(id=row.id)


def test_second_of_two_changes_is_refused(product):
    stale = older(product)
    services.product_update(product=older(product), changes={"name": "First"})
    with pytest.raises(VersionConflict):
        services.product_update(product=stale, changes={"name": "Second"})
    assert older(product).name == "First"


def test_second_of_two_prices_is_refused_and_leaves_no_history(product):
    variant = Variant.objects.get(sku="MUG-1")
    stale = older(variant)
    services.variant_reprice(variant=older(variant), price=Money(1, "USD"), actor="a")
    with pytest.raises(VersionConflict):
        services.variant_reprice(variant=stale, price=Money(2, "USD"), actor="b")
    assert list(PriceHistory.objects.filter(variant=variant).values_list("price_minor", flat=True)) == [900, 1]
    assert older(product).lowest_price_minor == 1


def test_deletion_of_a_changed_draft_is_refused():
    draft = services.product_create(new=NewProduct(slug="x", name="X"), actor="a")
    stale = older(draft)
    services.product_update(product=older(draft), changes={"name": "Changed"})
    with pytest.raises(VersionConflict):
        services.product_delete(product=stale)
    assert Product.objects.filter(id=draft.id).exists()


def test_step_is_decided_by_the_row_and_not_by_what_was_read(product):
    """The UPDATE's condition: where nothing locks rows, only that stands between two."""
    stale = older(product)
    services.product_archive(product_id=product.id, actor="a")
    with pytest.raises(InvalidTransition):
        products._step(stale, Status.ARCHIVED, "b", "")
    assert ProductStatusHistory.objects.filter(product=product, to_status="archived").count() == 1


def test_every_step_is_remembered(product):
    services.product_archive(product_id=product.id, actor="eve", reason="Out of season.")
    steps = ProductStatusHistory.objects.filter(product=product).order_by("id")
    assert [(s.actor, s.from_status, s.to_status, s.reason) for s in steps] == [
        ("a", "draft", "published", ""),
        ("eve", "published", "archived", "Out of season."),
    ]


def test_violated_constraint_becomes_its_refusal_and_the_transaction_lives_on(product):
    """Only the database can see two inserts at once; a savepoint keeps the rest of the block usable."""
    with pytest.raises(SlugTaken):
        services.product_create(new=NewProduct(slug="mug", name="Other"), actor="a")
    with pytest.raises(SkuTaken):
        services.variant_add(product=older(product), new=NewVariant("MUG-1", Money(1, "USD")), actor="a")
    with pytest.raises(SkuTaken):
        twice = [NewVariant("NEW", Money(1, "USD"))] * 2
        services.product_create(new=NewProduct(slug="twice", name="Twice", variants=twice), actor="a")
    assert not Product.objects.filter(slug="twice").exists()
    assert older(product).version == product.version


def test_other_violations_stay_what_they_are(product):
    with pytest.raises(IntegrityError):
        services.product_create(new=NewProduct(slug=None, name="No slug"), actor="a")


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Variant, {"price_minor": -1}),
        (Variant, {"currency": "XXX"}),
        (Variant, {"compare_at_price_minor": -1}),
        (Product, {"status": "sold"}),
        (Product, {"category": None}),
        (PriceHistory, {"price_minor": -1}),
    ],
)
def test_database_refuses_what_no_service_would_write(product, model, change):
    """A shell, another role, a bug: the invariants are the table's."""
    with pytest.raises(IntegrityError):
        model.objects.update(**change)


def test_variant_has_one_price_now(product):
    variant = Variant.objects.get(sku="MUG-1")
    with pytest.raises(IntegrityError):
        PriceHistory.objects.create(variant=variant, price_minor=1, currency="USD")


def test_two_moves_cannot_close_a_circle(category):
    """The second move is judged by the tree as it is, not as its caller read it."""
    first = services.category_create(slug="a", name="A")
    second = services.category_create(slug="b", name="B")
    services.category_update(category=older(first), changes={"parent": "b"})
    with pytest.raises(CategoryCycle):
        services.category_update(category=second, changes={"parent": "a"})


def test_last_active_variant_of_a_published_product_stays(product):
    one, two = Variant.objects.order_by("sku")
    services.variant_update(variant=two, changes={"is_active": False})
    assert older(product).lowest_price_minor == 900
    with pytest.raises(ProductNotPublishable):
        services.variant_update(variant=one, changes={"is_active": False})
    assert older(one).is_active


def test_product_counts_every_change_of_what_it_shows(product):
    """Its validator is made of the version (R11)."""
    versions = [older(product).version]
    variant = Variant.objects.get(sku="MUG-1")
    services.variant_reprice(variant=variant, price=Money(5, "USD"), actor="a")
    versions.append(older(product).version)
    services.variant_update(variant=older(variant), changes={"name": "Large"})
    versions.append(older(product).version)
    services.variant_add(product=older(product), new=NewVariant("MUG-3", Money(1, "USD")), actor="a")
    versions.append(older(product).version)
    services.category_update(category=Category.objects.get(), changes={"name": "Cups"})
    versions.append(older(product).version)
    assert versions == list(range(versions[0], versions[0] + 5))


def test_search_follows_name_and_variants(product):
    services.product_update(product=older(product), changes={"name": "Beaker"})
    services.variant_add(product=older(product), new=NewVariant("BEAK-9", Money(1, "USD")), actor="a")

    def found(text):
        wanted = selectors.ProductFilter(search=text)
        return list(selectors.products(wanted, selectors.understood(wanted)).values_list("slug", flat=True))

    assert found("beaker") == found("beak 9") == found("MUG-1") == ["mug"]
    assert found("cafe") == []


def test_list_of_any_length_takes_the_same_statements(product, django_assert_num_queries):
    """No statement per row: products with their categories, and all variants at once."""
    for number in range(5):
        variants = [NewVariant(f"S-{number}", Money(1, "USD"))]
        new = NewProduct(slug=f"p-{number}", name="P", category="mugs", variants=variants)
        made = services.product_create(new=new, actor="a")
        services.product_publish(product_id=made.id, actor="a")
    with django_assert_num_queries(3):
        rows = list(selectors.products(selectors.ProductFilter(), None))
        assert [len(row.variants.all()) for row in rows] == [2, 1, 1, 1, 1, 1]
        assert {row.category.name for row in rows} == {"Mugs"}


def test_search_takes_the_same_statements_for_any_number_of_words(product, django_assert_num_queries):
    """One to see whether the words are known, then the list."""
    for text in ("cafe", 'cafe mug -tea or "beaker of glass"'):
        wanted = selectors.ProductFilter(search=text)
        with django_assert_num_queries(4):
            list(selectors.products(wanted, selectors.understood(wanted)))


def test_facets_take_few_statements(product, django_assert_num_queries):
    """Two for categories, which are counted with those above them, and one for each other facet."""
    with django_assert_num_queries(5):
        facets(FACETS, selectors.ProductFilter(), None)


def test_suggestions_take_few_statements(product, django_assert_num_queries):
    """Categories, brands and products."""
    with django_assert_num_queries(3):
        assert [one.text for one in suggestions("mu", limit=8)] == ["Mugs", "Café Mug"]


def test_words_are_learnt_once(product, django_assert_num_queries):
    """From names and brands; whoever writes only known words writes nothing here."""
    assert set(SearchWord.objects.values_list("word", flat=True)) == {"cafe", "mug"}
    with django_assert_num_queries(1):
        learn("Mug", "Café 2000")


def test_change_that_nobody_searches_takes_no_more_than_its_update_and_its_event(product, django_assert_num_queries):
    """Writers are waited for by a switch: savepoints around and inside, one statement, and two for its event."""
    row = older(product)
    with django_assert_num_queries(7):
        services.product_update(product=row, changes={"attributes": {"color": "red"}})


def test_category_with_something_in_it_stays(product, category):
    child = services.category_create(slug="tea", name="Tea", parent="mugs")
    with pytest.raises(CategoryNotEmpty) as refusal:
        services.category_delete(category=older(category))
    assert refusal.value.context == {"children": 1, "products": 1}
    stale = older(child)
    services.category_update(category=older(child), changes={"name": "Teas"})
    with pytest.raises(VersionConflict):
        services.category_delete(category=stale)
    services.category_delete(category=older(child))
    assert not Category.objects.filter(slug="tea").exists()


def test_second_of_two_illustrations_is_refused(product):
    """Media belong to a version of the product."""
    stale = older(product)
    services.product_illustrate(product=older(product), media=[NewMedia("/a.svg"), NewMedia("/b.svg", "B")])
    with pytest.raises(VersionConflict):
        services.product_illustrate(product=stale, media=[])
    assert [row.url for row in older(product).media.all()] == ["/a.svg", "/b.svg"]
