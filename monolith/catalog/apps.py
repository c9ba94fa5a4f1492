"""The catalog as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """The label is part of tables, migrations and settings: it never changes."""

    name = "monolith.catalog"
    label = "catalog"
    verbose_name = "Catalog"
