"""Django's development server, which makes the tables of its own SQLite file when they are not there."""

from __future__ import annotations

from django.contrib.staticfiles.management.commands.runserver import Command as RunserverCommand
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Command(RunserverCommand):
    """So that `manage.py runserver` is all it takes; a server's database is never migrated by the way."""

    def check_migrations(self) -> None:
        executor = MigrationExecutor(connection)
        if connection.vendor == "sqlite" and executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write(f"Making the tables in {connection.settings_dict['NAME']}")
            call_command("migrate", verbosity=0)
        super().check_migrations()
