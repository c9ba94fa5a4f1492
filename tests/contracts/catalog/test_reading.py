"""What everybody may read."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.catalog.client import Client, pages
from tests.contracts.catalog.conftest import Shelf
from tests.contracts.catalog.expectations import is_problem

NOBODYS_ID = "4d3c1e0a-6a50-4c53-9d6e-3f1f6f0e2b71"


def test_product_is_read_by_id_and_by_slug(anybody: Client, shelf: Shelf) -> None:
    """One resource, two names: same members, same validator."""
    made = shelf.published().json
    by_id, by_slug = anybody.get(f"/products/{made['id']}"), anybody.get(f"/products/{made['slug']}")
    assert by_id.status == by_slug.status == 200
    assert by_id.json == by_slug.json == made
    assert by_id.etag == by_slug.etag


def test_head_is_a_read_without_a_body(anybody: Client, shelf: Shelf) -> None:
    """RFC 9110 9.3.2: the same header fields as GET."""
    path = f"/products/{shelf.published().json['id']}"
    head = anybody.send("HEAD", path)
    assert (head.status, head.content, head.etag) == (200, b"", anybody.get(path).etag)


def test_unchanged_product_is_304(anybody: Client, shelf: Shelf) -> None:
    """RFC 9110 13.1.2: a weak comparison, and no body."""
    path = f"/products/{shelf.published().json['id']}"
    tag = anybody.get(path).etag
    for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = anybody.get(path, headers={"If-None-Match": held})
        assert (answer.status, answer.content, answer.etag) == (304, b"", tag)
    assert anybody.get(path, headers={"If-None-Match": '"other"'}).status == 200


def test_changed_product_has_another_validator(anybody: Client, staff: Client, shelf: Shelf) -> None:
    """A variant's price is part of what a product shows."""
    made = shelf.published().json
    before = anybody.get(f"/products/{made['id']}").etag
    variant = f"/variants/{made['variants'][0]['id']}"
    priced = staff.change("PUT", f"{variant}/price", {"price": _usd(5)}, tag=staff.get(variant).etag)
    assert priced.status == 200
    after = anybody.get(f"/products/{made['id']}", headers={"If-None-Match": before})
    assert after.status == 200
    assert after.json["price_from"] == _usd(5)


def test_chosen_fields_are_a_representation_of_their_own(anybody: Client, shelf: Shelf) -> None:
    """A client that holds a part must not be told that it holds the whole."""
    made = shelf.published().json
    part = anybody.get(f"/products/{made['id']}", fields="slug,id")
    assert part.json == {"id": made["id"], "slug": made["slug"]}
    assert part.etag != anybody.get(f"/products/{made['id']}").etag
    is_problem(anybody.get(f"/products/{made['id']}", fields="slug,price"), 400, "invalid_query")


@pytest.mark.parametrize("path", ["/products/nothing-here", f"/products/{NOBODYS_ID}", f"/variants/{NOBODYS_ID}"])
def test_missing_row_is_not_found(anybody: Client, path: str) -> None:
    """The problem names the path that was asked for."""
    assert is_problem(anybody.get(path), 404, "not_found")["instance"] == f"/api/catalog{path}"


def test_draft_is_hidden_from_everybody_but_staff(anybody: Client, staff: Client, shelf: Shelf) -> None:
    """404, not 403: that it exists is nobody's business."""
    draft = shelf.draft().json
    is_problem(anybody.get(f"/products/{draft['id']}"), 404, "not_found")
    is_problem(anybody.get(f"/variants/{draft['variants'][0]['id']}"), 404, "not_found")
    is_problem(anybody.get(f"/products/{draft['id']}/picture.svg"), 404, "not_found")
    assert staff.get(f"/products/{draft['id']}").status == 200


def test_archived_product_stays_readable_and_leaves_lists(
    anybody: Client, staff: Client, shelf: Shelf, word: str
) -> None:
    """Old orders refer to it."""
    made = shelf.published().json
    assert [row["id"] for row in anybody.get("/products", brand=word).json["data"]] == [made["id"]]
    assert staff.create(f"/products/{made['id']}:archive", {}).status == 200
    assert anybody.get(f"/products/{made['id']}").json["status"] == "archived"
    assert anybody.get("/products", brand=word).json["data"] == []


def test_variants_are_read_in_a_batch(anybody: Client, shelf: Shelf) -> None:
    """In the order asked for; what is missing is named."""
    first, second = (shelf.published().json["variants"][0] for _ in range(2))
    unknown = str(uuid.uuid4())
    answer = anybody.get("/variants", ids=f"{second['id']},{unknown},{first['id']}")
    assert answer.json == {"data": [second, first], "missing": [unknown]}


@pytest.mark.parametrize("ids", ["", "abc", ",".join([str(uuid.uuid4())] * 201)], ids=["none", "no id", "too many"])
def test_bad_batch_is_an_invalid_filter(anybody: Client, ids: str) -> None:
    """A batch is bounded."""
    is_problem(anybody.get("/variants", ids=ids), 400, "invalid_filter")


def test_variant_carries_a_validator(anybody: Client, shelf: Shelf) -> None:
    """Its own version, not the product's."""
    path = f"/variants/{shelf.published().json['variants'][0]['id']}"
    answer = anybody.get(path)
    assert anybody.get(path, headers={"If-None-Match": answer.etag}).status == 304


def test_category_tree_nests_children_in_order(anybody: Client, shelf: Shelf) -> None:
    """By position, then slug; the validator is of the whole tree."""
    root = shelf.category()["slug"]
    last, first = shelf.category(root, position=2)["slug"], shelf.category(root, position=1)["slug"]
    answer = anybody.get("/categories")
    (node,) = [node for node in answer.json["data"] if node["slug"] == root]
    assert [child["slug"] for child in node["children"]] == [first, last]
    assert node["children"][0]["path"] == f"{root}/{first}"
    assert answer.etag


def test_category_lists_the_products_of_its_subtree(anybody: Client, shelf: Shelf) -> None:
    """And of nothing beside it."""
    root = shelf.category()["slug"]
    leaf = shelf.category(root)["slug"]
    inside = [shelf.published(category=root).json["id"], shelf.published(category=leaf).json["id"]]
    shelf.published()
    for answer in (anybody.get(f"/categories/{root}/products"), anybody.get("/products", category=root)):
        assert [row["id"] for row in answer.json["data"]] == inside
    assert [row["id"] for row in anybody.get(f"/categories/{leaf}/products").json["data"]] == inside[1:]


def test_category_is_not_named_twice(anybody: Client, shelf: Shelf) -> None:
    """Two categories, one of which would be ignored, show the wrong products."""
    slug = shelf.category()["slug"]
    is_problem(anybody.get(f"/categories/{slug}/products", category=slug), 400, "invalid_filter")


def test_missing_category_is_not_found(anybody: Client) -> None:
    """As a resource; as a filter it matches nothing."""
    is_problem(anybody.get("/categories/nothing-here"), 404, "not_found")
    is_problem(anybody.get("/categories/nothing-here/products"), 404, "not_found")
    assert anybody.get("/products", category="nothing-here").json["data"] == []


def test_picture_is_drawn_and_kept(anybody: Client, shelf: Shelf) -> None:
    """An SVG that clients keep for a week, the same for the same product."""
    path = f"/products/{shelf.published().json['id']}/picture.svg"
    answer = anybody.get(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.content.startswith(b"<svg ")
    assert "max-age=604800" in answer.headers["Cache-Control"]
    assert anybody.get(path).content == answer.content
    assert anybody.get(path, headers={"If-None-Match": answer.etag}).status == 304


def test_every_page_is_visited_once_and_the_way_back_is_the_same(anybody: Client, shelf: Shelf, word: str) -> None:
    """Stable order, no row twice, none left out, both directions."""
    category = shelf.category()["slug"]
    made = [shelf.published(category=category).json["id"] for _ in range(5)]
    walked = list(pages(anybody, "/products", brand=word, limit=2))
    assert [[row["id"] for row in page["data"]] for page in walked] == [made[:2], made[2:4], made[4:]]
    assert (walked[0]["prev"], walked[-1]["next"]) == (None, None)
    back = anybody.get("/products", brand=word, limit=2, cursor=walked[-1]["prev"]).json
    assert back["data"] == walked[1]["data"]
    assert anybody.get("/products", brand=word, limit=2, cursor=back["prev"]).json["data"] == walked[0]["data"]


def test_link_leads_to_the_next_page(anybody: Client, shelf: Shelf, word: str) -> None:
    """RFC 8288, as a relative reference."""
    category = shelf.category()["slug"]
    for _ in range(2):
        shelf.published(category=category)
    first = anybody.get("/products", brand=word, limit=1)
    target, rel = first.headers["Link"].split("; ")
    assert rel == 'rel="next"'
    assert anybody.get(target.strip("<>")).json["data"] == anybody.get("/products", brand=word).json["data"][1:]


def test_counts_are_given_only_when_asked_for(anybody: Client, shelf: Shelf, word: str) -> None:
    """Counting reads every match."""
    category = shelf.category()["slug"]
    for _ in range(3):
        shelf.published(category=category)
    assert "count" not in anybody.get("/products", brand=word, limit=1).json
    assert anybody.get("/products", brand=word, limit=1, include="count").json["count"] == 3
    assert anybody.send("HEAD", f"/products?brand={word}").headers["Total-Count"] == "3"


@pytest.mark.parametrize(
    ("ordering", "order"),
    [
        ("price", [1, 0, 2]),
        ("-price", [2, 0, 1]),
        ("name", [2, 1, 0]),
        ("-created_at", [2, 1, 0]),
        ("created_at", [0, 1, 2]),
    ],
)
def test_lists_are_ordered(anybody: Client, shelf: Shelf, word: str, ordering: str, order: list[int]) -> None:
    """By a name, or its reverse; pages of one keep the order."""
    category = shelf.category()["slug"]
    made = []
    for number, (name, amount) in enumerate([("zebra", 500), ("moose", 100), ("ant", 900)]):
        variants = [{"sku": f"{word}-{number}-O".upper(), "price": _usd(amount)}]
        made.append(shelf.published(category=category, name=f"{name} {word}", variants=variants).json["id"])
    walked = pages(anybody, "/products", brand=word, ordering=ordering, limit=1)
    assert [row["id"] for page in walked for row in page["data"]] == [made[number] for number in order]


def test_price_range_is_of_the_cheapest_active_variant(anybody: Client, shelf: Shelf, word: str) -> None:
    """Both ends belong to the range; another currency is another range."""
    category = shelf.category()["slug"]
    ids = []
    for number, amount in enumerate((100, 200, 300)):
        variants = [
            {"sku": f"{word}-{number}-A".upper(), "price": _usd(amount)},
            {"sku": f"{word}-{number}-B".upper(), "price": _usd(amount + 1000)},
            {"sku": f"{word}-{number}-C".upper(), "price": _usd(1), "is_active": False},
        ]
        ids.append(shelf.published(category=category, variants=variants).json["id"])

    def found(**query: object) -> list[str]:
        return [row["id"] for row in anybody.get("/products", brand=word, **query).json["data"]]

    assert found(min_price=200) == ids[1:]
    assert found(max_price=200) == ids[:2]
    assert found(min_price=101, max_price=299) == [ids[1]]
    assert found(min_price=0, currency="EUR") == []


def test_attributes_filter_by_value(anybody: Client, shelf: Shelf, word: str) -> None:
    """Text, numbers and booleans are asked for as they are written."""
    category = shelf.category()["slug"]
    red = shelf.published(category=category, attributes={"color": "red", "size": 42, "vegan": True}).json["id"]
    shelf.published(category=category, attributes={"color": "blue", "size": 43, "vegan": False})
    for condition in ("attr.color=red", "attr.size=42", "attr.vegan=true", "attr.color=red&attr.size=42"):
        assert [row["id"] for row in anybody.get(f"/products?brand={word}&{condition}").json["data"]] == [red]
    assert anybody.get(f"/products?brand={word}&attr.color=red&attr.size=43").json["data"] == []
    assert anybody.get(f"/products?brand={word}&attr.contains=red").json["data"] == []


def test_search_finds_words_by_their_beginning(anybody: Client, shelf: Shelf, word: str) -> None:
    """Every word must begin one of name, brand, description or SKU; case and accents do not count."""
    made = shelf.published(name="Café Crème Grinder", brand=word, description="Steel burrs, 250 g hopper.").json["id"]
    for text in (word, f"{word} cafe", f"{word} CRÈME", f"{word} grin", f"{word} burr", f"{word} 250", f"creme {word}"):
        assert [row["id"] for row in anybody.get("/products", search=text).json["data"]] == [made], text
    for text in (f"{word} inder", f"{word} tea", f"{word}%", "!!!"):
        expected = [made] if text == f"{word}%" else []
        assert [row["id"] for row in anybody.get("/products", search=text).json["data"]] == expected, text


def test_search_puts_names_that_begin_so_first(anybody: Client, shelf: Shelf, word: str) -> None:
    """The default order of a search is relevance, and its pages keep it."""
    category = shelf.category()["slug"]
    late = shelf.published(category=category, name=f"Lid for {word} pot").json["id"]
    first = shelf.published(category=category, name=f"{word} pot").json["id"]
    walked = pages(anybody, "/products", search=f"{word} pot", limit=1)
    assert [row["id"] for page in walked for row in page["data"]] == [first, late]


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "min_price=1.5",
        "max_price=-1",
        "currency=XXX",
        "status=gone",
        "attr.A-b=1",
        "brand=a&brand=b",
        "brand=%00",
        "attr.a=%00",
        "search=%00",
    ],
)
def test_filter_that_cannot_be_read_is_refused(anybody: Client, query: str) -> None:
    """A misspelt filter that is ignored shows the wrong products."""
    is_problem(anybody.get(f"/products?{query}"), 400, "invalid_filter")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "ordering=weight", "include=all", "fields=secret"]
)
def test_list_option_that_cannot_be_read_is_refused(anybody: Client, query: str) -> None:
    """The same in every list."""
    is_problem(anybody.get(f"/products?{query}"), 400, "invalid_query")


def test_cursor_of_another_list_is_refused(anybody: Client, shelf: Shelf, word: str) -> None:
    """So are forged ones: a cursor means nothing elsewhere."""
    category = shelf.category()["slug"]
    for _ in range(2):
        shelf.published(category=category)
    cursor = anybody.get("/products", brand=word, limit=1).json["next"]
    assert anybody.get("/products", brand=word, limit=2, cursor=cursor).status == 200
    for query in ({"brand": "other"}, {"brand": word, "ordering": "-name"}):
        is_problem(anybody.get("/products", **query, cursor=cursor), 400, "invalid_cursor")
    is_problem(anybody.get("/products", brand=word, cursor=f"{cursor}x"), 400, "invalid_cursor")


def test_lists_of_other_status_are_for_staff(anybody: Client, staff: Client, shelf: Shelf, word: str) -> None:
    """A draft's existence is nobody's business."""
    draft = shelf.draft().json
    is_problem(anybody.get("/products", status="draft"), 403, "permission_denied")
    assert [row["id"] for row in staff.get("/products", status="draft", brand=word).json["data"]] == [draft["id"]]


@pytest.mark.parametrize("path", ["/products", "/categories", "/products/nothing-here"])
def test_answer_is_not_kept_unless_it_says_so(anybody: Client, path: str) -> None:
    """A cache asks again, or keeps nothing at all."""
    assert anybody.get(path).headers["Cache-Control"] in {"no-cache", "no-store"}


def test_docs_and_schema_come_from_this_host(anybody: Client) -> None:
    """The page loads its scripts from /static/; no address of another host is in it."""
    page = anybody.get("/docs")
    assert page.status == 200
    assert b'src="/static/' in page.content
    assert b"//" not in page.content.replace(b"// ", b"").split(b"<body>")[0]
    schema = anybody.get("/openapi.json")
    codes = schema.json["components"]["schemas"]["CatalogProblem"]["properties"]["code"]["enum"]
    assert {"sku_taken", "version_conflict", "idempotency_key_reused"} <= set(codes)


def _usd(amount: int) -> dict[str, object]:
    return {"amount": amount, "currency": "USD"}
