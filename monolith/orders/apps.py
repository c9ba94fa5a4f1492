"""Orders as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """The label is part of tables, migrations and settings: it never changes."""

    name = "monolith.orders"
    label = "orders"
    verbose_name = "Orders"
