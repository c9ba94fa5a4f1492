"""The users as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """The label is part of tables, migrations and settings: it never changes."""

    name = "monolith.users"
    label = "users"
    verbose_name = "Users"
