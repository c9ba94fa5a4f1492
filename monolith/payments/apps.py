"""Payments as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """The label is part of tables, migrations and settings: it never changes."""

    name = "monolith.payments"
    label = "payments"
    verbose_name = "Payments"
