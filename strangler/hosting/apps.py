"""The hosting kit as a Django app: starts logs and traces with the process."""

from __future__ import annotations

from django.apps import AppConfig


class HostingConfig(AppConfig):
    """Installed by every host before the toolkit itself, so that its start is logged."""

    name = "strangler.hosting"
    label = "strangler_hosting"
    verbose_name = "Hosting kit"

    def ready(self) -> None:
        from django.conf import settings

        from strangler.hosting import checks, logs, telemetry  # noqa: F401  checks register themselves

        hosting = settings.HOSTING
        logs.configure(level=hosting["LOG_LEVEL"], style=hosting["LOG_FORMAT"], host=hosting["NAME"])
        telemetry.configure(hosting["NAME"])
