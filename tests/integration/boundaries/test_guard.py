"""The watch on real databases: what Django and psycopg really send."""

import contextlib
import threading

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.models import Exists, F, OuterRef
from psycopg import sql

from monolith.catalog.models import SearchWord
from strangler.boundaries.watch import listening
from tests.sample.models import Book, Shelf, Tag

pytestmark = [pytest.mark.usefixtures("watched", "homes"), pytest.mark.crosses_borders("they are the subject")]


@pytest.fixture
def watched(settings):
    """Two capabilities in one database, before the first connection to it."""
    catalog = {"routes": [{"prefix": "/api/catalog/"}], "databases": {"monolith": "default"}}
    capabilities = {**settings.STRANGLER["CAPABILITIES"], "catalog": catalog}
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": capabilities}


@pytest.fixture
def found(homes):
    found = []
    with listening(found.append):
        yield found


def kinds(found):
    return [(c.kind, c.capability, c.other) for c in found]


def test_an_application_at_home_is_never_told(found):
    with transaction.atomic():
        shelf = Shelf.objects.create(name="a")
        books = Book.objects.bulk_create([Book(shelf=shelf, title=str(n)) for n in range(500)])
        books[0].tags.set(Tag.objects.bulk_create([Tag(name="x"), Tag(name="y")]))
        Book.objects.filter(pk__in=[b.pk for b in books]).update(copies=F("copies") + 1)
    list(Book.objects.select_related("shelf").prefetch_related("tags").iterator(chunk_size=100))
    Shelf.objects.all().delete()
    assert found == []


def test_queries_of_the_orm_are_told(found):
    list(Book.objects.filter(Exists(SearchWord.objects.filter(word=OuterRef("title")))))
    list(Book.objects.values("title").union(SearchWord.objects.values("word")))
    Tag.objects.filter(name__in=SearchWord.objects.values("word")).update(name="x")
    assert kinds(found) == [
        ("statement", "catalog", "sample"),
        ("statement", "catalog", "sample"),
        ("statement", "sample", "catalog"),
    ]


def test_a_transaction_is_told_and_the_next_is_another(found):
    with transaction.atomic():
        Tag.objects.create(name="x")
    with transaction.atomic():
        SearchWord.objects.create(word="a")
    assert found == []
    with transaction.atomic():
        Tag.objects.create(name="x")
        SearchWord.objects.create(word="b")
    assert kinds(found) == [("transaction", "sample", "catalog")]


def test_a_savepoint_that_was_taken_back_is_forgotten(found):
    SearchWord.objects.create(word="a")
    with transaction.atomic():
        with contextlib.suppress(IntegrityError), transaction.atomic():
            SearchWord.objects.create(word="a")
        Tag.objects.create(name="x")
    assert found == []


def test_threads_have_transactions_of_their_own(found):
    with transaction.atomic():
        Tag.objects.create(name="x")
        other = threading.Thread(target=_write_elsewhere)
        if connections["default"].vendor == "postgresql":  # SQLite has one writer at a time
            other.start()
            other.join(10)
    assert found == []


def _write_elsewhere():
    SearchWord.objects.create(word="elsewhere")
    connections.close_all()


@pytest.mark.parametrize(
    "statement",
    [
        sql.SQL("SELECT 1 FROM {}, {}").format(sql.Identifier("sample_tag"), sql.Identifier("catalog_product")),
        b"SELECT 1 FROM sample_tag, catalog_product",
    ],
    ids=["composed", "bytes"],
)
def test_whatever_psycopg_takes_is_read(homes, found, statement):
    if homes.vendor != "postgresql":
        pytest.skip("psycopg takes more than text")
    with homes.monolith.cursor() as cursor:
        cursor.execute(statement)
    assert kinds(found) == [("statement", "catalog", "sample")]


def test_the_watch_goes_on_after_a_connection_was_lost(found):
    connections["default"].close()
    with transaction.atomic():
        Tag.objects.create(name="x")
        SearchWord.objects.create(word="c")
    assert kinds(found) == [("transaction", "sample", "catalog")]
