"""What stays the same when the catalog changes its home: both directions, one key, one validator."""

from __future__ import annotations

import os
import uuid

import pytest

from tests.contracts.catalog.client import Client
from tests.contracts.catalog.conftest import Shelf
from tests.contracts.catalog.expectations import is_problem
from tests.contracts.catalog.hosts import Hosts

pytestmark = pytest.mark.skipif("CATALOG_CONTRACT_URL" in os.environ, reason="a given platform is taken as it is")
OTHER = {"monolith": "service", "service": "monolith"}


@pytest.fixture(params=["monolith", "service"])
def home(request: pytest.FixtureRequest, hosts: Hosts) -> str:
    """The home before the move."""
    hosts.toggle(request.param)
    return str(request.param)


@pytest.fixture(params=["monolith", "service"])
def staff(request: pytest.FixtureRequest, hosts: Hosts) -> Client:
    """Somebody who may write, at either address: each home forwards what is the other's."""
    return Client(hosts.monolith_url if request.param == "monolith" else hosts.service_url, hosts.token)


def test_key_means_the_same_after_a_move(hosts: Hosts, home: str, staff: Client, shelf: Shelf, word: str) -> None:
    """One effect: the record has moved with the rows (R7)."""
    body, key = shelf.product_body(), str(uuid.uuid4())
    first = staff.create("/products", body, key=key)
    assert (first.status, first.headers["Strangler-Home"]) == (201, home)
    hosts.toggle(OTHER[home])
    again = staff.create("/products", body, key=key)
    assert again.headers["Strangler-Home"] == OTHER[home]
    assert (again.status, again.replayed, again.content, again.etag) == (201, True, first.content, first.etag)
    is_problem(staff.create("/products", shelf.product_body(), key=key), 422, "idempotency_key_reused")
    assert staff.get("/products", status="draft", brand=word, include="count").json["count"] == 1


def test_validator_and_bytes_are_equal_in_both_homes(hosts: Hosts, home: str, staff: Client, shelf: Shelf) -> None:
    """A client's copy stays valid, and what it has seen it may change (R11)."""
    made = shelf.published(attributes={"size": 5, "a": "b", "color": "red"})
    path = f"/products/{made.json['id']}"
    paths = (path, f"{path}/picture.svg", f"/variants/{made.json['variants'][0]['id']}", "/categories")
    before = [staff.get(read) for read in paths]
    hosts.toggle(OTHER[home])
    for read, seen in zip(paths, before, strict=True):
        now = staff.get(read)
        assert (now.content, now.etag) == (seen.content, seen.etag)
        assert staff.get(read, headers={"If-None-Match": seen.etag}).status == 304
    changed = staff.change("PATCH", path, {"description": "Seen there, changed here."}, tag=before[0].etag)
    assert (changed.status, changed.headers["Strangler-Home"]) == (200, OTHER[home])


def test_cursor_leads_on_after_a_move(hosts: Hosts, home: str, staff: Client, shelf: Shelf, word: str) -> None:
    """A client in the middle of a list notices nothing."""
    made = [shelf.draft().json["id"] for _ in range(3)]
    page = staff.get("/products", status="draft", brand=word, limit=2).json
    hosts.toggle(OTHER[home])
    rest = staff.get("/products", status="draft", brand=word, limit=2, cursor=page["next"]).json
    assert [row["id"] for row in page["data"] + rest["data"]] == made


def test_writes_of_both_homes_are_kept(hosts: Hosts, home: str, staff: Client, shelf: Shelf, word: str) -> None:
    """There and back: nothing is lost on the way."""
    made = [shelf.draft().json["id"]]
    for next_home in (OTHER[home], home):
        hosts.toggle(next_home)
        made.append(shelf.draft().json["id"])
    rows = staff.get("/products", status="draft", brand=word).json["data"]
    assert [row["id"] for row in rows] == made
