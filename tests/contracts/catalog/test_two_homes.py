"""What stays the same when the catalog changes its home: both directions, one key, one validator."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.catalog.client import Client
from tests.contracts.catalog.conftest import GIVEN_URL, OTHER, Shelf, Stock, move
from tests.contracts.catalog.expectations import is_problem
from tests.support.platform import Platform
from tests.support.processes import eventually

pytestmark = pytest.mark.skipif(GIVEN_URL is not None, reason="a given platform is taken as it is")


@pytest.fixture(params=["monolith", "service"])
def home(request: pytest.FixtureRequest, platform: Platform) -> str:
    """The home before the move."""
    move(platform, request.param)
    return str(request.param)


@pytest.fixture
def staff(platform: Platform, home: str) -> Client:
    """Somebody who may write, at the home before the move."""
    return Client(platform.doors[home], platform.token)


@pytest.fixture
def there(platform: Platform, home: str) -> Client:
    """The same, at the other home."""
    return Client(platform.doors[OTHER[home]], platform.token)


def test_key_means_the_same_after_a_move(
    platform: Platform, home: str, staff: Client, there: Client, shelf: Shelf, word: str
) -> None:
    """One effect, at either address: the record has moved with the rows (R7)."""
    body, key = shelf.product_body(), str(uuid.uuid4())
    first = staff.create("/products", body, key=key)
    assert (first.status, first.headers["Strangler-Home"]) == (201, home)
    move(platform, OTHER[home])
    for client in (staff, there):
        again = client.create("/products", body, key=key)
        assert again.headers["Strangler-Home"] == OTHER[home]
        assert (again.status, again.replayed, again.content, again.etag) == (201, True, first.content, first.etag)
        is_problem(client.create("/products", shelf.product_body(), key=key), 422, "idempotency_key_reused")
    assert there.get("/products", status="draft", brand=word, include="count").json["count"] == 1


def test_validator_and_bytes_are_equal_in_both_homes(
    platform: Platform, home: str, staff: Client, there: Client, shelf: Shelf
) -> None:
    """A client's copy stays valid, and what it has seen it may change (R11)."""
    made = shelf.published(attributes={"size": 5, "a": "b", "color": "red"})
    path = f"/products/{made.json['id']}"
    paths = (path, f"{path}/picture.svg", f"/variants/{made.json['variants'][0]['id']}", "/categories")
    before = [staff.get(read) for read in paths]
    move(platform, OTHER[home])
    for client in (staff, there):
        for read, seen in zip(paths, before, strict=True):
            now = client.get(read)
            assert (now.content, now.etag, now.headers["Strangler-Home"]) == (seen.content, seen.etag, OTHER[home])
            assert client.get(read, headers={"If-None-Match": seen.etag}).status == 304
    changed = there.change("PATCH", path, {"description": "Seen there, changed here."}, tag=before[0].etag)
    assert (changed.status, changed.headers["Strangler-Home"]) == (200, OTHER[home])


def test_cursor_leads_on_after_a_move(
    platform: Platform, home: str, staff: Client, there: Client, shelf: Shelf, word: str
) -> None:
    """A client in the middle of a list notices nothing."""
    made = [shelf.draft().json["id"] for _ in range(3)]
    page = staff.get("/products", status="draft", brand=word, limit=2).json
    move(platform, OTHER[home])
    for client in (staff, there):
        rest = client.get("/products", status="draft", brand=word, limit=2, cursor=page["next"]).json
        assert [row["id"] for row in page["data"] + rest["data"]] == made


def test_writes_of_both_homes_are_kept(platform: Platform, home: str, staff: Client, shelf: Shelf, word: str) -> None:
    """There and back: nothing is lost on the way."""
    made = [shelf.draft().json["id"]]
    for next_home in (OTHER[home], home):
        move(platform, next_home)
        made.append(shelf.draft().json["id"])
    rows = staff.get("/products", status="draft", brand=word).json["data"]
    assert [row["id"] for row in rows] == made


def test_catalog_goes_on_listening_where_it_has_moved(
    platform: Platform, home: str, staff: Client, there: Client, shelf: Shelf, stock: Stock, word: str
) -> None:
    """What it was told goes with it, and what is told next finds it there: nothing twice, nothing out of order (R7)."""
    made = shelf.published().json
    sku = made["variants"][0]["sku"]

    def is_listed(client: Client) -> bool:
        listed = client.get("/products", brand=word, in_stock="true").json["data"]
        return [row["id"] for row in listed] == [made["id"]]

    stock.receive(sku, 1)
    eventually(lambda: is_listed(staff), what="the catalog has heard of the receipt")
    move(platform, OTHER[home])
    assert is_listed(staff)
    assert is_listed(there)
    stock.write_off(sku, 1)
    eventually(lambda: not is_listed(there), what="the catalog has heard of the loss, in its new home")
    stock.receive(sku, 1)
    eventually(lambda: is_listed(there), what="the catalog has heard of the next receipt")
    move(platform, home)
    assert is_listed(staff)


def test_nothing_kept_for_later_outlives_a_move(
    platform: Platform, home: str, staff: Client, there: Client, shelf: Shelf, word: str
) -> None:
    """What a home kept of its rows is not served when it gets them back: they have changed meanwhile (R11)."""
    category = shelf.category()["slug"]

    def seen(client: Client) -> tuple[set[str], object]:
        roots = {node["slug"] for node in client.get("/categories").json["data"]}
        return roots, client.get("/search", facets="brand", category=category).json["facets"]["brand"]

    for _ in range(2):  # the second look is at what was kept
        before = seen(staff)
    assert before[1] == []
    move(platform, OTHER[home])
    shelf.published(category=category)
    new = shelf.category()["slug"]
    for _ in range(2):
        changed = seen(there)
    move(platform, home)
    assert changed[1] == [{"brand": word, "count": 1}]
    for client in (staff, there):
        assert seen(client) == changed
    assert changed[0] - before[0] == {new}
