"""Recommendations as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    """The label is part of tables, migrations and settings: it never changes."""

    name = "monolith.recommendations"
    label = "recommendations"
    verbose_name = "Recommendations"
