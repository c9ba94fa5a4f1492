"""Let the hosts of services follow the table of routes in the monolith's database, and do nothing else there."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection, transaction

_OWN = "strangler_router"  # where each process says which version it obeys


class Command(BaseCommand):
    """Run after each migration of the monolith by whoever owns its tables; a repeat changes nothing."""

    help = "Let a role of PostgreSQL read the toolkit's tables and say which version it obeys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="of the services' hosts, such as router")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Roles are PostgreSQL's: MONOLITH_DATABASE_URL names no such server.")
        role = connection.ops.quote_name(options["role"])
        tables = [name for name in connection.introspection.table_names() if name.startswith("strangler_")]
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for name in tables:
                    cursor.execute(f"GRANT SELECT ON {connection.ops.quote_name(name)} TO {role}")
                cursor.execute(f"GRANT INSERT, UPDATE, DELETE ON {_OWN} TO {role}")
        except ProgrammingError as error:
            raise CommandError(f"{options['role']} is not admitted: {str(error).strip()}") from error
        self.stdout.write(f"{options['role']} reads {len(tables)} tables of the toolkit and writes {_OWN}.")
