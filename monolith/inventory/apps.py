"""The inventory as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """The label is part of tables, migrations and settings: it never changes."""

    name = "monolith.inventory"
    label = "inventory"
    verbose_name = "Inventory"
