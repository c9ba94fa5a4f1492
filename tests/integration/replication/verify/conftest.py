"""Both homes with the same rows of the sample capability."""

from __future__ import annotations

import pytest
from django.db import transaction

from strangler.fence import fence_of
from strangler.replication.silence import silenced
from tests.integration.replication.verify.still import TABLES
from tests.sample.models import Book, Shelf, Tag

SHELVES, BOOKS = 3, 200


class Copy:
    """The copy of the rows, which a test may change behind the fence's back."""

    def __init__(self, connection, tables):
        self.connection = connection
        self.tables = tables

    def do(self, *statements):
        alias = self.connection.alias
        with transaction.atomic(using=alias), silenced(self.connection, self.tables):
            for statement in statements:
                self.connection.cursor().execute(statement)

    def states(self):
        return set(fence_of(self.connection).states(self.tables).values())


def rows_of(connection, table):
    """Return all rows of a table, in their order as texts, by statements of the test's own."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return sorted(map(repr, cursor.fetchall()))


def everything(connection, tables=TABLES):
    return {table: rows_of(connection, table) for table in tables}


@pytest.fixture
def copy(homes, sample_alone):
    """Make the rows in both homes; what a hash could get wrong is among them."""
    copy = Copy(homes.service, TABLES)
    make("default")
    with transaction.atomic(using="sample_service"), silenced(homes.service, TABLES):
        make("sample_service")
    assert everything(homes.monolith) == everything(homes.service)
    return copy


def make(alias):
    """Make the rows in one home."""
    shelves = [Shelf(id=n, name=f"Ünïcode ' \" \\ \t\n % {n}") for n in range(1, SHELVES + 1)]
    Shelf.objects.using(alias).bulk_create(shelves)
    Tag.objects.using(alias).bulk_create([Tag(id=1, name=""), Tag(id=2, name="(,)")])
    Book.objects.using(alias).bulk_create(
        Book(id=n, shelf_id=n % SHELVES + 1, title=f"t{n}", copies=n, blurb=(None, "", "NULL")[n % 3])
        for n in range(1, BOOKS + 1)
    )
    links = Book.tags.through.objects.using(alias)
    links.bulk_create(Book.tags.through(id=n, book_id=n, tag_id=1) for n in range(1, 11))
