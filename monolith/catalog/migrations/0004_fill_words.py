"""Fills the columns that a search looks at; the home that owns the rows does, the other gets them like any change."""

from __future__ import annotations

from collections import defaultdict
from contextlib import nullcontext
from typing import Any

from django.db import migrations

from monolith.catalog.search.words import searchable, words_of
from strangler.conf import get_conf
from strangler.fence import Moved, owning


def fill(apps: Any, schema_editor: Any) -> None:
    product = apps.get_model("catalog", "Product")
    if not product.objects.using(schema_editor.connection.alias).exists():
        return
    try:
        with owning("catalog") if "catalog" in get_conf().own_capabilities else nullcontext():
            _fill(apps, schema_editor.connection.alias)
    except Moved as moved:
        print(f" (the products belong to the {moved.owner}: they are filled there)", end="")


def _fill(apps: Any, alias: str) -> None:
    skus = defaultdict(list)
    variants = apps.get_model("catalog", "Variant").objects.using(alias).order_by("sku")
    for product_id, sku in variants.values_list("product_id", "sku"):
        skus[product_id].append(sku)
    words: set[str] = set()
    products = apps.get_model("catalog", "Product").objects.using(alias)
    for row in products.only("name", "brand", "description").iterator(chunk_size=500):
        products.filter(id=row.id).update(
            search_name=searchable(row.name),
            search_brand=searchable(row.brand),
            search_text=searchable(row.name, row.brand, row.description, *skus[row.id]),
        )
        words.update(words_of(row.name), words_of(row.brand))
    _learn(apps, alias, words)


def _learn(apps: Any, alias: str, words: set[str]) -> None:
    word = apps.get_model("catalog", "SearchWord")
    letters = sorted(one for one in words if len(one) > 2 and one.isascii() and one.isalpha())
    word.objects.using(alias).bulk_create([word(word=one) for one in letters], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_find_words")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
