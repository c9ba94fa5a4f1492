"""`Reference` is the plain id of another capability's row, to Django and to all that builds on it."""

import uuid

import pytest
from django import forms
from django.core.exceptions import FieldError, ValidationError
from django.db import connection, models
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps
from rest_framework import serializers

from strangler.boundaries import Reference

ID = uuid.UUID(int=7)


@pytest.fixture
def line():
    """A model with a reference of each type, whose app is installed while the test runs."""
    with isolate_apps("tests.sample"):

        class Line(models.Model):
            product = Reference("catalog.Product")
            ticket = Reference("support.Ticket", type="integer", null=True, db_index=False)
            country = Reference("geo.Country", type="text", max_length=2, unique=True, default="de")

            class Meta:
                app_label = "sample"

            def __str__(self):
                return str(self.pk)

        yield Line


@pytest.fixture
def table(line, transactional_db):
    with connection.schema_editor() as editor:
        editor.create_model(line)
    yield line
    with connection.schema_editor() as editor:
        editor.delete_model(line)


@pytest.mark.parametrize(
    ("field", "written"),
    [
        (Reference("catalog.Product"), "strangler.boundaries.Reference('catalog.Product')"),
        (
            Reference("support.Ticket", type="integer", null=True, db_index=False),
            "strangler.boundaries.Reference('support.Ticket', db_index=False, null=True, type='integer')",
        ),
        (
            Reference("geo.Country", type="text", max_length=2, unique=True),
            "strangler.boundaries.Reference('geo.Country', max_length=2, type='text', unique=True)",
        ),
    ],
)
def test_a_migration_writes_what_was_said_and_reads_it_back(field, written):
    text, imports = MigrationWriter.serialize(field)
    assert (text, imports) == (written, {"import strangler.boundaries"})
    again = eval(text, {"strangler": __import__("strangler.boundaries")})
    assert again.deconstruct() == field.deconstruct() == field.clone().deconstruct()


@pytest.mark.parametrize(
    ("name", "column", "indexed"),
    [("product", models.UUIDField(), True), ("ticket", models.BigIntegerField(), False), ("country", None, False)],
)
def test_the_column_is_that_of_the_key_without_a_constraint(line, name, column, indexed):
    field = line._meta.get_field(name)
    assert field.db_type(connection) == (column.db_type(connection) if column else "varchar(2)")
    assert field.db_index is indexed
    assert not field.is_relation
    assert field.attname == name


def test_rows_are_written_and_found(table):
    table.objects.create(product=str(ID), ticket=5)
    row = table.objects.get(product=ID, ticket__gt=4, country="de")
    assert (row.product, row.ticket) == (ID, 5)


def test_nobody_can_use_it_as_a_relation(table):
    for query in (
        lambda: table.objects.filter(product__name="x"),
        lambda: list(table.objects.select_related("product")),
        lambda: table.objects.values("product__name"),
    ):
        with pytest.raises(FieldError):
            query()


def test_it_has_no_constraint_in_the_database(table):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table._meta.db_table)
    assert not [c for c in found.values() if c["foreign_key"]]
    assert [c["columns"] for c in found.values() if c["index"] and not c["unique"]] == [["product"]]


def test_forms_and_serializers_show_the_value(line):
    form = forms.modelform_factory(line, fields="__all__")
    assert [type(f) for f in form.base_fields.values()] == [forms.UUIDField, forms.IntegerField, forms.CharField]

    class Shown(serializers.ModelSerializer):
        class Meta:
            model = line
            fields = "__all__"

    assert isinstance(Shown().fields["product"], serializers.UUIDField)


def test_a_value_that_is_no_key_is_refused(line):
    with pytest.raises(ValidationError):
        line(product="seven", country="de").clean_fields()


@pytest.mark.parametrize(
    ("to", "options", "fault"),
    [
        ("Product", {}, "'Product' names no model"),
        ("sample.Shelf", {}, "is in the same app"),
        ("catalog.Prodct", {}, "the app 'catalog' has no model 'Prodct'"),
        ("catalog.Product", {"type": "integer"}, "is of type 'uuid', not 'integer'"),
        ("auth.User", {}, "is of type 'integer', not 'uuid'"),
    ],
)
def test_a_reference_to_nothing_is_an_error(to, options, fault):
    with isolate_apps("tests.sample"):

        class Line(models.Model):
            other = Reference(to, **options)

            class Meta:
                app_label = "sample"

            def __str__(self):
                return str(self.pk)

        (message,) = Line._meta.get_field("other").check()
    assert message.id == "strangler.E107"
    assert fault in message.msg


def test_a_right_reference_is_none(line):
    assert [m for f in line._meta.get_fields() for m in f.check()] == []
