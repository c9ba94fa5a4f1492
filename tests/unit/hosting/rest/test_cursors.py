"""Pages against a brute-force walk over the sorted rows."""

import random

import pytest
from django.core.signing import Signer
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from strangler.hosting.rest.cursors import LIMIT_MAX, Pager
from strangler.hosting.rest.problems import Problem
from tests.sample.models import Book, Shelf

pytestmark = pytest.mark.django_db
PAGER = Pager(orderings={"copies": ("copies", "-title", "id"), "id": ("id",)}, default="id")


def asked(path="/books", method="get", **query):
    return APIView().initialize_request(getattr(APIRequestFactory(), method)(path, query))


def walk(query, cursor_name, start=None):
    """Follow one kind of cursor to the end; yield the ids of each page."""
    cursor, first = start, True
    while first or cursor is not None:
        first = False
        more = {} if cursor is None else {"cursor": cursor}
        page = PAGER.page(asked(**query, **more), Book.objects.all())
        yield [book.id for book in page.items], page
        cursor = getattr(page, cursor_name)


@pytest.fixture
def books():
    rng = random.Random(20261122)
    shelf = Shelf.objects.create(name="s")
    rows = [Book(shelf=shelf, title=rng.choice("abc"), copies=rng.randrange(4)) for _ in range(57)]
    return Book.objects.bulk_create(rows)


KEYS = {
    "id": lambda book: book.id,
    "-id": lambda book: -book.id,
    "copies": lambda book: (book.copies, -ord(book.title), book.id),
    "-copies": lambda book: (-book.copies, ord(book.title), -book.id),
}


@pytest.mark.parametrize("ordering", KEYS)
@pytest.mark.parametrize("limit", [1, 2, 7, 56, 57, 58])
def test_pages_are_the_sorted_rows_cut_up_in_both_directions(books, ordering, limit):
    """Many equal values, mixed directions: each row once, in order, forth and back."""
    expected = [book.id for book in sorted(books, key=KEYS[ordering])]
    query = {"ordering": ordering, "limit": limit}
    forth = list(walk(query, "next"))
    assert [ids for ids, _ in forth] == [expected[at : at + limit] for at in range(0, len(expected), limit)]
    assert forth[0][1].prev is None
    before_last = expected[: len(expected) - len(forth[-1][0])]
    back = list(walk(query, "prev", forth[-1][1].prev)) if len(forth) > 1 else []
    assert [book_id for ids, _ in reversed(back) for book_id in ids] == before_last


def test_rows_that_come_and_go_do_not_shift_the_pages(books):
    """An offset would skip a row or show one twice."""
    query = {"limit": 10}
    first = PAGER.page(asked(**query), Book.objects.all())
    Book.objects.filter(id__in=[book.id for book in first.items]).delete()
    second = PAGER.page(asked(**query, cursor=first.next), Book.objects.all())
    assert [book.id for book in second.items] == [book.id for book in books[10:20]]


def test_empty_list_has_no_neighbours():
    page = PAGER.page(asked(), Book.objects.all())
    assert (page.items, page.next, page.prev) == ([], None, None)


@pytest.mark.parametrize(
    "change", [{"ordering": "copies"}, {"q": "other"}, {"path": "/magazines"}, {"ordering": "-id"}], ids=str
)
def test_cursor_belongs_to_its_list(books, change):
    """Path, filters and order are signed with it; the size of a page may change."""
    cursor = PAGER.page(asked(limit=3, q="a"), Book.objects.all()).next
    PAGER.page(asked(limit=5, q="a", cursor=cursor), Book.objects.all())
    with pytest.raises(Problem) as refused:
        PAGER.page(asked(**{"limit": 3, "q": "a", "cursor": cursor, **change}), Book.objects.all())
    assert refused.value.code.value == "invalid_cursor"


def test_forged_cursor_is_refused(books):
    """A signature of the same key, made for something else, does not do either."""
    cursor = PAGER.page(asked(limit=3), Book.objects.all()).next
    elsewhere = Signer(salt="another purpose").sign_object(["x", 0, [1]])
    for forged in ("", "x", cursor[:-1], "A" + cursor, elsewhere):
        with pytest.raises(Problem) as refused:
            PAGER.page(asked(limit=3, cursor=forged), Book.objects.all())
        assert refused.value.code.value == "invalid_cursor"


@pytest.mark.parametrize("limit", ["0", str(LIMIT_MAX + 1), "-1", "1.5", "x", "", "000201", "²", "9" * 5000])
def test_size_of_a_page_is_bounded(limit):
    with pytest.raises(Problem) as refused:
        PAGER.page(asked(limit=limit), Book.objects.all())
    assert refused.value.code.value == "invalid_query"


def test_page_takes_one_statement_and_a_count_another(books, django_assert_num_queries):
    """Nobody pays for a count that was not asked for."""
    with django_assert_num_queries(1):
        assert "count" not in PAGER.respond(asked(), Book.objects.all(), lambda book: {}).data
    for request in (asked(include="count"), asked(method="head")):
        with django_assert_num_queries(2):
            response = PAGER.respond(request, Book.objects.all(), lambda book: {})
        assert (response.data["count"], response["Total-Count"]) == (57, "57")


def test_links_are_relative_and_keep_the_filters(books):
    """RFC 8288: resolved against the address that the client knows, whichever home answers."""
    response = PAGER.respond(asked(limit=3, q="a b"), Book.objects.all(), lambda book: {})
    assert response["Link"].startswith("</books?limit=3&q=a+b&cursor=")
    assert response["Link"].endswith('>; rel="next"')
