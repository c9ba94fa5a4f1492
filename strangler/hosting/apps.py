"""The hosting kit as a Django app: starts logs and traces with the process."""

from __future__ import annotations

from django.apps import AppConfig


class HostingConfig(AppConfig):
    """Installed by every host before the toolkit itself, so that its start is logged."""

    name = "strangler.hosting"
    label = "strangler_hosting"
    verbose_name = "Hosting kit"

    def ready(self) -> None:
        from strangler.hosting import checks, logs, telemetry, ticks  # noqa: F401  checks register themselves
        from strangler.hosting.conf import get_hosting

        hosting = get_hosting()
        logs.configure(level=hosting.log_level, style=hosting.log_format, host=hosting.name)
        telemetry.configure(hosting.name)
        if hosting.broker_url:
            from strangler.hosting import celery  # noqa: F401  tasks are published by the app of this host
        else:
            ticks.start_with_first_request()
