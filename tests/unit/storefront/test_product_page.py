"""A product's page, made of what three contracts tell, wherever the apps behind them live."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from monolith import storefront
from monolith.catalog.contract import Product, ProductName, ProductStatus, UnknownProduct, Variant, catalog
from monolith.inventory.contract import StockLevel, UnknownSku, inventory
from monolith.kernel.money import Money
from monolith.recommendations.contract import Companion, recommendations
from monolith.storefront import views
from strangler.transport.deadline import deadline_after
from strangler.transport.errors import Unreachable

ACTIVE = ProductStatus.PUBLISHED
TOLD = {"MUG-S", "MUG-L"}
"""What the catalog was told is in stock; the inventory knows better."""


class Shelves:
    """
    The catalog and the inventory of one product, and what is bought with it.

    Attributes:
        besides: SKUs that are recommended.
        waits_s: what the page would wait for recommendations.
    """

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.besides: tuple[str, ...] = ()
        self.waits_s = 0.0
        self.units = {"MUG-S": 12, "MUG-M": 2, "MUG-L": 0}
        name = ProductName(id=uuid.uuid4(), slug="mug", name="A <Mug>", status=ProductStatus.PUBLISHED)
        self.shown = Product(
            id=name.id, slug="mug", name=name.name, description="Words.", brand="Kilnhouse", category="mugs",
            status=name.status, price_from=None, picture="/p.svg", media=(), version=1,
            variants=tuple(_variant(sku, name, active=sku != "MUG-X") for sku in (*self.units, "MUG-NEW", "MUG-X")),
        )  # fmt: skip

    def product(self, *, ref: str) -> Product:
        self._there("catalog")
        if ref != "mug":
            raise UnknownProduct("There is none.")
        return self.shown

    def stock(self, *, skus: tuple[str, ...]) -> tuple[StockLevel, ...]:
        self._there("inventory")
        if strange := [sku for sku in skus if sku not in self.units]:
            raise UnknownSku("Never received.", skus=strange)
        return tuple(
            StockLevel(sku=sku, on_hand=self.units[sku], reserved=0, available=self.units[sku], places=())
            for sku in skus
        )

    def bought_together(self, *, skus: tuple[str, ...], limit: int) -> tuple[Companion, ...]:
        self._there("recommendations")
        self.waits_s = deadline_after(60).left()
        assert "MUG-S" in skus
        return tuple(Companion(sku=sku, orders=2) for sku in self.besides[:limit])

    def variants_by_sku(self, *, skus: tuple[str, ...]) -> tuple[Variant, ...]:
        assert skus
        names = {
            word: ProductName(id=uuid.uuid5(uuid.NAMESPACE_OID, word), slug=word, name=word.title(), status=ACTIVE)
            for word in ("bowl", "cup", "gone", "spoon", "fork", "knife")
        } | {"mug": self.shown.variants[0].product}
        products = {sku: names[sku.partition("-")[0].lower()] for sku in skus}
        return tuple(_variant(sku, products[sku], active=sku != "GONE") for sku in skus)

    def _there(self, name: str) -> None:
        if name in self.away:
            raise Unreachable(name)


def _variant(sku: str, product: ProductName, *, active: bool) -> Variant:
    return Variant(
        id=uuid.uuid4(), sku=sku, name=sku, product=product, price=Money(1999, "USD"), compare_at_price=None,
        weight_g=None, dims_mm=None, is_active=active, for_sale=active, version=1, in_stock=sku in TOLD,
    )  # fmt: skip


@pytest.fixture
def shelves(settings: Any) -> Iterator[Shelves]:
    settings.STATIC_URL = "/static/"
    folder = Path(storefront.__file__).parent / "templates"
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [folder]}]
    fake: Any = Shelves()
    with catalog.bound_to(fake), inventory.bound_to(fake), recommendations.bound_to(fake):
        yield fake


def page(slug: str = "mug") -> HttpResponse:
    return views.product(RequestFactory().get(f"/products/{slug}"), slug)


def stock_words(answer: HttpResponse) -> list[str]:
    return [row.split("</td>")[0] for row in answer.content.decode().split('class="stock">')[1:]]


def test_page_shows_what_can_be_had_and_how_much_is_left(shelves: Shelves) -> None:
    """What the inventory has never received is sold out, not in stock; what is inactive is not shown."""
    answer = page()
    assert answer.status_code == 200
    assert stock_words(answer) == ["In stock", "Only 2 left", "Sold out", "Sold out"]
    assert answer.content.count(b'<tr class="gone">') == 2
    assert b"A &lt;Mug&gt;" in answer.content
    assert b"19.99 USD" in answer.content
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_page_goes_on_without_the_inventory(shelves: Shelves) -> None:
    """It says what the catalog was told last, and of what it was never told, that there is none."""
    shelves.away.add("inventory")
    assert (page().status_code, stock_words(page())) == (200, ["In stock", "Sold out", "In stock", "Sold out"])


def test_page_without_the_catalog_asks_to_come_back(shelves: Shelves) -> None:
    """503: it is not that there is no such product."""
    shelves.away.add("catalog")
    answer = page()
    assert (answer.status_code, b"does not answer right now" in answer.content) == (503, True)


def test_what_is_not_for_everybody_is_not_found(shelves: Shelves) -> None:
    """Drafts are nobody's business; archived products stay readable, and are no longer sold."""
    with pytest.raises(Http404):
        page("nothing")
    shelves.shown = replace(shelves.shown, status=ProductStatus.DRAFT)
    with pytest.raises(Http404):
        page()
    variants = tuple(replace(variant, for_sale=False) for variant in shelves.shown.variants)
    shelves.shown = replace(shelves.shown, status=ProductStatus.ARCHIVED, variants=variants)
    assert stock_words(page()) == ["No longer sold"] * 4


def recommended(answer: HttpResponse) -> list[str]:
    return [row.split('"')[0] for row in answer.content.decode().split('<li><a href="/products/')[1:]]


def test_page_shows_what_is_bought_together(shelves: Shelves) -> None:
    """Each product once and four at most; not itself, and nothing that is no longer sold."""
    assert b"Bought together" not in page().content
    shelves.besides = ("BOWL-S", "GONE", "MUG-M", "CUP", "BOWL-L", "SPOON", "FORK", "KNIFE")
    assert recommended(page()) == ["bowl", "cup", "spoon", "fork"]


def test_page_goes_on_without_recommendations(shelves: Shelves) -> None:
    """It waits a fifth of a second at most, and shows everything else."""
    shelves.besides = ("BOWL-S",)
    page()
    assert 0 < shelves.waits_s <= 0.2
    shelves.away.add("recommendations")
    answer = page()
    assert (answer.status_code, recommended(answer)) == (200, [])
    assert stock_words(answer) == ["In stock", "Only 2 left", "Sold out", "Sold out"]
