"""Shipping as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ShippingConfig(AppConfig):
    """The label is part of tables, migrations and settings: it never changes."""

    name = "extracted.shipping"
    label = "shipping"
    verbose_name = "Shipping"
