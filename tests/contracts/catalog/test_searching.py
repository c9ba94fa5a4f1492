"""Finding things: by words, by choices, while typing, and in spite of typos."""

from __future__ import annotations

import pytest

from tests.contracts.catalog.client import Answer, Client, pages
from tests.contracts.catalog.conftest import Shelf
from tests.contracts.catalog.expectations import is_problem


def ids(answer: Answer) -> list[str]:
    """Return the ids of a page."""
    assert answer.status == 200, answer.content
    return [row["id"] for row in answer.json["data"]]


@pytest.fixture
def letters(word: str) -> str:
    """A word of letters alone: only such words are known to the spelling."""
    return "q" + "".join(chr(ord("a") + int(digit, 16)) for digit in word[1:])


def test_words_phrases_alternatives_and_exclusions(anybody: Client, shelf: Shelf, word: str) -> None:
    """As PostgreSQL's websearch reads them, in every database."""
    category = shelf.category()["slug"]
    red, blue, lamp = (
        shelf.published(category=category, name=name, brand=word).json["id"]
        for name in ("Red enamel mug", "Blue mug, not enamel", "Enamel lamp")
    )
    expected = {
        f"{word} mug": [red, blue],
        f"{word} enamel mug": [red, blue],
        f'{word} "enamel mug"': [red],
        f'"{word}" mug -red': [blue],
        f"{word} lamp or {word} red": [red, lamp],
        f"{word} ena -mug": [lamp],
        f'{word} -"enamel mug"': [blue, lamp],
    }
    for text, found in expected.items():
        answer = anybody.get("/search", q=text, ordering="created_at")
        assert ids(answer) == found, text
        assert ids(anybody.get("/products", search=text, ordering="created_at")) == found, text


def test_search_puts_names_first_then_brands_then_the_rest(anybody: Client, shelf: Shelf, word: str) -> None:
    """Relevance is the default order of a search; its pages keep it."""
    category = shelf.category()["slug"]
    made = [
        shelf.published(category=category, name=name, brand=brand, description=description).json["id"]
        for name, brand, description in (
            ("Lid", "b", f"Fits the {word}."),
            ("Pot", word, ""),
            (f"Lid of {word}", "b", ""),
            (f"{word} pot", "b", ""),
        )
    ]
    walked = pages(anybody, "/search", q=word, limit=1)
    assert [row["id"] for page in walked for row in page["data"]] == made[::-1]


def test_highlights_say_where_it_was_found(anybody: Client, shelf: Shelf, word: str) -> None:
    """Escaped HTML: a name is data."""
    shelf.published(name="Café <b>", brand=word, description="A café of Paris.")
    (found,) = anybody.get("/search", q=f"{word} cafe").json["data"]
    assert found["highlights"] == {
        "name": "<mark>Café</mark> &lt;b&gt;",
        "brand": f"<mark>{word}</mark>",
        "description": "A <mark>café</mark> of Paris.",
    }
    (part,) = anybody.get("/search", q=word, fields="id,highlights").json["data"]
    assert part == {"id": found["id"], "highlights": {"brand": f"<mark>{word}</mark>"}}


def test_typo_finds_what_was_meant_and_says_so(anybody: Client, shelf: Shelf, letters: str) -> None:
    """One letter dropped, doubled or swapped; in quotes a word is meant as it is written."""
    made = shelf.published(name=f"Teapot {letters}").json["id"]
    for typo in (letters[:5] + letters[6:], letters[:6] + "zz" + letters[6:], letters[:-2] + letters[-1] + letters[-2]):
        answer = anybody.get("/search", q=f"{typo} teapot")
        assert ids(answer) == [made], typo
        assert answer.json["corrections"] == ({} if typo == letters else {typo: [letters]})
        assert ids(anybody.get("/products", search=typo)) == [made]
        if typo != letters:
            assert ids(anybody.get("/search", q=f'"{typo}" teapot')) == []
    assert anybody.get("/search", q=f"{letters} teapot").json["corrections"] == {}


def test_facets_count_what_each_choice_would_leave(anybody: Client, shelf: Shelf, word: str) -> None:
    """A facet counts without its own filter and with all others; a category counts with those below it."""
    root = shelf.category()["slug"]
    leaf = shelf.category(root)["slug"]
    for number, (category, brand, amount) in enumerate(
        ((root, "A", 500), (leaf, "A", 1500), (leaf, "B", 1500), (leaf, "B", 90_000))
    ):
        price = {"amount": amount, "currency": "USD"}
        variants = [{"sku": f"{word}-F{number}".upper(), "price": price}]
        shelf.published(category=category, brand=f"{word} {brand}", variants=variants)

    def counted(**filters: object) -> dict[str, object]:
        facets = anybody.get("/search", q=word, facets="price,category,brand", **filters).json["facets"]
        return {
            "category": {row["slug"]: row["count"] for row in facets["category"]},
            "brand": {row["brand"]: row["count"] for row in facets["brand"]},
            "price": [(row["min_price"], row["max_price"], row["count"]) for row in facets["price"]],
        }

    brands = {f"{word} A": 2, f"{word} B": 2}
    prices = [(0, 999, 1), (1000, 2499, 2), (50_000, None, 1)]
    assert counted() == {"category": {root: 4, leaf: 3}, "brand": brands, "price": prices}
    assert counted(brand=f"{word} A") == {
        "category": {root: 2, leaf: 1},
        "brand": brands,
        "price": [(0, 999, 1), (1000, 2499, 1)],
    }
    assert counted(category=leaf, max_price=2499) == {
        "category": {root: 3, leaf: 2},
        "brand": {f"{word} A": 1, f"{word} B": 1},
        "price": prices[1:],
    }
    assert anybody.get("/search", q=word, facets="brand").json["facets"].keys() == {"brand"}
    assert anybody.get("/search", q=word).json["facets"] == {}


def test_facets_see_a_change_at_once(anybody: Client, staff: Client, shelf: Shelf, word: str) -> None:
    """What is kept for later is forgotten with the next change (R11)."""
    category = shelf.category()["slug"]

    def brands() -> list[dict[str, object]]:
        return list(anybody.get("/search", facets="brand", category=category).json["facets"]["brand"])

    assert brands() == []
    for count in (1, 2, 3):
        made = shelf.published(category=category).json
        assert brands() == [{"brand": word, "count": count}]
    staff.create(f"/products/{made['id']}:archive", {})
    assert brands() == [{"brand": word, "count": 2}]


def test_second_page_needs_no_facets(anybody: Client, shelf: Shelf, word: str) -> None:
    """They are counted once, and the cursor leads on without them."""
    category = shelf.category()["slug"]
    made = [shelf.published(category=category).json["id"] for _ in range(2)]
    first = anybody.get("/search", q=word, limit=1, facets="brand").json
    second = anybody.get("/search", q=word, limit=1, cursor=first["next"]).json
    assert [row["id"] for row in first["data"] + second["data"]] == made


def test_suggestions_come_by_kind(anybody: Client, shelf: Shelf, word: str) -> None:
    """Categories, brands, products; each once, and no more than asked for."""
    category = shelf.category(name=f"Kettles {word}")["slug"]
    slugs = [
        shelf.published(category=category, name=f"{word} kettle", brand=f"{word} works").json["slug"] for _ in range(2)
    ]
    shelf.draft(name=f"{word} secret")
    expected = [
        {"kind": "category", "text": f"Kettles {word}", "slug": category},
        {"kind": "brand", "text": f"{word} works", "slug": None},
        {"kind": "product", "text": f"{word} kettle", "slug": slugs[0]},
    ]
    assert anybody.get("/search/suggest", q=word[:-2]).json == {"data": expected}
    assert anybody.get("/search/suggest", q=f"{word} ke").json["data"] == [expected[0], expected[2]]
    assert anybody.get("/search/suggest", q=word, limit=1).json["data"] == expected[:1]
    assert anybody.get("/search/suggest", q="!!!").json["data"] == []


def test_suggestions_forgive_a_typo(anybody: Client, shelf: Shelf, letters: str) -> None:
    """A letter too many leads to the same place."""
    made = shelf.published(name=f"{letters} kettle").json
    found = anybody.get("/search/suggest", q=letters[:5] + "z" + letters[5:]).json["data"]
    assert {"kind": "product", "text": made["name"], "slug": made["slug"]} in found


@pytest.mark.parametrize(
    "path",
    [
        "/search?search=mug",
        "/search?status=draft",
        "/search?colour=red",
        "/search?facets=color",
        "/search?q=a&q=b",
        f"/search?q={'x' * 201}",
        f"/products?search={'x' * 201}",
        "/search?q=%00",
        "/search/suggest",
        "/search/suggest?q=",
        f"/search/suggest?q={'x' * 201}",
        "/search/suggest?q=%00",
        "/search/suggest?q=a&limit=21",
        "/search/suggest?q=a&limit=0",
        "/search/suggest?q=a&fields=id",
        "/products?in_stock=maybe",
        "/search?in_stock=",
        "/search?in_stock=1",
    ],
)
def test_search_that_cannot_be_read_is_refused(anybody: Client, path: str) -> None:
    """In words, before anything is looked for."""
    is_problem(anybody.get(path), 400, "invalid_filter")
