"""Risk as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class RiskConfig(AppConfig):
    """The label is part of tables, migrations and settings: it never changes."""

    name = "monolith.risk"
    label = "risk"
    verbose_name = "Risk"
