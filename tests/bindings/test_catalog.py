"""What other apps ask of the catalog, in every binding: here, through the wire's form, and of its service."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from monolith.catalog.contract import (
    Catalog,
    CurrencyMismatch,
    Dims,
    Medium,
    OutOfBounds,
    Product,
    ProductStatus,
    UnknownProduct,
    UnknownVariant,
    Variant,
    catalog,
)
from monolith.kernel.money import Money
from strangler.contract import CommandKeyReused
from tests.bindings.conftest import bound
from tests.contracts.catalog.client import Client
from tests.support.platform import Platform

pytestmark = pytest.mark.platform
DIMS = {"length": 300, "width": 200, "height": 100}


@pytest.fixture
def client(platform: Platform, binding: str, django_db_blocker: Any) -> Iterator[Catalog]:
    with django_db_blocker.unblock(), bound(catalog, platform, binding) as client:
        yield client


@pytest.fixture
def staff(platform: Platform) -> Client:
    """Somebody who fills the shelves over REST."""
    return Client(platform.public["monolith"], platform.token)


@pytest.fixture
def word() -> str:
    return f"w{uuid.uuid4().hex[:12]}"


def draft(staff: Client, word: str, number: int = 1) -> dict[str, Any]:
    """Make a draft with two variants."""
    price = {"amount": 1999, "currency": "USD"}
    first = {"sku": f"{word}-{number}-A".upper(), "price": price, "weight_g": 250, "dims_mm": DIMS, "name": "Small"}
    second = {"sku": f"{word}-{number}-B".upper(), "price": price, "is_active": False}
    body = {"slug": f"{word}-{number}", "name": f"Thing {word}", "brand": "Brand", "variants": [first, second]}
    answer = staff.create("/products", body)
    assert answer.status == 201, answer.content
    return dict(answer.json)


def published(staff: Client, word: str, number: int = 1) -> dict[str, Any]:
    """Make a product that is for sale."""
    made = draft(staff, word, number)
    category = staff.create("/categories", {"slug": f"{word}-c{number}", "name": "C"}).json["slug"]
    path = f"/products/{made['id']}"
    tagged = staff.change("PATCH", path, {"category": category}, tag="*")
    media = [{"url": "https://pictures.example/a.jpg", "alt": "A"}]
    assert staff.change("PUT", f"{path}/media", {"media": media}, tag=tagged.etag).status == 200
    return dict(staff.create(f"{path}:publish", {}).json)


def test_variants_come_in_the_order_asked_for(client: Catalog, staff: Client, word: str) -> None:
    made = [published(staff, word, number) for number in (1, 2)]
    ids = [uuid.UUID(product["variants"][0]["id"]) for product in made]
    first, second = client.variants(ids=(ids[1], uuid.uuid4(), ids[0], ids[1]))
    assert (first.id, second.id) == (ids[1], ids[0])
    assert second == Variant(
        id=ids[0],
        sku=f"{word}-1-A".upper(),
        name="Small",
        product=second.product,
        price=Money(1999, "USD"),
        compare_at_price=None,
        weight_g=250,
        dims_mm=Dims(**DIMS),
        is_active=True,
        for_sale=True,
        version=1,
    )
    assert (second.product.slug, second.product.status) == (f"{word}-1", ProductStatus.PUBLISHED)


def test_variants_are_found_by_sku_and_say_what_is_for_sale(client: Catalog, staff: Client, word: str) -> None:
    published(staff, word)
    draft(staff, word, 2)
    skus = tuple(f"{word}-{part}".upper() for part in ("2-A", "1-B", "1-A", "9-A"))
    found = client.variants_by_sku(skus=skus)
    assert [(one.sku, one.is_active, one.for_sale) for one in found] == [
        (skus[0], True, False),
        (skus[1], False, False),
        (skus[2], True, True),
    ]


def test_product_is_read_by_id_and_slug(client: Catalog, staff: Client, word: str) -> None:
    made = published(staff, word)
    product = client.product(ref=made["slug"])
    assert product == client.product(ref=made["id"])
    assert type(product) is Product
    assert (product.category, product.price_from) == (f"{word}-c1", Money(1999, "USD"))
    assert product.media == (Medium(url="https://pictures.example/a.jpg", alt="A"),)
    assert product.picture == made["picture"]
    assert [variant.sku[-1] for variant in product.variants] == ["A", "B"]
    with pytest.raises(UnknownProduct):
        client.product(ref="nothing-here")


def test_products_come_in_the_order_asked_for(client: Catalog, staff: Client, word: str) -> None:
    ids = [uuid.UUID(draft(staff, word, number)["id"]) for number in (1, 2)]
    assert [one.id for one in client.products(ids=(ids[1], uuid.uuid4(), ids[0]))] == ids[::-1]


def test_search_finds_what_is_published(client: Catalog, staff: Client, word: str) -> None:
    made = [published(staff, word, number)["id"] for number in (1, 2)]
    draft(staff, word, 3)
    assert [str(one.id) for one in client.search(text=f"thing {word}")] == made
    assert [str(one.id) for one in client.search(text=word, limit=1)] == made[:1]
    assert client.search(text=f'"{word} thing"') == ()


def test_skus_are_walked_page_by_page(client: Catalog, staff: Client, word: str) -> None:
    draft(staff, word)
    wanted = [f"{word}-1-A".upper(), f"{word}-1-B".upper()]
    page = client.skus(after=word.upper(), limit=1)
    assert [*page, *client.skus(after=page[-1], limit=1)] == wanted


def test_price_is_set_once_by_its_key(client: Catalog, staff: Client, word: str) -> None:
    """A late repeat returns the first outcome, and does not undo what came after it."""
    variant_id = uuid.UUID(published(staff, word)["variants"][0]["id"])
    key = uuid.uuid4().hex

    def set_price(key: str, amount: int) -> Variant:
        return client.set_price(key=key, variant_id=variant_id, price=Money(amount, "USD"), actor="pricing")

    first = set_price(key, 1500)
    assert (first.price, first.version) == (Money(1500, "USD"), 2)
    assert set_price(uuid.uuid4().hex, 1600).price == Money(1600, "USD")
    assert set_price(key, 1500) == first
    (now,) = client.variants(ids=(variant_id,))
    assert now.price == Money(1600, "USD")
    with pytest.raises(CommandKeyReused):
        set_price(key, 1700)
    prices = staff.get(f"/variants/{variant_id}/prices").json["data"]
    assert [price["price"]["amount"] for price in prices] == [1999, 1500, 1600]


def test_price_that_cannot_be_is_refused(client: Catalog, staff: Client, word: str) -> None:
    """Same class and words everywhere; nothing is remembered of a refusal."""
    variant_id, key = uuid.UUID(published(staff, word)["variants"][0]["id"]), uuid.uuid4().hex
    with pytest.raises(CurrencyMismatch):
        client.set_price(key=key, variant_id=variant_id, price=Money(1, "EUR"), actor="a")
    with pytest.raises(OutOfBounds):
        client.set_price(key=key, variant_id=variant_id, price=Money(-1, "USD"), actor="a")
    with pytest.raises(UnknownVariant):
        client.set_price(key=key, variant_id=uuid.uuid4(), price=Money(1, "USD"), actor="a")
    assert client.set_price(key=key, variant_id=variant_id, price=Money(1, "USD"), actor="a").version == 2


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("variants", {"ids": ()}),
        ("variants", {"ids": (uuid.uuid4(),) * 201}),
        ("variants_by_sku", {"skus": ()}),
        ("variants_by_sku", {"skus": ("A",) * 201}),
        ("products", {"ids": (uuid.uuid4(),) * 51}),
        ("search", {"text": ""}),
        ("search", {"text": "x" * 201}),
        ("search", {"text": "x", "limit": 51}),
        ("skus", {"limit": 0}),
        ("skus", {"limit": 1001}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_list_has_its_bounds(client: Catalog, operation: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(OutOfBounds):
        getattr(client, operation)(**arguments)
