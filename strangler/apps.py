"""Django's entry to the toolkit."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate


class StranglerConfig(AppConfig):
    name = "strangler"
    label = "strangler"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from strangler import checks  # noqa: F401  registers the system checks
        from strangler.bindings import bind, count_requests, note_writes
        from strangler.boundaries.watch import watch_connection
        from strangler.contract import bind_ports
        from strangler.events import figures as event_figures
        from strangler.events import relay
        from strangler.fence import after_migrate, before_migrate, guard_connection, watch_identity
        from strangler.replication import figures as row_figures
        from strangler.replication.keylog import applying

        bind_ports(bind)
        count_requests()
        event_figures.register()
        row_figures.register()
        relay.start_with_first_request()
        applying.start_with_first_request()
        connection_created.connect(note_writes, dispatch_uid="strangler.bindings")
        connection_created.connect(watch_connection, dispatch_uid="strangler.boundaries")
        connection_created.connect(guard_connection, dispatch_uid="strangler.fence")
        connection_created.connect(watch_identity, dispatch_uid="strangler.identity")
        pre_migrate.connect(before_migrate, sender=self, dispatch_uid="strangler.fence")
        post_migrate.connect(after_migrate, sender=self, dispatch_uid="strangler.fence")
