"""Django's development server, which makes the tables of its own SQLite file and takes calls of other hosts."""

from __future__ import annotations

import os
from typing import Any

from django.contrib.staticfiles.management.commands.runserver import Command as RunserverCommand
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from strangler.conf import get_conf
from strangler.errors import SetupError
from strangler.hosting import internal


class Command(RunserverCommand):
    """So that `manage.py runserver` is all it takes; a server's database is never migrated by the way."""

    def inner_run(self, *args: Any, **options: Any) -> None:
        try:
            internal.listen(internal.bind())
        except SetupError as error:
            self.stderr.write(f"Error: {error}")
            os._exit(1)  # as Django does for the public port: in the reloader's thread sys.exit ends nothing
        self.stdout.write(f"Calls of other hosts are taken at {get_conf().internal_bind}")
        super().inner_run(*args, **options)

    def check_migrations(self) -> None:
        executor = MigrationExecutor(connection)
        if connection.vendor == "sqlite" and executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write(f"Making the tables in {connection.settings_dict['NAME']}")
            call_command("migrate", verbosity=0)
        super().check_migrations()
