"""What the catalog makes of the inventory's events: the envelopes are written by hand, the rows read by SQL."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from django.db import connection

from monolith.catalog.local import implementation
from monolith.catalog.selectors import ProductFilter, filtered
from monolith.catalog.services import NewProduct, NewVariant, category_create, product_create, product_publish
from monolith.kernel.money import Money
from strangler.events import inbox
from tests.unit.catalog.envelopes import stock_event

pytestmark = pytest.mark.django_db


def receive(*envelopes: str) -> None:
    """Take envelopes as they come from the relay; all are confirmed."""
    receipts = inbox.receive("catalog", envelopes)
    assert (receipts.confirmed, receipts.refused) == ([json.loads(raw)["id"] for raw in envelopes], {})


def known() -> dict[str, tuple[bool, int, datetime]]:
    """Return what the catalog knows of stock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sku, in_stock, available, as_of FROM catalog_availability")
        return {sku: (bool(in_stock), units, as_of) for sku, in_stock, units, as_of in cursor.fetchall()}


def at(minute: int) -> datetime:
    """The moment that an envelope names."""
    return datetime(2026, 11, 23, 8, minute)


def test_sku_is_back_and_out_again() -> None:
    """Each SKU for itself; the time is the inventory's."""
    receive(stock_event("MUG-1", 3, 12, previous=0, minute=1), stock_event("MUG-2", 1, 4, minute=2))
    receive(stock_event("MUG-1", 9, 0, previous=3, minute=5))
    assert known() == {"MUG-1": (False, 0, at(5)), "MUG-2": (True, 4, at(2))}
    receive(stock_event("MUG-1", 10, 7, minute=6))
    assert known()["MUG-1"] == (True, 7, at(6))


@pytest.mark.parametrize("order", [*permutations((1, 2, 3))])
def test_order_of_arrival_does_not_count(order: tuple[int, ...]) -> None:
    """What comes too early waits; what comes again has no effect."""
    units = {1: 5, 2: 0, 3: 8}
    copies = [stock_event("MUG-1", number, units[number], minute=number) for number in order]
    receive(*copies)
    receive(*copies, *reversed(copies))
    assert known() == {"MUG-1": (True, 8, at(3))}


def test_late_copy_takes_nothing_back() -> None:
    """A relay that was asleep: the SKU is out meanwhile."""
    first, second = stock_event("MUG-1", 1, 5, minute=1), stock_event("MUG-1", 2, 0, minute=2)
    receive(first, second)
    receive(first)
    assert known() == {"MUG-1": (False, 0, at(2))}


def test_field_that_a_newer_inventory_adds_is_ignored() -> None:
    envelope = json.loads(stock_event("MUG-1", 1, 5, minute=1))
    envelope["data"]["warehouses"] = ["EAST"]
    receive(json.dumps(envelope))
    assert known() == {"MUG-1": (True, 5, at(1))}


@pytest.mark.parametrize("data", [{}, {"sku": "MUG-1"}, {"sku": "MUG-1", "available": "many"}, {"sku": None}, []])
def test_event_that_says_something_else_is_refused(data: Any) -> None:
    """The publisher is told, and nothing is known by it."""
    envelope = {**json.loads(stock_event("MUG-1", 1, 5)), "data": data}
    receipts = inbox.receive("catalog", [json.dumps(envelope)])
    assert receipts.confirmed == []
    assert list(receipts.refused) == [envelope["id"]]
    assert known() == {}


def test_sku_may_be_told_of_before_it_is_sold() -> None:
    """The inventory knows SKUs of its own: no product is needed, and the variant finds it there."""
    receive(stock_event("MUG-1", 1, 5))
    make("mug", "MUG-1")
    assert in_stock() == {"mug"}


def test_other_apps_see_what_is_in_stock() -> None:
    """In every value that holds a variant."""
    make("mug", "MUG-1")
    make("cup", "CUP-1")
    receive(stock_event("MUG-1", 1, 5))
    mug, cup = implementation.variants_by_sku(skus=("MUG-1", "CUP-1"))
    assert (mug.in_stock, cup.in_stock) == (True, False)
    assert implementation.variants(ids=(cup.id, mug.id)) == (cup, mug)
    assert implementation.product(ref="mug").variants == (mug,)
    found = implementation.products(ids=(mug.product.id, cup.product.id)) + implementation.search(text="mug or cup")
    assert {(product.slug, product.variants[0].in_stock) for product in found} == {("mug", True), ("cup", False)}
    priced = implementation.set_price(key="a", variant_id=mug.id, price=Money(2, "USD"), actor="a")
    assert (priced.in_stock, priced.price) == (True, Money(2, "USD"))


def make(slug: str, sku: str) -> None:
    """Make a published product of one variant."""
    category_create(slug=f"c-{slug}", name="C")
    variants = [NewVariant(sku, Money(1, "USD"))]
    made = product_create(new=NewProduct(slug=slug, name=slug, category=f"c-{slug}", variants=variants), actor="a")
    product_publish(product_id=made.id, actor="a")


def in_stock() -> set[str]:
    """The slugs of the products that a list of what is in stock shows."""
    return set(filtered(ProductFilter(in_stock=True), None).values_list("slug", flat=True))
