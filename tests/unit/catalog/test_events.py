"""What the catalog tells of its writes, as the outbox table has it: one row for each thing that has happened."""

import json
from datetime import datetime
from importlib.resources import files

import pytest
from django.db import connection, transaction

from monolith.catalog import services
from monolith.catalog.contract import (
    CatalogError,
    CategoryCycle,
    CurrencyMismatch,
    InvalidTransition,
    ProductNotPublishable,
    SkuTaken,
    SlugTaken,
    VersionConflict,
    events,
)
from monolith.catalog.local import implementation
from monolith.catalog.models import Category, PriceHistory, Product, Variant
from monolith.catalog.seed import fill
from monolith.catalog.services import NewMedia, NewProduct, NewVariant
from monolith.kernel.money import Money
from strangler.contract import read_samples, sample_faults

pytestmark = pytest.mark.django_db
USD_7, USD_9 = {"amount": 700, "currency": "USD"}, {"amount": 900, "currency": "USD"}


def outbox():
    """Return (type, aggregate, id, sequence, payload) of every event, in the order of writing."""
    columns = "type, aggregate_type, aggregate_id, sequence, payload"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM catalog_outbox ORDER BY rowid")
        return [(*row[:4], json.loads(row[4])) for row in cursor.fetchall()]


@pytest.fixture
def heard():
    """A function that returns what was told since it was called last."""
    seen = [0]

    def since():
        rows = outbox()
        new, seen[0] = rows[seen[0] :], len(rows)
        return new

    return since


@pytest.fixture
def product(heard):
    """A published product with two variants; what was told of its making has been heard."""
    services.category_create(slug="mugs", name="Mugs")
    variants = [NewVariant("MUG-1", Money(900, "USD")), NewVariant("MUG-2", Money(800, "USD"))]
    new = NewProduct(slug="mug", name="Mug", category="mugs", variants=variants)
    made = services.product_publish(product_id=services.product_create(new=new, actor="a").id, actor="a")
    heard()
    return made


def now(row):
    """The row as it is."""
    return type(row).objects.get(id=row.id)


def told(event, row, *, sequence, version, slug="mug"):
    """The outbox row of a product's event."""
    payload = {"product_id": str(row.id), "slug": slug, "version": version}
    return (f"shop.product.{event}.v1", "product", str(row.id), sequence, payload)


def test_life_of_a_product_is_told_in_order(heard):
    """Created, changed, published, archived, published again: each with the version that it made."""
    services.category_create(slug="mugs", name="Mugs")
    variants = [NewVariant("MUG-1", Money(900, "USD"))]
    made = services.product_create(new=NewProduct(slug="jug", name="Jug", variants=variants), actor="a")
    services.product_update(product=now(made), changes={"slug": "mug", "category": "mugs"})
    for step in (services.product_publish, services.product_archive, services.product_publish):
        step(product_id=made.id, actor="a")
    assert heard() == [
        told("created", made, sequence=1, version=1, slug="jug"),
        told("updated", made, sequence=2, version=2),
        told("published", made, sequence=3, version=3),
        told("archived", made, sequence=4, version=4),
        told("published", made, sequence=5, version=5),
    ]


def test_media_and_variants_are_changes_of_the_product(product, heard):
    services.product_illustrate(product=now(product), media=[NewMedia("/a.svg")])
    services.variant_add(product=now(product), new=NewVariant("MUG-3", Money(1, "USD")), actor="a")
    services.variant_update(variant=Variant.objects.get(sku="MUG-3"), changes={"is_active": False})
    assert heard() == [told("updated", product, sequence=number, version=number) for number in (3, 4, 5)]


def test_new_price_is_told_with_the_old_one_and_since_when(product, heard):
    """By the version it is no change of the content: one thing has happened, and one event tells it."""
    variant = Variant.objects.get(sku="MUG-1")
    services.variant_reprice(variant=variant, price=Money(700, "USD"), actor="a")
    implementation.set_price(key="a key", variant_id=variant.id, price=Money(900, "USD"), actor="a")
    changes = heard()
    since = [datetime.fromisoformat(event[4].pop("effective_at")) for event in changes]
    payload = {"variant_id": str(variant.id), "sku": "MUG-1"}
    assert changes == [
        ("shop.variant.price_changed.v1", "variant", str(variant.id), 1, {**payload, "old": USD_9, "new": USD_7}),
        ("shop.variant.price_changed.v1", "variant", str(variant.id), 2, {**payload, "old": USD_7, "new": USD_9}),
    ]
    history = PriceHistory.objects.filter(variant=variant).order_by("valid_from")
    assert since == list(history.values_list("valid_from", flat=True))[1:]


def test_same_price_is_no_event(product, heard):
    variant = Variant.objects.get(sku="MUG-1")
    services.variant_reprice(variant=variant, price=Money(900, "USD"), actor="a")
    services.variant_set_price(variant_id=variant.id, price=Money(900, "USD"), actor="a")
    assert heard() == []


@pytest.fixture
def tree(heard):
    """home/kitchen/mugs/tea and garden; by slug."""
    for slug, parent in (("home", None), ("kitchen", "home"), ("mugs", "kitchen"), ("tea", "mugs"), ("garden", None)):
        services.category_create(slug=slug, name=slug, parent=parent)
    return {row.slug: row for row in Category.objects.all()}


def moves(found):
    """(slug, sequence, old path, new path) of moves; each is an event of its own category."""
    assert all(event[:2] == ("shop.category.moved.v1", "category") for event in found)
    assert all(event[2] == event[4]["category_id"] for event in found)
    return sorted((event[4]["slug"], event[3], event[4]["old_path"], event[4]["new_path"]) for event in found)


def test_each_category_of_a_moved_subtree_has_moved(tree, heard):
    """In the order of its own, so that nobody has to put the moves of two together."""
    services.category_update(category=now(tree["mugs"]), changes={"parent": "garden"})
    assert moves(heard()) == [
        ("mugs", 1, "home/kitchen/mugs", "garden/mugs"),
        ("tea", 1, "home/kitchen/mugs/tea", "garden/mugs/tea"),
    ]
    services.category_update(category=now(tree["garden"]), changes={"parent": "home"})
    services.category_update(category=now(tree["tea"]), changes={"parent": None})
    assert moves(heard()) == [
        ("garden", 1, "garden", "home/garden"),
        ("mugs", 2, "garden/mugs", "home/garden/mugs"),
        ("tea", 2, "garden/mugs/tea", "home/garden/mugs/tea"),
        ("tea", 3, "home/garden/mugs/tea", "tea"),
    ]
    told_of = {slug: str(row.id) for slug, row in tree.items()}
    assert all(event[2] == told_of[event[4]["slug"]] for event in outbox())


def test_category_that_stays_where_it_is_has_not_moved(tree, heard):
    """Another name, another place among its siblings, the parent that it has: its path is the same."""
    below = now(tree["tea"]).version
    changes = {"name": "Cups", "position": 4, "is_active": False, "parent": "kitchen"}
    services.category_update(category=now(tree["mugs"]), changes=changes)
    assert heard() == []
    assert (now(tree["mugs"]).name, now(tree["mugs"]).path) == ("Cups", "home/kitchen/mugs")
    assert now(tree["tea"]).version == below


def test_new_name_of_a_category_is_no_event_of_its_products(product, heard):
    """There may be thousands, and other apps see the slug alone; but the version that clients compare does change."""
    services.category_update(category=Category.objects.get(), changes={"name": "Cups"})
    assert heard() == []
    assert now(product).version == product.version + 1


def test_deleted_draft_goes_without_a_word(heard):
    draft = services.product_create(new=NewProduct(slug="x", name="X"), actor="a")
    services.product_delete(product=now(draft))
    assert heard() == [told("created", draft, sequence=1, version=1, slug="x")]


def test_seed_tells_nothing(heard):
    assert [step.made for step in fill(products=3)] == [3]
    assert Product.objects.count() == 3
    assert heard() == []


def test_what_is_rolled_back_was_never_told(product, heard):
    """Event and effect share a fate; the next one takes the place in the order."""
    variant = Variant.objects.get(sku="MUG-1")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.product_update(product=now(product), changes={"name": "Cup"})
        services.variant_reprice(variant=now(variant), price=Money(1, "USD"), actor="a")
        1 / 0
    assert heard() == []
    services.product_update(product=now(product), changes={"name": "Cup"})
    assert heard() == [told("updated", product, sequence=3, version=3)]


def stale(row):
    """The row as it was before its last change."""
    row.version -= 1
    return row


REFUSED = {
    "slug taken": (SlugTaken, lambda p: services.product_create(new=NewProduct(slug="mug", name="M"), actor="a")),
    "sku taken": (
        SkuTaken,
        lambda p: services.variant_add(product=p, new=NewVariant("MUG-1", Money(1, "USD")), actor="a"),
    ),
    "stale product": (VersionConflict, lambda p: services.product_update(product=stale(p), changes={"name": "M"})),
    "stale media": (VersionConflict, lambda p: services.product_illustrate(product=stale(p), media=[])),
    "stale variant": (
        VersionConflict,
        lambda p: services.variant_update(variant=stale(p.variants.first()), changes={"name": "M"}),
    ),
    "stale price": (
        VersionConflict,
        lambda p: services.variant_reprice(variant=stale(p.variants.first()), price=Money(1, "USD"), actor="a"),
    ),
    "other currency": (
        CurrencyMismatch,
        lambda p: services.variant_reprice(variant=p.variants.first(), price=Money(1, "EUR"), actor="a"),
    ),
    "stale category": (
        VersionConflict,
        lambda p: services.category_update(category=stale(p.category), changes={"parent": "pots"}),
    ),
    "circle": (CategoryCycle, lambda p: services.category_update(category=p.category, changes={"parent": "mugs"})),
    "published again": (InvalidTransition, lambda p: services.product_publish(product_id=p.id, actor="a")),
    "no longer complete": (
        ProductNotPublishable,
        lambda p: [services.variant_update(variant=v, changes={"is_active": False}) for v in p.variants.all()],
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refused_write_tells_nothing(product, heard, why):
    """Whatever was written before the refusal, in the same transaction."""
    services.category_create(slug="pots", name="Pots")
    refusal, write = REFUSED[why]
    assert issubclass(refusal, CatalogError)
    with pytest.raises(refusal), transaction.atomic():
        write(now(product))
    assert heard() == []


def test_every_type_of_the_contract_has_a_sample():
    """Written by hand: whoever reads later must understand what was published once."""
    samples = read_samples((files("monolith.catalog.contract") / "samples.json").read_bytes())
    assert list(sample_faults(events.types, samples)) == []
