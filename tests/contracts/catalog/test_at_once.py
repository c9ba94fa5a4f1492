"""What holds when many want the same thing at the same moment."""

from __future__ import annotations

from tests.contracts.at_once import MANY, at_once
from tests.contracts.catalog.client import Answer, Client
from tests.contracts.catalog.conftest import Shelf


def test_one_of_many_changes_of_a_version_wins(staff: Client, shelf: Shelf) -> None:
    """The others are told, and what the winner wrote is what is there."""
    draft = shelf.draft()
    path = f"/products/{draft.json['id']}"
    outcomes = at_once(lambda n: staff.change("PATCH", path, {"description": f"By {n}."}, tag=draft.etag))
    assert outcomes == {(200, None): 1, (412, "version_conflict"): MANY - 1}
    assert staff.get(path).json["version"] == 2


def test_one_of_many_prices_wins_and_has_one_entry(staff: Client, shelf: Shelf) -> None:
    """The history has no overlap."""
    variant = staff.get(f"/variants/{shelf.published().json['variants'][0]['id']}")
    path = f"/variants/{variant.json['id']}"

    def reprice(number: int) -> Answer:
        price = {"price": {"amount": number, "currency": "USD"}}
        return staff.change("PUT", f"{path}/price", price, tag=variant.etag)

    assert at_once(reprice) == {(200, None): 1, (412, "version_conflict"): MANY - 1}
    old, new = staff.get(f"{path}/prices").json["data"]
    assert (old["valid_to"], new["valid_to"]) == (new["valid_from"], None)


def test_one_of_many_steps_is_taken(staff: Client, shelf: Shelf) -> None:
    """Different keys, so these are different requests."""
    made = shelf.published().json
    outcomes = at_once(lambda _: staff.create(f"/products/{made['id']}:archive", {}))
    assert outcomes == {(200, None): 1, (409, "invalid_transition"): MANY - 1}


def test_one_of_many_gets_the_sku(staff: Client, shelf: Shelf, word: str) -> None:
    """Only the database sees two inserts at once; no product is left without its variant."""
    variants = [{"sku": f"{word}-ONE".upper(), "price": {"amount": 1, "currency": "USD"}}]
    bodies = [shelf.product_body(variants=variants) for _ in range(MANY)]
    assert at_once(lambda n: staff.create("/products", bodies[n])) == {(201, None): 1, (409, "sku_taken"): MANY - 1}
    assert len(staff.get("/products", status="draft", brand=word).json["data"]) == 1


def test_two_moves_do_not_close_a_circle(staff: Client, shelf: Shelf) -> None:
    """Each alone would be allowed."""
    slugs = [shelf.category()["slug"] for _ in range(2)]
    tags = [staff.get(f"/categories/{slug}").etag for slug in slugs]

    def move(n: int) -> Answer:
        return staff.change("PATCH", f"/categories/{slugs[n]}", {"parent": slugs[1 - n]}, tag=tags[n])

    outcomes = at_once(move, 2)
    assert outcomes[(200, None)] == 1, outcomes
    assert outcomes[(409, "category_cycle")] + outcomes[(412, "version_conflict")] == 1, outcomes
