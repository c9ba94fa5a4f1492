"""Two homes of the sample capability whose rows flow, and releases of its app."""

from __future__ import annotations

import pytest
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from strangler import operations
from strangler.operations import Order
from strangler.replication import Flow, recorded, stream_of
from tests.integration.replication.migrations.releases import Releases
from tests.sample.models import Book, Shelf

ALIASES = ("default", "sample_service")
TABLES = ("sample_shelf", "sample_tag", "sample_book", "sample_book_tags", "sample_loan")


def order(**values):
    return Order("sample", actor="tester", **values)


def applied():
    """Return the migrations of the sample app that each home has, by its own record."""
    return {
        alias: sorted(
            name for app, name in MigrationRecorder(connections[alias]).applied_migrations() if app == "sample"
        )
        for alias in ALIASES
    }


def both(*names):
    """Return what `applied` tells when both homes have *names*."""
    return {alias: list(names) for alias in ALIASES}


def columns(alias, table="sample_book"):
    with connections[alias].cursor() as cursor:
        return {column.name: column for column in connections[alias].introspection.get_table_description(cursor, table)}


def tables(alias):
    return set(connections[alias].introspection.table_names())


def rows(alias, statement):
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        return sorted(cursor.fetchall())


def agree(statement, source="default", target="sample_service"):
    """Let the rows arrive, check that a query tells the same in both homes, and return what."""
    homes = {"default": "monolith", "sample_service": "service"}
    known = [t for t in TABLES if t in tables(source)]
    flow = Flow("sample", homes[source], homes[target], known, connections[source], connections[target])
    stream_of(recorded("sample", homes[target]).kind, flow).drain(connections[source], 20)
    assert rows(source, statement) == rows(target, statement)
    return rows(target, statement)


@pytest.fixture
def releases(tmp_path, settings):
    """The sample app's migrations, to which a test adds; a busy machine may take its time over their statements."""
    settings.STRANGLER = {**settings.STRANGLER, "SWITCH_CAP_S": 10}
    made = Releases(tmp_path)
    settings.MIGRATION_MODULES = {"sample": made.package}
    yield made
    made.close()


@pytest.fixture
def flowing(homes, service, releases):
    """Rows flow from the monolith to the service."""
    shelf = Shelf.objects.create(name="a")
    Book.objects.create(shelf=shelf, title="first", blurb="x")
    operations.prepare(order())
    return homes
