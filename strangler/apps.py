"""Django's entry to the toolkit."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class StranglerConfig(AppConfig):
    name = "strangler"
    label = "strangler"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from strangler import checks  # noqa: F401  registers the system checks
        from strangler.fence import after_migrate, guard_connection

        connection_created.connect(guard_connection, dispatch_uid="strangler.fence")
        post_migrate.connect(after_migrate, sender=self, dispatch_uid="strangler.fence")
