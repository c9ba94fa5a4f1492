"""Notifications as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """The label is part of tables, migrations and settings: it never changes."""

    name = "monolith.notifications"
    label = "notifications"
    verbose_name = "Notifications"
