"""What is in stock, as the inventory tells: a moment later, and wherever the catalog is served."""

from __future__ import annotations

from tests.contracts.catalog.client import Client
from tests.contracts.catalog.conftest import Shelf, Stock
from tests.contracts.catalog.expectations import is_problem
from tests.support.processes import eventually


def in_stock(client: Client, path: str) -> dict[str, bool]:
    """Return SKU to whether it is in stock, of a product."""
    return {variant["sku"]: variant["in_stock"] for variant in client.get(path).json["variants"]}


def test_lists_follow_the_inventory(anybody: Client, shelf: Shelf, stock: Stock, word: str) -> None:
    """One active variant in stock is enough; an inactive one counts for nothing."""
    category = shelf.category()["slug"]
    sold, hidden = f"{word}-SOLD".upper(), f"{word}-HIDDEN".upper()
    price = {"amount": 500, "currency": "USD"}
    variants = [{"sku": sold, "price": price}, {"sku": hidden, "price": price, "is_active": False}]
    made = shelf.published(category=category, variants=variants).json["id"]
    never = shelf.published(category=category).json["id"]
    path = f"/products/{made}"

    def listed(wanted: str) -> list[str]:
        lists = [
            [row["id"] for row in anybody.get(address, in_stock=wanted, ordering="created_at", **more).json["data"]]
            for address, more in (
                ("/products", {"brand": word}),
                ("/products", {"search": word}),
                ("/search", {"q": word}),
                (f"/categories/{category}/products", {}),
            )
        ]
        assert lists == lists[:1] * 4
        return lists[0]

    assert (listed("true"), listed("false")) == ([], [made, never])
    assert in_stock(anybody, path) == {hidden: False, sold: False}
    stock.receive(hidden, 3)
    eventually(lambda: in_stock(anybody, path)[hidden], what="the catalog has heard of the first receipt")
    assert (listed("true"), listed("false")) == ([], [made, never])
    stock.receive(sold, 2)
    eventually(lambda: in_stock(anybody, path)[sold], what="the catalog has heard of the second receipt")
    assert (listed("true"), listed("false")) == ([made], [never])
    facets = anybody.get("/search", q=word, in_stock="true", facets="brand").json["facets"]
    assert facets == {"brand": [{"brand": word, "count": 1}]}
    stock.write_off(sold, 2)
    eventually(lambda: not in_stock(anybody, path)[sold], what="the catalog has heard of the loss")
    assert (listed("true"), listed("false")) == ([], [made, never])
    assert in_stock(anybody, path) == {hidden: True, sold: False}


def test_stock_makes_another_validator_and_no_other_version(
    anybody: Client, staff: Client, shelf: Shelf, stock: Stock
) -> None:
    """A client's copy is no longer good; an editor who has seen the version may still change it."""
    made = shelf.published().json
    variant = made["variants"][0]
    paths = [f"/products/{made['id']}", f"/variants/{variant['id']}"]
    before = [anybody.get(path) for path in paths]
    stock.receive(variant["sku"], 1)
    eventually(lambda: in_stock(anybody, paths[0])[variant["sku"]], what="the catalog has heard of the receipt")
    there = [anybody.get(path, headers={"If-None-Match": old.etag}) for path, old in zip(paths, before, strict=True)]
    for old, new in zip(before, there, strict=True):
        assert (new.status, new.json["version"]) == (200, old.json["version"])
        assert new.etag != old.etag
    assert there[1].json == variant | {"in_stock": True}
    for path, new in zip(paths, there, strict=True):
        assert anybody.get(path, headers={"If-None-Match": new.etag}).status == 304
    stock.write_off(variant["sku"], 1)
    eventually(lambda: not in_stock(anybody, paths[0])[variant["sku"]], what="the catalog has heard of the loss")
    assert [anybody.get(path).content for path in paths] == [old.content for old in before]
    assert [anybody.get(path).etag for path in paths] == [old.etag for old in before]
    renamed = staff.change("PATCH", paths[1], {"name": "Large"}, tag=there[1].etag)
    assert (renamed.status, renamed.json["name"]) == (200, "Large")
    is_problem(staff.change("PATCH", paths[1], {"name": "Small"}, tag=there[1].etag), 412, "version_conflict")


def test_answer_to_a_write_says_what_is_in_stock(staff: Client, shelf: Shelf, stock: Stock, word: str) -> None:
    """It is the representation that a read would give, with its validator: also of a SKU that was received before."""
    sku = f"{word}-EARLY".upper()
    made = shelf.draft().json
    stock.receive(sku, 1)
    variant = {"sku": sku, "price": {"amount": 500, "currency": "USD"}}
    added = staff.create(f"/products/{made['id']}/variants", variant)
    path = f"/variants/{added.json['id']}"
    eventually(lambda: staff.get(path).json["in_stock"], what="the catalog has heard of the receipt")
    priced = staff.change("PUT", f"{path}/price", {"price": {"amount": 1, "currency": "USD"}}, tag="*")
    read = staff.get(path)
    assert (priced.json["in_stock"], priced.content, priced.etag) == (True, read.content, read.etag)
    product = f"/products/{made['id']}"
    changed = staff.change("PATCH", product, {"brand": "Other"}, tag="*")
    read = staff.get(product)
    assert (changed.content, changed.etag) == (read.content, read.etag)
    assert in_stock(staff, product)[sku]
