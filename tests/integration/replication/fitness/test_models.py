"""What only Django's models tell: content types, parents in other apps, tables that `migrate` does not look after."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test.utils import isolate_apps

from strangler.fence import tables_of
from strangler.replication.fitness import unfit_models

APPS = ("django.contrib.auth", "django.contrib.contenttypes", "tests.sample")


@pytest.fixture
def registry():
    """Models of a test's own, and of nobody else."""
    with isolate_apps(*APPS) as found:
        yield found


def test_the_sample_app_is_fit():
    assert list(unfit_models("sample")) == []


def test_content_type_is_refused_by_name(registry):
    """Every database numbers them for itself (R22)."""

    class Note(models.Model):  # noqa: DJ008
        kind = models.ForeignKey(ContentType, models.CASCADE)
        number = models.IntegerField()
        about = GenericForeignKey("kind", "number")

        class Meta:
            app_label = "sample"

    (sentence,) = list(unfit_models("sample", registry))
    assert "sample.Note.kind (of about) is the id of a content type" in sentence
    assert "store the model's label as text" in sentence


def test_parent_in_another_app_is_refused(registry):
    class Member(User):
        nick = models.TextField()

        class Meta:
            app_label = "sample"

    (sentence,) = list(unfit_models("sample", registry))
    assert "sample.Member inherits from auth.User of another app" in sentence


def test_parent_in_the_same_app_is_handled(registry):
    """Two tables of one capability, parents first; tables between many and many are among them."""

    class Place(models.Model):  # noqa: DJ008
        class Meta:
            app_label = "sample"

    class Label(models.Model):  # noqa: DJ008
        class Meta:
            app_label = "sample"

    class Bar(Place):  # noqa: DJ008
        labels = models.ManyToManyField(Label, through="Sticker")

        class Meta:
            app_label = "sample"

    class Sticker(models.Model):  # noqa: DJ008
        bar = models.ForeignKey(Bar, models.CASCADE)
        label = models.ForeignKey(Label, models.CASCADE)

        class Meta:
            app_label = "sample"

    assert list(unfit_models("sample", registry)) == []
    tables = tables_of("sample", registry)
    assert set(tables) == {"sample_place", "sample_bar", "sample_label", "sample_sticker"}
    assert tables.index("sample_place") < tables.index("sample_bar") < tables.index("sample_sticker")


@pytest.mark.parametrize(("table", "stays"), [("sample_tag", True), ("sample_nowhere", False)])
def test_unmanaged_model_with_a_table_is_refused(homes, table, stays, registry):
    """Nobody would take its rows along."""

    class Old(models.Model):  # noqa: DJ008
        class Meta:
            app_label = "sample"
            db_table = table
            managed = False

    found = list(unfit_models("sample", registry))
    assert len(found) == stays
    assert all(f"sample.Old is unmanaged, and its table {table} would stay behind" in sentence for sentence in found)
